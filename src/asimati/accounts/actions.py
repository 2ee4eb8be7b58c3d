"""Signing in and out, and what people say of themselves."""

from __future__ import annotations

import hmac
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts import rules
from asimati.accounts.messages import CodeRequested, SignedInElsewhere
from asimati.accounts.models import (
    AccountSession,
    CodeChallenge,
    Device,
    Person,
    PersonSensitive,
    Preference,
    RefreshToken,
    StaffMember,
)
from asimati.accounts.refusals import CodeExpired, NoCodesThere, RefreshRefused, WrongCode, WrongPassword
from asimati.kit import audit, clock, outbox, secrets
from asimati.kit.errors import Conflict, Invalid, NotFound, Stale, TooMany
from asimati.kit.policy import Actor, Role
from asimati.kit.text import UnfitText, cpr
from asimati.kit.words import _
from asimati.settings import settings

PROFILE = ("name_ar", "name_latin", "sex", "birth_date", "flat", "building", "road", "block", "language")


# --- one-time codes --------------------------------------------------------------------------------------------


def request_code(tx: Session, written: str, requester: str, language: str) -> CodeChallenge:
    """Begin a sign-in: a code goes to the phone. The same answer whether or not the phone is known.

    Raises Invalid for no phone, NoCodesThere for a country we send none to, TooMany within the budgets of the phone
    and of the caller's network. Budgets are counted in rows, so that they hold without Redis and for all processes.
    """
    phone = _phone(written)
    if not rules.receives_codes(phone, settings().governorate.facts.get("otp_countries", ["BH"])):
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
        id=(made := uuid4()),
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


def _spend(tx: Session, index: bytes, requester: str) -> None:
    """Count the codes of the last hour by phone and by network, one asker at a time for each phone."""
    config = settings().codes
    tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": index.hex()})
    row = tx.execute(
        text(
            """
            SELECT count(*) FILTER (WHERE phone_index = :index) AS phone,
                   count(*) FILTER (WHERE requester = :requester) AS network,
                   extract(epoch FROM app_now() - max(created_at) FILTER (WHERE phone_index = :index)) AS last,
                   extract(epoch FROM app_now() - min(created_at)) AS first
            FROM code_challenge
            WHERE created_at > app_now() - interval '1 hour' AND (phone_index = :index OR requester = :requester)
            """
        ),
        {"index": index, "requester": requester},
    ).one()
    if row.last is not None and row.last < config.resend_after:
        raise TooMany(retry_after=int(config.resend_after - row.last) + 1)
    if row.phone >= config.per_phone_hour or row.network >= config.per_address_hour:
        raise TooMany(retry_after=int(3600 - row.first) + 1)


def verify_code(tx: Session, challenge_id: UUID, code: str) -> dict[str, Any]:
    """Exchange a code for tokens; a new phone becomes a new person. Raises CodeExpired, or WrongCode (counted).

    The attempt is counted by one guarded statement before the code is looked at, so that guesses sent all at once
    are no more than guesses sent one by one; and the code is spent by another, so that it signs in once.
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
    if not hmac.compare_digest(found.code_mac, _code_mac(challenge_id, code)):
        raise WrongCode(attempts_left=settings().codes.attempts - found.attempts)
    tx.execute(
        update(CodeChallenge).where(CodeChallenge.id == challenge_id).values(used_at=func.app_now(), code=None)
    )
    person = ensure_person(tx, secrets.unseal(found.phone, "phone"), language=found.language)
    return start_session(tx, person=person.id, assurance="phone")


def purge_codes(tx: Session) -> int:
    """Forget challenges of more than a day ago."""
    gone = tx.execute(text("DELETE FROM code_challenge WHERE created_at < app_now() - interval '1 day'"))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _code_mac(challenge: UUID, code: str) -> bytes:
    return secrets.mac([str(challenge), code], "one-time-code")


def _phone(written: str) -> str:
    home = settings().governorate.facts.get("otp_countries", ["BH"])[0]
    try:
        return rules.phone_number(written, home)
    except rules.NoPhone:
        raise Invalid([("/phone", _("This is not a telephone number."))]) from None


# --- sessions --------------------------------------------------------------------------------------------------


def start_session(
    tx: Session, *, person: UUID | None = None, staff: UUID | None = None, assurance: str = "phone"
) -> dict[str, Any]:
    """Sign somebody in: a session and its first pair of tokens."""
    now = clock.now(tx)
    session = AccountSession(
        person_id=person,
        staff_id=staff,
        assurance=assurance,
        created_at=now,
        expires_at=now + timedelta(seconds=settings().tokens.refresh_limit),
    )
    tx.add(session)
    tx.flush()
    actor = Actor("staff" if staff else "resident", staff or person)
    audit.record(tx, actor, "accounts.signed_in", ("session", session.id))
    if person is not None:
        _tell_of_another(tx, session)
    return _tokens(session, _new_refresh(tx, session.id, now))


def _tell_of_another(tx: Session, made: AccountSession) -> None:
    """Whoever is signed in elsewhere is told of a new sign-in: it may not have been them."""
    standing = select(AccountSession.id).where(
        AccountSession.person_id == made.person_id,
        AccountSession.id != made.id,
        AccountSession.revoked_at.is_(None),
        AccountSession.expires_at > made.created_at,
    )
    if made.person_id and tx.scalar(standing.limit(1)):
        about = {"type": "session", "reference": str(made.id)}
        outbox.publish(tx, SignedInElsewhere(person=made.person_id, about=about, at=made.created_at))


def refresh(tx: Session, token: str) -> dict[str, Any]:
    """Exchange a refresh token for the next pair. Raises RefreshRefused.

    A client that never saw the answer repeats its request: within the grace it gets the same child again. Later, a
    used token in somebody's hand means that two hold it; the whole session then ends, and only that session.
    """
    digest = secrets.digest(token)
    row = tx.scalar(select(RefreshToken).where(RefreshToken.digest == digest).with_for_update())
    if row is None:
        raise RefreshRefused
    now = clock.now(tx)
    session = tx.get_one(AccountSession, row.session_id)
    if session.revoked_at is not None or session.expires_at <= now or row.expires_at <= now:
        raise RefreshRefused
    if row.used_at is None:
        child = _new_refresh(tx, session.id, now)
        row.used_at, row.child = now, secrets.seal(child, "refresh")
        return _tokens(session, child)
    if row.child and (now - row.used_at).total_seconds() <= settings().tokens.refresh_grace:
        return _tokens(session, secrets.unseal(row.child, "refresh"))
    session.revoked_at = now
    holder = Actor("staff" if session.staff_id else "resident", session.staff_id or session.person_id)
    audit.record(tx, holder, "accounts.refresh_reused", ("session", session.id))
    raise RefreshRefused


def sign_out(tx: Session, actor: Actor) -> None:
    """End the session of the token in hand."""
    tx.execute(update(AccountSession).where(AccountSession.id == actor.session).values(revoked_at=func.app_now()))
    audit.record(tx, actor, "accounts.signed_out", ("session", actor.session))


def _new_refresh(tx: Session, session: UUID, now: datetime) -> str:
    token = random.token_urlsafe(32)
    expires = now + timedelta(seconds=settings().tokens.refresh_idle)
    tx.add(RefreshToken(digest=secrets.digest(token), session_id=session, created_at=now, expires_at=expires))
    return token


def _tokens(session: AccountSession, refresh_token: str) -> dict[str, Any]:
    issued = int(clock.utcnow().timestamp())
    lifetime = settings().tokens.access
    claims = {
        "iss": "asimati",
        "sub": str(session.person_id or session.staff_id),
        "sid": str(session.id),
        "kind": "staff" if session.staff_id else "resident",
        "iat": issued,
        "exp": issued + lifetime,
        "jti": str(uuid4()),
    }
    return {
        "access_token": secrets.sign_jwt(claims),
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": lifetime,
    }


# --- staff -----------------------------------------------------------------------------------------------------


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_password() -> str:
    return _hasher().hash(random.token_urlsafe(16))


def create_staff(
    tx: Session, email: str, password: str, name: Mapping[str, str], roles: Sequence[Role]
) -> StaffMember:
    """A member of staff; the one there is already when the e-mail is taken."""
    found = tx.scalar(select(StaffMember).where(StaffMember.email == email.lower()))
    if found is not None:
        return found
    made = StaffMember(
        email=email.lower(), password=_hasher().hash(password), name=dict(name), roles=[str(role) for role in roles]
    )
    tx.add(made)
    tx.flush()
    return made


def sign_in_staff(tx: Session, email: str, password: str) -> dict[str, Any]:
    """Tokens for an e-mail and its password. Raises WrongPassword, after equal work for nobody and somebody."""
    member = tx.scalar(
        select(StaffMember).where(StaffMember.email == email.lower(), StaffMember.disabled_at.is_(None))
    )
    try:
        _hasher().verify(member.password if member else _nobodys_password(), password)
    except (VerifyMismatchError, InvalidHashError):
        member = None
    if member is None:
        digest = secrets.blind_index(email.lower(), "email").hex()[:16]
        audit.record(tx, Actor("anonymous"), "accounts.sign_in_failed", ("email", digest))
        raise WrongPassword
    return start_session(tx, staff=member.id, assurance="standard")


# --- people ----------------------------------------------------------------------------------------------------


def ensure_person(tx: Session, phone: str, **profile: Any) -> Person:
    """The person with a phone (E.164), made with this profile if there is none. Two at once make one."""
    index = secrets.blind_index(phone, "phone")
    row = {"phone": secrets.seal(phone, "phone"), "phone_index": index, **profile}
    disability = row.pop("disability", None)
    made = tx.scalar(
        insert(Person).values(**row).on_conflict_do_nothing(index_elements=["phone_index"]).returning(Person.id)
    )
    if made is not None and disability is not None:
        tx.add(PersonSensitive(person_id=made, disability=disability))
    return tx.scalars(select(Person).where(Person.phone_index == index)).one()


def edit_profile(tx: Session, actor: Actor, version: int | None, changes: dict[str, Any]) -> Person:
    """Write down what a person says of themselves. Raises Stale; Invalid for a personal number of another form."""
    person = tx.scalars(select(Person).where(Person.id == actor.person).with_for_update(key_share=True)).one()
    if version is not None and person.version != version:
        raise Stale
    for name in PROFILE:
        if name in changes:
            setattr(person, name, changes[name])
    if "email" in changes:
        person.email = secrets.seal(changes["email"], "email") if changes["email"] else None
    if changes.get("cpr"):
        _set_cpr(tx, person, changes["cpr"])
    if "disability" in changes:
        _set_disability(tx, person.id, changes["disability"])
    audit.record(tx, actor, "accounts.profile_edited", ("person", person.id), fields=sorted(changes))
    tx.flush()
    return person


def _set_cpr(tx: Session, person: Person, written: str) -> None:
    try:
        number = cpr(written)
    except UnfitText:
        raise Invalid([("/cpr", _("A personal number has nine digits."))]) from None
    index = secrets.blind_index(number, "cpr")
    if tx.scalar(select(Person.id).where(Person.cpr_index == index, Person.id != person.id)):
        raise Conflict(field="cpr")
    person.cpr, person.cpr_index = secrets.seal(number, "cpr"), index


def _set_disability(tx: Session, person: UUID, value: bool | None) -> None:
    """Saying it is the consent; taking it back deletes it."""
    if value is None:
        tx.execute(text("DELETE FROM person_sensitive WHERE person_id = :person"), {"person": person})
        return
    said = insert(PersonSensitive).values(person_id=person, disability=value)
    tx.execute(said.on_conflict_do_update(index_elements=["person_id"], set_={"disability": value}))


def prefer(tx: Session, actor: Actor, version: int | None, wishes: dict[str, Any]) -> None:
    """Write down how a person wishes to be told things. Raises Stale."""
    tx.execute(select(Person.id).where(Person.id == actor.person).with_for_update(key_share=True))
    found = tx.get(Preference, actor.person)
    if version is not None and version != (found.version if found else 0):
        raise Stale
    language = wishes.pop("language", None)
    if found is None:
        tx.add(Preference(person_id=actor.person, **wishes))
    else:
        for name, value in wishes.items():
            setattr(found, name, value)
    if language:
        tx.execute(update(Person).where(Person.id == actor.person).values(language=language))
    tx.flush()


def put_device(tx: Session, actor: Actor, installation_id: str, platform: str, push_token: str) -> None:
    """Remember where a person's push messages go; an installation belongs to whoever registered it last."""
    row = {"person_id": actor.person, "platform": platform, "push_token": push_token}
    put = insert(Device).values(installation_id=installation_id, **row)
    tx.execute(
        put.on_conflict_do_update(index_elements=["installation_id"], set_={**row, "updated_at": func.app_now()})
    )


def drop_device(tx: Session, actor: Actor, installation_id: str) -> None:
    """Forget an installation. Raises NotFound when it is not this person's."""
    device = tx.get(Device, installation_id)
    if device is None or device.person_id != actor.person:
        raise NotFound
    tx.delete(device)
