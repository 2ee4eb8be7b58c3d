"""Sending by a provider, in three steps, because no transaction may span a call: prepare, call, record.

`prepare` notes that a provider is being called; if nobody ever records what came of it (the process died), the next
run finds that note and treats the outcome as unknown. What may then be repeated is decided here: a one-time code
never, a text or a mail once, a push while there are attempts; always under the same reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.queries import code_to_send
from asimati.kit.outbox import Delivered
from asimati.kit.text import say
from asimati.notifications.actions import row_of
from asimati.notifications.channels import Letter, Outcome, Receipt, carrier
from asimati.notifications.models import Channel, Notification, Status, Template
from asimati.notifications.recipients import recipient
from asimati.notifications.rendering import render
from asimati.settings import settings

CODE_TOPIC = "accounts.code_requested"
HIDDEN = "••••••"
# How often a provider may be called although an earlier call may have had its effect.
CALLS_DESPITE_DOUBT = {Channel.SMS: 2, Channel.EMAIL: 2}


@dataclass(frozen=True)
class Attempt:
    """One call to a provider."""

    notification: UUID
    channel: Channel
    number: int
    letter: Letter
    is_code: bool = False


def prepare(tx: Session, delivered: Delivered) -> Attempt | None:
    """Take a queued notice for one call; None when there is nothing (more) to send."""
    notice = _taken(tx, Notification.id == delivered.message.notification)  # type: ignore[attr-defined]
    if notice is None:
        return None
    whom = recipient(tx, notice.person) if notice.person else None
    if whom is None or not whom.reached_by(notice.channel):
        _end(tx, notice, Status.FAILED, "no address")
        return None
    letter = Letter(
        reference=str(notice.id),
        to=whom.addresses[notice.channel],
        subject=say(notice.title, whom.language),
        text=say(notice.text, whom.language),
        language=whom.language,
    )
    return _begun(tx, notice, letter)


def prepare_code(tx: Session, delivered: Delivered) -> Attempt | None:
    """Take a one-time code for one call; None when it has gone out, may have, or is no longer good."""
    facts = {"code": HIDDEN}
    template = tx.get(Template, CODE_TOPIC)
    if template is None:
        raise LookupError(f"The pack has no template {CODE_TOPIC}: no code can be sent.")
    row = row_of(delivered, template, Channel.SMS, facts)
    tx.execute(insert(Notification).values(**row).on_conflict_do_nothing())
    notice = _taken(tx, Notification.message_id == delivered.id, is_code=True)
    if notice is None:
        return None
    found = code_to_send(tx, delivered.message.challenge)  # type: ignore[attr-defined]
    if found is None or carrier(Channel.SMS) is None:
        _end(tx, notice, Status.FAILED, "the code is no longer good" if found is None else "no provider")
        return None
    words = render(template.sms or template.text, {"code": found.code})
    letter = Letter(
        reference=str(notice.id),
        to=found.phone,
        subject=say(template.title, found.language),
        text=say(words, found.language),
        language=found.language,
    )
    return _begun(tx, notice, letter, is_code=True)


def call(attempt: Attempt) -> Receipt:
    """Hand the letter to its carrier. Outside of any transaction."""
    carry = carrier(attempt.channel)
    return carry(attempt.letter) if carry else Receipt(Outcome.REFUSED, error="no provider")


def record(tx: Session, attempt: Attempt, receipt: Receipt) -> bool:
    """Write down what came of a call; True when it is to be tried again.

    A receipt that comes so late that another attempt has begun changes nothing.
    """
    again = _again(attempt, receipt)
    ended = {Outcome.SENT: Status.SENT, Outcome.UNKNOWN: Status.UNKNOWN}.get(receipt.outcome, Status.FAILED)
    found = tx.scalar(
        update(Notification)
        .where(
            Notification.id == attempt.notification,
            Notification.attempts == attempt.number,
            Notification.status == Status.PENDING,
        )
        .values(
            status=Status.PENDING if again else ended,
            calling_since=None,
            provider_reference=receipt.reference,
            last_error=receipt.error,
            sent_at=func.app_now() if receipt.outcome is Outcome.SENT else None,
        )
        .returning(Notification.id)
    )
    return again and found is not None


def _again(attempt: Attempt, receipt: Receipt) -> bool:
    if attempt.number >= settings().outbox.attempts:
        return False
    if receipt.outcome is Outcome.UNKNOWN:
        return _may_repeat(attempt.channel, attempt.number, attempt.is_code)
    return receipt.outcome is Outcome.AGAIN


def _may_repeat(channel: Channel, calls: int, is_code: bool) -> bool:
    limit = 1 if is_code else CALLS_DESPITE_DOUBT.get(channel, settings().outbox.attempts)
    return calls < limit


def _taken(tx: Session, which: object, *, is_code: bool = False) -> Notification | None:
    """The notice, locked, if it may be sent; one whose last call was never answered may have gone out already."""
    notice = tx.scalar(select(Notification).where(which).with_for_update(key_share=True))  # type: ignore[arg-type]
    if notice is None or notice.status is not Status.PENDING:
        return None
    if notice.calling_since and not _may_repeat(notice.channel, notice.attempts, is_code):
        _end(tx, notice, Status.UNKNOWN, "the call was never answered")
        return None
    return notice


def _begun(tx: Session, notice: Notification, letter: Letter, *, is_code: bool = False) -> Attempt:
    notice.attempts += 1
    notice.calling_since = func.app_now()
    tx.flush()
    return Attempt(notice.id, notice.channel, notice.attempts, letter, is_code)


def _end(tx: Session, notice: Notification, status: Status, why: str) -> None:
    notice.status, notice.last_error, notice.calling_since = status, why, None
    tx.flush()
