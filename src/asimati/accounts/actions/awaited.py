"""Signing in by a one-time code that its phone sends to us, for whoever gets none from us."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from asimati.accounts import rules
from asimati.accounts.actions.codes import code_mac, phone_for_codes
from asimati.accounts.models import CodeChallenge
from asimati.accounts.refusals import NoCodesThere, NoMessagesTaken
from asimati.kit import clock, secrets
from asimati.kit.errors import Invalid
from asimati.settings import settings


def await_code(tx: Session, written: str, requester: str, language: str) -> tuple[CodeChallenge, str]:
    """Begin a sign-in by a code that its phone sends to us: the challenge, and the code.

    It costs us nothing and has no budget, so nobody can spend it for somebody else: whoever holds the phone comes
    in though strangers have used up all the codes we would send there. Raises Invalid,
    NoCodesThere, NoMessagesTaken.
    """
    if not settings().codes.message_to:
        raise NoMessagesTaken
    phone, code, now = phone_for_codes(written), rules.new_long_code(), clock.now(tx)
    challenge = CodeChallenge(
        id=(made := uuid4()),  # the secret of whoever asked: the code is shown to the world by a text message
        phone=secrets.seal(phone, "phone"),
        phone_index=secrets.blind_index(phone, "phone"),
        code_mac=code_mac(made, code),
        awaited=_awaited(phone, code),
        language=language,
        requester=requester,
        country=rules.country_of(phone),
        created_at=now,
        expires_at=now + timedelta(seconds=settings().codes.lifetime),
    )
    tx.add(challenge)
    return challenge, code


def code_arrived(tx: Session, sender: str, message: str) -> bool:
    """Note that a phone sent us a code; False for a message that is none that we wait for from that phone."""
    if (code := rules.code_in_message(message)) is None:
        return False
    try:
        phone = phone_for_codes(sender)
    except (Invalid, NoCodesThere):
        return False
    arrived = (
        update(CodeChallenge)
        .where(
            CodeChallenge.awaited == _awaited(phone, code),
            CodeChallenge.used_at.is_(None),
            CodeChallenge.expires_at > func.app_now(),
        )
        .values(arrived_at=func.coalesce(CodeChallenge.arrived_at, func.app_now()))
        .returning(CodeChallenge.id)
    )
    return tx.scalar(arrived) is not None


def _awaited(phone: str, code: str) -> bytes:
    return secrets.mac([phone, code], "awaited-code")
