"""Signing in by a one-time code: asking for one, and giving it back."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from asimati.accounts import rules
from asimati.accounts.actions.people import ensure_person
from asimati.accounts.actions.sessions import start_session
from asimati.accounts.messages import CodeRequested
from asimati.accounts.models import CodeChallenge
from asimati.accounts.refusals import CodeExpired, NoCodesThere, WrongCode
from asimati.kit import clock, outbox, secrets
from asimati.kit.errors import Invalid, TooMany
from asimati.kit.phones import NoPhone, phone_number
from asimati.kit.words import _
from asimati.settings import settings

# Whoever asks waits for others who ask for the same phone, then for others of the same network: always in this
# order, so that no two wait for each other.
_ONE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(:phone, 0)),"
    " pg_advisory_xact_lock(hashtextextended(:network, 1))"
)
_SPENT = text(
    """
    SELECT count(*) FILTER (WHERE phone_index = :index) AS phone,
           count(*) FILTER (WHERE requester = :requester) AS network,
           extract(epoch FROM app_now() - max(created_at) FILTER (WHERE phone_index = :index)) AS phone_last,
           extract(epoch FROM app_now() - min(created_at) FILTER (WHERE phone_index = :index)) AS phone_first,
           extract(epoch FROM app_now() - min(created_at) FILTER (WHERE requester = :requester)) AS network_first
    FROM code_challenge
    WHERE created_at > app_now() - interval '1 hour' AND (phone_index = :index OR requester = :requester)
    """
)


def request_code(tx: Session, written: str, requester: str, language: str) -> CodeChallenge:
    """Begin a sign-in: a code goes to the phone. The same answer whether or not the phone is known.

    Raises Invalid for no phone, NoCodesThere for a country we send none to, TooMany within the budgets of the phone
    and of the caller's network. Budgets are counted in rows, so that they hold without Redis and for all processes.
    """
    phone = phone_of(written)
    if not rules.receives_codes(phone, _countries()):
        raise NoCodesThere
    index = secrets.blind_index(phone, "phone")
    _spend(tx, index, requester)
    tx.execute(
        update(CodeChallenge)
        .where(CodeChallenge.phone_index == index, CodeChallenge.used_at.is_(None))
        .values(used_at=func.app_now(), code=None)
    )
    code, now = rules.new_code(), clock.now(tx)
    challenge = CodeChallenge(
        id=(made := uuid4()),  # not time-ordered: it is half of what must be guessed
        phone=secrets.seal(phone, "phone"),
        phone_index=index,
        code=secrets.seal(code, "code"),
        code_mac=_code_mac(made, code),
        language=language,
        requester=requester,
        created_at=now,
        expires_at=now + timedelta(seconds=settings().codes.lifetime),
    )
    tx.add(challenge)
    outbox.publish(tx, CodeRequested(challenge=made))
    return challenge


def verify_code(tx: Session, challenge_id: UUID, code: str) -> dict[str, Any]:
    """Exchange a code for tokens; a new phone becomes a new person. Raises CodeExpired, or WrongCode (counted).

    The attempt is counted by one guarded statement before the code is looked at. The statement holds the row until
    the guess is judged, so that guesses sent all at once are no more than guesses sent one by one, and the code
    signs in once.
    """
    guess = (
        update(CodeChallenge)
        .where(
            CodeChallenge.id == challenge_id,
            CodeChallenge.attempts < settings().codes.attempts,
            CodeChallenge.used_at.is_(None),
            CodeChallenge.expires_at > func.app_now(),
        )
        .values(attempts=CodeChallenge.attempts + 1)
        .returning(CodeChallenge.code_mac, CodeChallenge.attempts, CodeChallenge.phone, CodeChallenge.language)
    )
    found = tx.execute(guess).one_or_none()
    if found is None:
        raise CodeExpired
    left = settings().codes.attempts - found.attempts
    right = hmac.compare_digest(found.code_mac, _code_mac(challenge_id, rules.code_as_sent(code)))
    if right or left <= 0:
        _forget(tx, challenge_id)
    if not right:
        raise WrongCode(attempts_left=max(0, left))
    person = ensure_person(tx, secrets.unseal(found.phone, "phone"), language=found.language)
    return start_session(tx, person=person.id, assurance="phone")


def purge_codes(tx: Session) -> int:
    """Forget codes that are too old, and whole challenges of more than a day ago; the number of these."""
    tx.execute(text("UPDATE code_challenge SET code = NULL WHERE expires_at <= app_now() AND code IS NOT NULL"))
    gone = tx.execute(text("DELETE FROM code_challenge WHERE created_at < app_now() - interval '1 day'"))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def phone_of(written: str) -> str:
    """A telephone number in E.164; numbers without a country are the governorate's. Raises Invalid."""
    try:
        return phone_number(written, _countries()[0])
    except NoPhone:
        raise Invalid([("/phone", _("This is not a telephone number."))]) from None


def _countries() -> list[str]:
    countries: list[str] = settings().governorate.facts.get("otp_countries", ["BH"])
    return countries


def _spend(tx: Session, index: bytes, requester: str) -> None:
    """Count the codes of the last hour by phone and by network. Raises TooMany."""
    config = settings().codes
    tx.execute(_ONE_AT_A_TIME, {"phone": index.hex(), "network": requester})
    spent = tx.execute(_SPENT, {"index": index, "requester": requester}).one()
    wait = 0.0
    if spent.phone_last is not None and spent.phone_last < config.resend_after:
        wait = config.resend_after - float(spent.phone_last)
    if spent.phone >= config.per_phone_hour:
        wait = max(wait, 3600 - float(spent.phone_first))
    if spent.network >= config.per_address_hour:
        wait = max(wait, 3600 - float(spent.network_first))
    if wait:
        raise TooMany(retry_after=int(wait) + 1)


def _forget(tx: Session, challenge_id: UUID) -> None:
    done = {"used_at": func.app_now(), "code": None}
    tx.execute(update(CodeChallenge).where(CodeChallenge.id == challenge_id).values(**done))


def _code_mac(challenge: UUID, code: str) -> bytes:
    return secrets.mac([str(challenge), code], "one-time-code")
