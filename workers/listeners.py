"""Who hears what: for each topic its listeners, and for each listener what it does and in which queue.

The generic listeners recognise what concerns them by a message's fields: one with a `person` and what it is `about`
tells that person something, one with `staff` tells colleagues, one with `offices` other bodies, one with a `source`
counts. A topic nobody hears is named in WITHOUT_LISTENER.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import asimati
from asimati.files import scanning
from asimati.impact.actions import contribute, count_as_one, publish, rebuild
from asimati.kit.db import Session
from asimati.kit.outbox import TOPICS, Delivered, Message
from asimati.notifications import broadcasts, carrying, codes, sending, webhooks
from asimati.notifications.actions import notify, notify_offices, notify_staff
from asimati.service_requests.actions.timing import recount
from workers.queues import BULK, CODES, EFFECTS, FILES, NOTIFY, REPORTS, URGENT, WEBHOOKS


@dataclass(frozen=True)
class Effect:
    """Changes rows: its work and the delivery's `done` commit together."""

    name: str
    queue: str
    run: Callable[[Session, Delivered], object]


@dataclass(frozen=True)
class Batch:
    """Changes rows, for many messages in one transaction: an Effect of each, at a fraction of the round trips."""

    name: str
    queue: str
    run: Callable[[Session, Sequence[Delivered]], object]
    most: int = 200


@dataclass(frozen=True)
class Call:
    """Talks to somebody outside, which no transaction may span: note the attempt, call, record what came of it."""

    name: str
    queue: str
    prepare: Callable[[Session, Delivered], Any]  # None: there is nothing (left) to do
    call: Callable[[Any], Any]
    record: Callable[[Session, Any, Any], bool]  # True: to be tried again later


@dataclass(frozen=True)
class Lane:
    """Round after round of a few calls, until nothing is due or the time is over; `take` gives what is next."""

    name: str
    queue: str
    take: Callable[[Session, Delivered], Sequence[Any]]
    call: Callable[[Sequence[Any]], Sequence[Any]]
    record: Callable[[Session, Sequence[Any], Sequence[Any]], object]


Listener = Effect | Batch | Call | Lane

LISTENERS: Mapping[str, Listener] = {
    listener.name: listener
    for listener in (
        Effect("notifications.notify", NOTIFY, notify),
        Effect("notifications.notify_staff", NOTIFY, notify_staff),
        Effect("notifications.notify_offices", NOTIFY, notify_offices),
        Call("notifications.send_code", CODES, codes.prepare, codes.call, codes.record),
        Effect("notifications.fan_out", BULK, broadcasts.fan_out),
        Effect("webhooks.hear", EFFECTS, webhooks.hear),
        Lane("webhooks.send", WEBHOOKS, webhooks.take, webhooks.call, webhooks.record),
        Lane("notifications.send_urgent", URGENT, sending.take, carrying.call, sending.record),
        Lane("notifications.send", NOTIFY, sending.take, carrying.call, sending.record),
        Lane("notifications.send_bulk", BULK, sending.take, carrying.call, sending.record),
        Call("files.scan", FILES, scanning.prepare, scanning.call, scanning.record),
        Effect("service_requests.recount", REPORTS, recount),
        Batch("impact.contribute", EFFECTS, contribute),
        Effect("impact.count_as_one", EFFECTS, count_as_one),
        Effect("impact.rebuild", EFFECTS, rebuild),
        Effect("impact.publish", REPORTS, publish),
    )
}
BY_FIELDS: Mapping[str, frozenset[str]] = {
    "notifications.notify": frozenset({"person", "about"}),
    "notifications.notify_staff": frozenset({"staff", "about"}),
    "notifications.notify_offices": frozenset({"offices", "about"}),
    "impact.contribute": frozenset({"source"}),
}
BY_TOPIC: Mapping[str, Sequence[str]] = {
    "accounts.code_requested": ("notifications.send_code",),
    "dataprotection.accounts_merged": ("notifications.notify", "impact.count_as_one"),
    "places.working_time_changed": ("service_requests.recount",),
    "files.file_received": ("files.scan",),
    "notifications.broadcast_goes_on": ("notifications.fan_out",),
    "notifications.webhooks_due": ("webhooks.send",),
    "notifications.urgent_due": ("notifications.send_urgent",),
    "notifications.normal_due": ("notifications.send",),
    "notifications.bulk_due": ("notifications.send_bulk",),
    "impact.contributions_changed": ("impact.rebuild",),
    "impact.tallies_changed": ("impact.publish",),
}
WITHOUT_LISTENER: frozenset[str] = frozenset()


def listeners_of(kind: type[Message]) -> Sequence[str]:
    """The names of those who hear a message; empty for one that nobody hears."""
    if kind.topic in BY_TOPIC:
        return BY_TOPIC[kind.topic]
    names = {field.name for field in fields(kind)}
    partners = ("webhooks.hear",) if kind.topic in webhooks.TOPICS else ()
    return (*(listener for listener, needed in BY_FIELDS.items() if needed <= names), *partners)


def table() -> Mapping[str, Sequence[str]]:
    """Topic → names of its listeners, for every topic of the house."""
    return {topic: listeners_of(kind) for topic, kind in TOPICS.items()}


def _learn_all_messages() -> None:
    """Import every feature's messages and audiences: what nobody imported could be neither read nor asked."""
    for package in pkgutil.iter_modules(asimati.__path__, "asimati."):
        for part in ("messages", "audiences"):
            if package.ispkg and find_spec(f"{package.name}.{part}"):
                import_module(f"{package.name}.{part}")


_learn_all_messages()
