"""Questions about people: who asks, how to reach them, how they are counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.accounts import rules
from asimati.accounts.models import (
    PROFILE,
    AccountSession,
    CodeChallenge,
    Device,
    FormerAccount,
    Person,
    PersonSensitive,
    Preference,
)
from asimati.kit import audit, secrets
from asimati.kit.audit import AuditLine
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.words import LANGUAGES, _, translate
from asimati.settings import settings

CHANNELS = ("inbox", "push", "sms", "email")


@dataclass(frozen=True)
class Contact:
    """How to reach a person; addresses are in the clear and go no further than the provider."""

    language: str
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    devices: tuple[tuple[str, str], ...] = field(repr=False)  # platform and push token, newest first
    wishes: Mapping[str, Any]  # as `preference_of`

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(self.wishes["channels"])


DEFAULT_WISHES: Mapping[str, Any] = {
    "channels": CHANNELS,
    "topics": {},
    "quiet_from": None,
    "quiet_to": None,
    "friday_prayer": True,
    "digest": False,
}
DEVICES = 5  # of one person that are told; older ones are likely forgotten drawers
_WISHES = [getattr(Preference, name) for name in DEFAULT_WISHES]


def contacts_of(tx: Session, ids: Iterable[UUID]) -> dict[UUID, Contact]:
    """How to reach many people at once, in two questions; who is not there is left out."""
    wanted = list(set(ids))
    found = tx.execute(
        select(Person.id, Person.language, Person.phone, Person.email, Preference.person_id.label("said"), *_WISHES)
        .join_from(Person, Preference, isouter=True)
        .where(Person.id.in_(wanted), Person.erased_at.is_(None))
    ).all()
    devices: dict[UUID, list[tuple[str, str]]] = {}
    newest = select(Device.person_id, Device.platform, Device.push_token).where(Device.person_id.in_(wanted))
    for person, platform, token in tx.execute(newest.order_by(Device.updated_at.desc())):
        devices.setdefault(person, []).append((platform, token))
    return {
        row.id: Contact(
            language=str(row.language),
            phone=secrets.unseal(row.phone, "phone") if row.phone else None,
            email=secrets.unseal(row.email, "email") if row.email else None,
            devices=tuple(devices.get(row.id, ())[:DEVICES]),
            wishes={name: getattr(row, name) for name in DEFAULT_WISHES} if row.said else DEFAULT_WISHES,
        )
        for row in found
    }


def profile_of(tx: Session, person_id: UUID) -> dict[str, Any]:
    """What people may read of themselves; of the personal number the last three digits."""
    person = tx.get_one(Person, person_id)
    sensitive = tx.get(PersonSensitive, person_id, populate_existing=True)
    shown = {name: getattr(person, name) for name in (*PROFILE, "id", "version")}
    return shown | {
        "phone": secrets.unseal(person.phone, "phone") if person.phone else None,
        "email": secrets.unseal(person.email, "email") if person.email else None,
        "cpr": "••••••" + secrets.unseal(person.cpr, "cpr")[-3:] if person.cpr else None,
        "cpr_proved": person.cpr_proved_at is not None,
        "disability": sensitive.disability if sensitive else None,
    }


def preference_of(tx: Session, person_id: UUID) -> dict[str, Any]:
    """A person's preferences, or the defaults at version 0."""
    found = tx.get(Preference, person_id)
    if found is None:
        return {**DEFAULT_WISHES, "version": 0}
    return {name: getattr(found, name) for name in (*DEFAULT_WISHES, "version")}


def demographics(tx: Session, person_id: UUID | None, on: date) -> dict[str, str]:
    """How a person is counted on a day: sex, age band, disability, nationality, block; else `unknown`."""
    unknown = dict.fromkeys(("sex", "age_band", "disability", "nationality", "block"), "unknown")
    found = tx.execute(
        select(Person.sex, Person.birth_date, Person.nationality, Person.block, PersonSensitive.disability)
        .join_from(Person, PersonSensitive, isouter=True)
        .where(Person.id == person_id)
    ).one_or_none()
    if found is None:
        return unknown
    return {
        "sex": str(found.sex) if found.sex else "unknown",
        "age_band": rules.age_band(found.birth_date, on),
        "disability": {True: "yes", False: "no", None: "unknown"}[found.disability],
        "nationality": rules.nationality_group(found.nationality, settings().governorate.facts["iso"][:2]),
        "block": found.block or "unknown",
    }


def language_of(tx: Session, person_id: UUID) -> str:
    """The language a person wishes to read."""
    return str(tx.scalar(select(Person.language).where(Person.id == person_id)) or "ar")


def name_of(tx: Session, person_id: UUID) -> dict[str, str | None]:
    """A person's name in both scripts; either may be missing."""
    found = tx.execute(select(Person.name_ar, Person.name_latin).where(Person.id == person_id)).one()
    return {"ar": found.name_ar, "en": found.name_latin}


@dataclass(frozen=True)
class CodeToSend:
    """A code and where it goes; never logged."""

    phone: str = field(repr=False)
    code: str = field(repr=False)
    language: str


def code_to_send(tx: Session, challenge_id: UUID) -> CodeToSend | None:
    """The code of a challenge that is still good; None otherwise."""
    challenge = tx.scalar(
        select(CodeChallenge).where(
            CodeChallenge.id == challenge_id,
            CodeChallenge.used_at.is_(None),
            CodeChallenge.expires_at > func.app_now(),
            CodeChallenge.code.is_not(None),
        )
    )
    if challenge is None or challenge.code is None:
        return None
    phone, code = secrets.unseal(challenge.phone, "phone"), secrets.unseal(challenge.code, "code")
    return CodeToSend(phone, code, str(challenge.language))


def codes_sent(tx: Session) -> int:
    """How many one-time codes were asked for within what is remembered, of those that we send."""
    return tx.scalar(select(func.count()).where(CodeChallenge.awaited.is_(None))) or 0


def access_log(tx: Session, person_id: UUID, page: PageArgs) -> Page:
    """Who else opened or worked on anything about this person, newest first, in plain words."""
    former = tx.scalars(select(FormerAccount.former_id).where(FormerAccount.person_id == person_id)).all()
    lines = select(AuditLine).where(AuditLine.people.overlap([person_id, *former]))
    found = paginate(tx, lines, [AuditLine.at.desc(), AuditLine.id.desc()], page)
    return Page([_access(line) for line in found.items], found.next)


# Who does it and what they do, as the person reads it; what it is done to is in audit.SUBJECTS.
_WHO = {
    "staff": _("A member of staff"),
    "resident": _("Somebody acting for you"),
    "system": _("The system itself"),
}
_DID = {
    "opened": _("{who} opened {what}."),
    "listed": _("{who} saw {what} in a list."),
    "unmasked": _("{who} saw your details without their cover."),
    "exported": _("{who} took a copy of {what}."),
}
_WORKED = _("{who} worked on {what}.")


def _access(line: AuditLine) -> dict[str, Any]:
    facts = json.loads(line.facts)
    did = "listed" if "listed" in facts else line.action.rpartition(".")[2]
    who = _WHO.get(line.actor_kind, _("Somebody else"))
    what = audit.SUBJECTS.get(line.subject_type, audit.SUBJECTS["person"])
    return {
        "at": line.at,
        "action": line.action,
        "staff": line.actor_id if line.actor_kind == "staff" else None,
        "by": line.actor_kind,
        "about": {"type": line.subject_type, "reference": line.subject_id},
        "reason": facts.get("reason"),
        "words": {
            language: translate(_DID.get(did, _WORKED), language).format(
                who=translate(who, language), what=translate(what, language)
            )
            for language in LANGUAGES
        },
    }


def sessions(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """One's own sign-ins that stand, newest first; the one that asks is `current`."""
    holder = AccountSession.staff_id if actor.is_staff else AccountSession.person_id
    standing = select(AccountSession).where(
        holder == actor.id, AccountSession.revoked_at.is_(None), AccountSession.expires_at > func.app_now()
    )
    found = paginate(tx, standing, [AccountSession.created_at.desc(), AccountSession.id.desc()], page)
    return Page([_session(one, actor.session) for one in found.items], found.next)


def _session(one: AccountSession, current: UUID | None) -> dict[str, Any]:
    names = ("id", "created_at", "seen_at", "expires_at", "assurance", "method", "device")
    return {name: getattr(one, name) for name in names} | {"current": one.id == current}
