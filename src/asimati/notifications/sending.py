"""Working a lane: take what is due, call providers outside of any transaction, write down what came of it.

Taking raises the notice's doubts by one, a clear answer lowers them again. If nobody ever writes down what came
of a call (the process died), the notice falls due again with its doubt. What may then be repeated is in `rules`,
always under the same reference and at the same provider. One that clearly refuses is not asked again; others are.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from asimati.accounts.models import Device
from asimati.kit import clock, outbox
from asimati.kit.outbox import Delivered
from asimati.kit.text import say
from asimati.notifications import health, unsubscribe
from asimati.notifications.carrying import Attempt, Result
from asimati.notifications.channels import Letter, Outcome, Provider, Receipt, providers
from asimati.notifications.messages import DUE
from asimati.notifications.models import Broadcast, Notification
from asimati.notifications.recipients import Recipient, colleagues, mailbox, recipients
from asimati.notifications.rules import (
    NO_ADDRESS,
    NOBODY,
    TOO_LATE,
    Channel,
    Lane,
    Stage,
    Status,
    backoff,
    may_repeat,
)
from asimati.settings import settings

log = logging.getLogger(__name__)


def take(tx: Session, delivered: Delivered) -> Sequence[Attempt]:
    """Take the next few notices of a lane and channel; none when nothing is due or every provider rests."""
    message: Any = delivered.message
    return take_from(tx, message.lane, Channel(message.channel))


def take_from(tx: Session, lane: Lane, channel: Channel) -> Sequence[Attempt]:
    """Take the next few notices that are due. A notice nobody can be found for, or comes too late, is ended."""
    known = providers(channel)
    ready = health.awake(tx, known)
    if known and not ready:
        return ()
    limit = min([settings().notifications.chunk, *(most for _, most in ready if most)])
    for _ in range(ENDS_AT_ONCE):
        rows = tx.scalars(_due(lane, channel, limit)).all()
        taken = _begin(tx, _sorted_out(tx, channel, rows, known, ready))
        if taken or not rows:
            return taken
    return ()


# Rounds in which nothing was left to call (the rest of a stopped broadcast) before the transaction may end.
ENDS_AT_ONCE = 50
Begun = tuple[Notification, tuple[Letter, ...], Provider]


def _sorted_out(
    tx: Session,
    channel: Channel,
    rows: Sequence[Notification],
    known: Sequence[Provider],
    ready: Sequence[tuple[Provider, int | None]],
) -> Sequence[Begun]:
    """What is to be called and by whom; the others' ends are written."""
    whose = _recipients_of(tx, rows)
    told = _broadcasts(tx, rows)
    now = clock.now(tx)
    ends: list[dict[str, Any]] = []
    begun: list[Begun] = []
    for row in rows:
        whom = whose.get(row.id)
        broadcast = told.get(row.message_id)
        carrier = _carrier_of(row, known, [one for one, _ in ready])
        if broadcast is not None and broadcast.stage is Stage.STOPPED and not row.doubts:
            ends.append(_end(row, Status.STOPPED, None))
        elif row.doubts and not may_repeat(channel, row.lane, row.doubts, settings().notifications.attempts):
            ends.append(_end(row, Status.UNKNOWN, "the call was never answered"))
        elif row.good_until and row.good_until < now:
            ends.append(_end(row, Status.FAILED, TOO_LATE))
        elif whom is None or not whom.reached_by(channel):
            ends.append(_end(row, Status.FAILED, NO_ADDRESS))
        elif carrier is None:
            ends.append(_later(row))
        else:
            begun.append((row, letter_of(row, whom, broadcast or row), carrier))
    _write(tx, ends)
    return begun


def _recipients_of(tx: Session, rows: Sequence[Notification]) -> dict[UUID, Recipient]:
    """Whoever each notice is for, as somebody to write to; who is not there any more is left out."""
    people = recipients(tx, (row.person for row in rows if row.person))
    staff = colleagues(tx, (row.staff_id for row in rows if row.staff_id))
    found = {row.id: people.get(row.person) for row in rows if row.person}
    found |= {row.id: staff.get(row.staff_id) for row in rows if row.staff_id}
    found |= {row.id: mailbox(**row.office) for row in rows if row.office}
    return {row: whom for row, whom in found.items() if whom}


def record(tx: Session, attempts: Sequence[Attempt], results: Sequence[Result]) -> None:
    """Write down what came of the calls. What comes so late that another attempt has begun changes nothing."""
    _write(tx, [_outcome(*pair) for pair in zip(attempts, results, strict=True)])
    outcomes: dict[str, list[Outcome]] = {}
    for receipt, name, _ in results:
        outcomes.setdefault(name, []).append(receipt.outcome)
    health.learn(tx, outcomes)
    if gone := [address for _, _, addresses in results for address in addresses]:
        tx.execute(delete(Device).where(Device.push_token.in_(gone)))


def wake(tx: Session) -> int:
    """Call workers to lanes in which something has stood due: after quiet hours, a pause, a death. How many."""
    called = 0
    found = text(
        """
        SELECT lane, channel
        FROM unnest(CAST(:lanes AS text[])) AS lane, unnest(CAST(:channels AS text[])) AS channel
        WHERE EXISTS (SELECT FROM notification AS n WHERE n.status = 'pending' AND n.lane = lane.lane
                      AND n.channel = channel.channel AND n.due_at <= app_now())
        """
    )
    asked = {"lanes": [*map(str, DUE)], "channels": [*map(str, Channel)]}
    for lane, channel in tx.execute(found, asked):
        kind = DUE[Lane(lane)]
        if outbox.undelivered(tx, kind.topic, channel=channel) < settings().notifications.runs:
            outbox.publish(tx, kind(channel=channel))
            called += 1
    return called


def letter_of(row: Notification, whom: Recipient, words: Notification | Broadcast) -> tuple[Letter, ...]:
    """The notice as letters, one for each of the person's addresses of its channel."""
    shorter = getattr(words, "sms", None) if row.channel is Channel.SMS else None
    first = Letter(
        reference=str(row.id),
        to="",
        subject=say(words.title, whom.language),
        text=say(shorter or words.text, whom.language),
        language=whom.language,
        topic=row.topic,
        unsubscribe=_way_out(row),
    )
    return tuple(
        replace(first, to=to, platform=platform, reference=f"{row.id}.{number}" if number else first.reference)
        for number, (platform, to) in enumerate(whom.addresses[row.channel])
    )


def _way_out(row: Notification) -> str | None:
    """Mails about what can wait can be ended in one click; what is critical cannot."""
    if row.channel is not Channel.EMAIL or row.lane is Lane.URGENT or row.person is None:
        return None
    return unsubscribe.link(row.person, row.topic)


def _broadcasts(tx: Session, rows: Sequence[Notification]) -> dict[UUID, Broadcast]:
    """The broadcasts that notices without words of their own belong to, as they stand now."""
    ids = {row.message_id for row in rows if row.title is None}
    if not ids:
        return {}
    asked = select(Broadcast).where(Broadcast.id.in_(ids)).execution_options(populate_existing=True)
    return {one.id: one for one in tx.scalars(asked)}


def _due(lane: Lane, channel: Channel, limit: int) -> Any:
    of_lane = (Notification.lane == lane, Notification.channel == channel)
    due = select(Notification).where(
        Notification.status == Status.PENDING, *of_lane, Notification.due_at <= text("app_now()")
    )
    return due.order_by(Notification.due_at).limit(limit).with_for_update(key_share=True, skip_locked=True)


def _carrier_of(row: Notification, known: Sequence[Provider], ready: Sequence[Provider]) -> Provider | None:
    """In doubt the one that may have it, for it knows the reference; else the first that did not just fail.

    None while everybody rests who has not refused it.
    """
    if row.doubts:
        return next((one for one in known if one.name == row.provider), ready[0] if ready else None)
    open_to_it = [one for one in ready if one.name not in row.refused_by]
    others = [one for one in open_to_it if one.name != row.provider or not row.attempts]
    return next(iter(others or open_to_it), None)


_BEGIN = text(
    """
    UPDATE notification SET attempts = attempts + 1, doubts = doubts + 1, provider = taken.provider,
           due_at = app_now() + make_interval(secs => :lease)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS taken(id uuid, provider text) WHERE notification.id = taken.id
    """
)
_WRITE = text(
    """
    UPDATE notification SET status = made.status, last_error = made.error,
           doubts = greatest(0, doubts - made.answered),
           refused_by = CASE WHEN made.refused THEN refused_by || to_jsonb(made.provider) ELSE refused_by END,
           provider_reference = coalesce(made.reference, provider_reference),
           sent_at = CASE WHEN made.status = 'sent' THEN app_now() ELSE sent_at END,
           due_at = CASE WHEN made.status = 'pending' THEN app_now() + make_interval(secs => made.wait)
                    ELSE due_at END,
           provider = coalesce(made.provider, notification.provider)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS made(
      id uuid, number int, status text, error text, reference text, wait float8, answered int, refused bool,
      provider text)
    WHERE notification.id = made.id AND attempts = made.number AND notification.status = 'pending'
    """
)


def _begin(tx: Session, begun: Sequence[Begun]) -> Sequence[Attempt]:
    if not begun:
        return ()
    shares: dict[str, tuple[Provider, int]] = {}
    for _, _, provider in begun:
        shares[provider.name] = (provider, shares.get(provider.name, (provider, 0))[1] + 1)
    wait = max(health.reserve(tx, *shares[name]) for name in sorted(shares))
    taken = [{"id": str(row.id), "provider": provider.name} for row, _, provider in begun]
    tx.execute(_BEGIN, {"rows": json.dumps(taken), "lease": settings().notifications.lease})
    return [
        Attempt(
            row.id, row.channel, row.lane, row.attempts + 1, letters, _for(row.channel, provider), wait,
            row.doubts, _others(row, provider),
        )
        for row, letters, provider in begun
    ]  # fmt: skip


def _others(row: Notification, chosen: Provider) -> bool:
    """Whether there are providers that have not refused the notice, should the chosen one refuse it now."""
    if row.channel is Channel.PUSH:  # they all come along
        return False
    return any(one.name not in (*row.refused_by, chosen.name) for one in providers(row.channel))


def _for(channel: Channel, chosen: Provider) -> tuple[Provider, ...]:
    """For push each platform has its own providers, so all of them come along, the chosen one first."""
    if channel is not Channel.PUSH:
        return (chosen,)
    return (chosen, *(one for one in providers(channel) if one.name != chosen.name))


def _outcome(attempt: Attempt, result: Result) -> dict[str, Any]:
    receipt, provider, _ = result
    status = {Outcome.SENT: Status.SENT, Outcome.UNKNOWN: Status.UNKNOWN}.get(receipt.outcome, Status.FAILED)
    error = NOBODY if receipt.outcome is Outcome.WRONG_ADDRESS else receipt.error
    if again(attempt, receipt):
        status = Status.PENDING
    elif attempt.doubts and status is Status.FAILED:
        status = Status.UNKNOWN  # this call did nothing, but an earlier one may have
    return {
        "id": str(attempt.notification),
        "number": attempt.number,
        "status": status,
        "error": (error or "")[:500] or None,
        "reference": receipt.reference,
        "wait": _wait(attempt),
        "answered": 0 if receipt.outcome is Outcome.UNKNOWN else 1,
        "refused": receipt.outcome is Outcome.REFUSED,
        "provider": provider,
    }


def again(attempt: Attempt, receipt: Receipt) -> bool:
    """Whether the notice is to be tried again after this."""
    most = settings().notifications.attempts
    if attempt.number >= most:
        return False
    if receipt.outcome is Outcome.UNKNOWN:
        return may_repeat(attempt.channel, attempt.lane, attempt.doubts + 1, most)
    if receipt.outcome is Outcome.REFUSED:
        return attempt.others and not attempt.doubts
    return receipt.outcome is Outcome.AGAIN


def _wait(attempt: Attempt) -> float:
    """Seconds until the next try: none while there are providers that were not asked yet."""
    if attempt.number < len(providers(attempt.channel)):
        return 0.0
    return backoff(attempt.number, random.random()).total_seconds()  # noqa: S311 - jitter, no secret


def _end(row: Notification, status: Status, why: str | None) -> dict[str, Any]:
    return {"id": str(row.id), "number": row.attempts, "status": status, "error": why, "answered": 0}


def _later(row: Notification) -> dict[str, Any]:
    """Whoever could carry it rests: not a try, and nobody else's turn is taken by it."""
    return _end(row, Status.PENDING, row.last_error) | {"wait": health.REST.total_seconds()}


def _write(tx: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        tx.execute(_WRITE, {"rows": json.dumps(rows)})
