"""Working a lane: take what is due, call providers outside of any transaction, write down what came of it.

Taking notes that a provider is being called; if nobody ever writes down what came of it (the process died), the
notice falls due again and whoever takes it finds that note and treats the outcome as unknown. What may then be
repeated is in `rules`; always under the same reference, and at the same provider.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from asimati.accounts.models import Device
from asimati.kit import clock, outbox
from asimati.kit.outbox import Delivered
from asimati.kit.text import say
from asimati.notifications import health, unsubscribe
from asimati.notifications.channels import Letter, Outcome, Provider, Receipt, providers
from asimati.notifications.messages import DUE
from asimati.notifications.models import Broadcast, Notification
from asimati.notifications.recipients import Recipient, recipients
from asimati.notifications.rules import Channel, Lane, Stage, Status, backoff, may_repeat
from asimati.settings import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """One notice in our hands: a letter for each address (only push may have several), and who is to carry them."""

    notification: UUID
    channel: Channel
    lane: Lane
    number: int
    letters: tuple[Letter, ...]
    providers: tuple[Provider, ...]
    wait: float = 0.0  # seconds, where a provider's rate asks for it


Result = tuple[Receipt, str, tuple[str, ...]]  # what came of it, whose word it is, addresses where nobody is


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
    rows = tx.scalars(_due(lane, channel, limit)).all()
    people = recipients(tx, (row.person for row in rows if row.person))
    told = _broadcasts(tx, rows)
    now = clock.now(tx)
    ends: list[dict[str, Any]] = []
    begun: list[tuple[Notification, tuple[Letter, ...], Provider]] = []
    for row in rows:
        whom = people.get(row.person) if row.person else None
        broadcast = told.get(row.message_id)
        if broadcast is not None and broadcast.stage is Stage.STOPPED and not row.calling_since:
            ends.append(_end(row, Status.STOPPED, None))
        elif row.calling_since and not may_repeat(channel, lane, row.attempts, settings().notifications.attempts):
            ends.append(_end(row, Status.UNKNOWN, "the call was never answered"))
        elif row.good_until and row.good_until < now:
            ends.append(_end(row, Status.FAILED, "too late"))
        elif whom is None or not whom.reached_by(channel):
            ends.append(_end(row, Status.FAILED, "no address"))
        else:
            letters = letter_of(row, whom, broadcast or row)
            begun.append((row, letters, _carrier_of(row, known, [one for one, _ in ready])))
    _write(tx, ends)
    return _begin(tx, begun)


def call(attempts: Sequence[Attempt]) -> Sequence[Result]:
    """Hand the letters to their carriers, several at a time. Outside of any transaction."""
    if (wait := max((one.wait for one in attempts), default=0.0)) > 0:
        time.sleep(min(wait, 5.0))
    if len(attempts) == 1:
        return [carried(attempts[0])]
    return list(pool().map(carried, attempts))


def record(tx: Session, attempts: Sequence[Attempt], results: Sequence[Result]) -> None:
    """Write down what came of the calls. What comes so late that another attempt has begun changes nothing."""
    _write(tx, [_outcome(*pair) for pair in zip(attempts, results, strict=True)])
    outcomes: dict[str, list[Outcome]] = {}
    for receipt, name, _ in results:
        outcomes.setdefault(name, []).append(receipt.outcome)
    health.learn(tx, outcomes)
    if gone := [address for _, _, addresses in results for address in addresses]:
        tx.execute(delete(Device).where(Device.push_token.in_(gone)))


def carried(attempt: Attempt) -> Result:
    """One notice through its carriers: the next one only if the call before surely had no effect."""
    results = [(letter, *_carried(letter, attempt.providers)) for letter in attempt.letters]
    gone = tuple(
        letter.to
        for letter, receipt, _ in results
        if attempt.channel is Channel.PUSH and receipt.outcome is Outcome.WRONG_ADDRESS
    )
    best = min(results, key=lambda one: _ORDER.index(one[1].outcome))
    return best[1], best[2], gone


# Of several devices: one that has it makes the notice sent, one that may have it makes it unknown.
_ORDER = (Outcome.SENT, Outcome.UNKNOWN, Outcome.AGAIN, Outcome.REFUSED, Outcome.WRONG_ADDRESS)


def _carried(letter: Letter, carriers: Sequence[Provider]) -> tuple[Receipt, str]:
    receipt, name = Receipt(Outcome.REFUSED, error="no provider for this device"), "none"
    for provider in carriers:
        if not provider.serves(letter):
            continue
        receipt, name = _asked(provider, letter), provider.name
        if receipt.outcome is not Outcome.AGAIN:
            break
    return receipt, name


def _asked(provider: Provider, letter: Letter) -> Receipt:
    try:
        return provider.carry(letter)
    except Exception as fault:  # a provider never raises; if one does, its neighbours' letters are not to suffer
        log.exception("provider failed", extra={"provider": provider.name, "reference": letter.reference})
        return Receipt(Outcome.UNKNOWN, error=type(fault).__name__)


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


@cache
def pool() -> ThreadPoolExecutor:
    """The process's threads for calls to the outside."""
    return ThreadPoolExecutor(settings().notifications.threads, "provider")


def _due(lane: Lane, channel: Channel, limit: int) -> Any:
    of_lane = (Notification.lane == lane, Notification.channel == channel)
    due = select(Notification).where(
        Notification.status == Status.PENDING, *of_lane, Notification.due_at <= text("app_now()")
    )
    return due.order_by(Notification.due_at).limit(limit).with_for_update(key_share=True, skip_locked=True)


def _carrier_of(row: Notification, known: Sequence[Provider], ready: Sequence[Provider]) -> Provider:
    """In doubt the one that may have it, for it knows the reference; else the first that did not just fail."""
    if row.calling_since:
        return next((one for one in known if one.name == row.provider), ready[0])
    return next((one for one in ready if one.name != row.provider or not row.attempts), ready[0])


_BEGIN = text(
    """
    UPDATE notification SET attempts = attempts + 1, calling_since = app_now(), provider = taken.provider,
           due_at = app_now() + make_interval(secs => :lease)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS taken(id uuid, provider text) WHERE notification.id = taken.id
    """
)
_WRITE = text(
    """
    UPDATE notification SET status = made.status, last_error = made.error,
           calling_since = CASE WHEN made.doubt THEN calling_since END,
           provider_reference = coalesce(made.reference, provider_reference),
           sent_at = CASE WHEN made.status = 'sent' THEN app_now() ELSE sent_at END,
           due_at = CASE WHEN made.status = 'pending' THEN app_now() + make_interval(secs => made.wait)
                    ELSE due_at END,
           provider = coalesce(made.provider, notification.provider)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS made(
      id uuid, number int, status text, error text, reference text, wait float8, doubt bool, provider text)
    WHERE notification.id = made.id AND attempts = made.number AND notification.status = 'pending'
    """
)


def _begin(tx: Session, begun: Sequence[tuple[Notification, tuple[Letter, ...], Provider]]) -> Sequence[Attempt]:
    if not begun:
        return ()
    shares: dict[str, tuple[Provider, int]] = {}
    for _, _, provider in begun:
        shares[provider.name] = (provider, shares.get(provider.name, (provider, 0))[1] + 1)
    wait = max(health.reserve(tx, *shares[name]) for name in sorted(shares))
    taken = [{"id": str(row.id), "provider": provider.name} for row, _, provider in begun]
    tx.execute(_BEGIN, {"rows": json.dumps(taken), "lease": settings().notifications.lease})
    return [
        Attempt(row.id, row.channel, row.lane, row.attempts + 1, letters, _for(row.channel, provider), wait)
        for row, letters, provider in begun
    ]


def _for(channel: Channel, chosen: Provider) -> tuple[Provider, ...]:
    """For push each platform has its own providers, so all of them come along, the chosen one first."""
    if channel is not Channel.PUSH:
        return (chosen,)
    return (chosen, *(one for one in providers(channel) if one.name != chosen.name))


def _outcome(attempt: Attempt, result: Result) -> dict[str, Any]:
    receipt, provider, _ = result
    status = {Outcome.SENT: Status.SENT, Outcome.UNKNOWN: Status.UNKNOWN}.get(receipt.outcome, Status.FAILED)
    error = "nobody is there" if receipt.outcome is Outcome.WRONG_ADDRESS else receipt.error
    if again(attempt, receipt):
        status = Status.PENDING
    return {
        "id": str(attempt.notification),
        "number": attempt.number,
        "status": status,
        "error": (error or "")[:500] or None,
        "reference": receipt.reference,
        "wait": _wait(attempt),
        "doubt": receipt.outcome is Outcome.UNKNOWN,
        "provider": provider,
    }


def again(attempt: Attempt, receipt: Receipt) -> bool:
    """Whether the notice is to be tried again after this."""
    most = settings().notifications.attempts
    if attempt.number >= most:
        return False
    if receipt.outcome is Outcome.UNKNOWN:
        return may_repeat(attempt.channel, attempt.lane, attempt.number, most)
    return receipt.outcome is Outcome.AGAIN


def _wait(attempt: Attempt) -> float:
    """Seconds until the next try: none while there are providers that were not asked yet."""
    if attempt.number < len(providers(attempt.channel)):
        return 0.0
    return backoff(attempt.number, random.random()).total_seconds()  # noqa: S311 - jitter, no secret


def _end(row: Notification, status: Status, why: str | None) -> dict[str, Any]:
    return {"id": str(row.id), "number": row.attempts, "status": status, "error": why}


def _write(tx: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        tx.execute(_WRITE, {"rows": json.dumps(rows)})
