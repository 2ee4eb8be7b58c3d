"""One-time codes: a lane of their own, a provider at once, the next one if that surely failed, and never twice.

Somebody stands at the door: no quiet hours, no preferences, no rest of a failing provider. The code itself is read
at the moment of sending and stands in no row of ours.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts.queries import code_to_send
from asimati.kit.outbox import Delivered
from asimati.kit.text import say
from asimati.notifications import sending
from asimati.notifications.actions import row_of
from asimati.notifications.carrying import Attempt, Result, carried
from asimati.notifications.channels import Letter, providers
from asimati.notifications.models import Notification, Template
from asimati.notifications.rendering import render
from asimati.notifications.rules import Channel, Lane, Status, may_repeat
from asimati.settings import settings

CODE_TOPIC = "accounts.code_requested"
HIDDEN = "••••••"


def prepare(tx: Session, delivered: Delivered) -> Attempt | None:
    """Take a one-time code for one call; None when it has gone out, may have, or is no longer good."""
    template = tx.get(Template, CODE_TOPIC)
    if template is None:
        raise LookupError(f"The pack has no template {CODE_TOPIC}: no code can be sent.")
    row = row_of(delivered, template, Channel.SMS, {"code": HIDDEN}) | {"lane": Lane.CODE}
    tx.execute(insert(Notification).values(**row).on_conflict_do_nothing())
    notice = tx.scalars(_notice_of(delivered)).one()
    if notice.status is not Status.PENDING:
        return None
    if notice.doubts and not may_repeat(Channel.SMS, Lane.CODE, notice.doubts, 1):
        _ended(tx, notice, Status.UNKNOWN, "the call was never answered")
        return None
    found = code_to_send(tx, delivered.message.challenge)  # type: ignore[attr-defined]
    if found is None or not providers(Channel.SMS):
        _ended(tx, notice, Status.FAILED, "the code is no longer good" if found is None else "no provider")
        return None
    words = render(template.sms or template.text, {"code": found.code})
    subject, body = say(template.title, found.language), say(words, found.language)
    letter = Letter(str(notice.id), found.phone, subject, body, found.language, topic=CODE_TOPIC)
    notice.attempts += 1
    notice.doubts += 1
    tx.flush()
    return Attempt(notice.id, Channel.SMS, Lane.CODE, notice.attempts, (letter,), tuple(providers(Channel.SMS)))


def call(attempt: Attempt) -> Result:
    """Hand the code to the first provider that takes it, in one go. Outside of any transaction."""
    return carried(attempt)


def record(tx: Session, attempt: Attempt, result: Result) -> bool:
    """Write down what came of it; True when it is to be tried again."""
    sending.record(tx, [attempt], [result])
    return attempt.number < settings().notifications.attempts and sending.again(attempt, result[0])


def _notice_of(delivered: Delivered) -> Any:
    mine = select(Notification).where(Notification.message_id == delivered.id)
    return mine.with_for_update(key_share=True).execution_options(populate_existing=True)


def _ended(tx: Session, notice: Notification, status: Status, why: str) -> None:
    """Write the end of a notice down; there is nothing to call."""
    notice.status, notice.last_error = status, why
    tx.flush()
