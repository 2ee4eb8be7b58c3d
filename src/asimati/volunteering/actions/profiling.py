"""What volunteers say of themselves: written, corrected, taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from asimati.accounts.actions.consents import KEPT_BY, consent, withdraw_consent
from asimati.accounts.models import Person
from asimati.kit import audit, secrets
from asimati.kit.errors import Invalid, NotFound, Stale
from asimati.kit.forms import home_country
from asimati.kit.phones import NoPhone, phone_number
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.places.queries import unknown_blocks
from asimati.volunteering import catalogues, profile_rules
from asimati.volunteering.models import AccessibilityNeed, Skill, SpokenLanguage, Volunteer

ACCESSIBILITY = "accessibility"  # the consent by which needs are kept
EMERGENCY = "emergency-contact"  # what a contact is sealed for
NOTHING_SAID: Mapping[str, Any] = {
    "skills": [],
    "languages": [],
    "blocks": [],
    "availability": [],
    "away": [],
    "emergency_contact": None,
    "call_outs": True,
}


def put_profile(tx: Session, actor: Actor, version: int | None, said: Mapping[str, Any]) -> Volunteer:
    """Say everything anew; what is left out is nothing. Raises Stale or Invalid."""
    found = _held(tx, actor)
    _require_version(found, version)
    return _write(tx, actor, found or Volunteer(person_id=actor.person), {**NOTHING_SAID, **said})


def edit_profile(tx: Session, actor: Actor, version: int | None, changes: Mapping[str, Any]) -> Volunteer:
    """Change some of what was said. Raises NotFound, Stale or Invalid."""
    found = _held(tx, actor)
    if found is None:
        raise NotFound
    _require_version(found, version)
    return _write(tx, actor, found, changes)


def drop_profile(tx: Session, actor: Actor) -> None:
    """Take everything back, accessibility needs too. Sign-ups and hours stay; repeating it changes nothing."""
    found = _held(tx, actor)
    withdraw_consent(tx, actor, actor.person, ACCESSIBILITY)
    if found is not None:
        tx.delete(found)
        audit.record(tx, actor, "volunteering.profile_dropped", ("volunteer", actor.person))


def say_needs(tx: Session, actor: Actor, needs: str, edition: int) -> None:
    """Say what one needs to serve, agreeing to the words that were read. Raises WordsChanged, NotFound."""
    _hold(tx, actor)
    consent(tx, actor, actor.person, ACCESSIBILITY, edition)
    sealed = secrets.seal(needs, ACCESSIBILITY)
    said = insert(AccessibilityNeed).values(person_id=actor.person, needs=sealed)
    anew = {"needs": sealed, "said_at": func.app_now()}
    tx.execute(said.on_conflict_do_update(index_elements=["person_id"], set_=anew))
    audit.record(tx, actor, "volunteering.needs_said", ("volunteer", actor.person))


def take_needs_back(tx: Session, actor: Actor) -> None:
    """Withdraw the consent, which deletes what was kept by it."""
    _hold(tx, actor)
    withdraw_consent(tx, actor, actor.person, ACCESSIBILITY)


def forget_needs(tx: Session, person: UUID) -> None:
    """Delete what somebody said of their needs."""
    tx.execute(delete(AccessibilityNeed).where(AccessibilityNeed.person_id == person))


KEPT_BY[ACCESSIBILITY] = forget_needs


def _write(tx: Session, actor: Actor, found: Volunteer, changes: Mapping[str, Any]) -> Volunteer:
    for name, value in changes.items():
        _WRITERS.get(name, _plainly(name))(tx, found, value)
    found.updated_at = func.app_now()
    tx.add(found)
    tx.flush()
    audit.record(tx, actor, "volunteering.profile_said", ("volunteer", actor.person), fields=sorted(changes))
    return found


def _plainly(name: str) -> Callable[[Session, Volunteer, Any], None]:
    return lambda _tx, found, value: setattr(found, name, value)


def _skills(tx: Session, found: Volunteer, codes: Iterable[str]) -> None:
    found.skills = catalogues.require_known(tx, Skill, codes, "/skills", found.skills or ())


def _languages(tx: Session, found: Volunteer, codes: Iterable[str]) -> None:
    found.languages = catalogues.require_known(tx, SpokenLanguage, codes, "/languages", found.languages or ())


def _blocks(tx: Session, found: Volunteer, numbers: Iterable[str]) -> None:
    once = list(dict.fromkeys(numbers))
    wrong = unknown_blocks(tx, once) - set(found.blocks or ())
    if wrong:
        pointers = [f"/blocks/{place}" for place, number in enumerate(once) if number in wrong]
        raise Invalid([(pointer, _("There is no such block.")) for pointer in pointers])
    found.blocks = once


def _availability(_tx: Session, found: Volunteer, slots: Iterable[Mapping[str, Any]]) -> None:
    said = list(slots)
    found.availability = [
        {"weekday": str(one["weekday"]), "from": f"{one['starts']:%H:%M}", "to": f"{one['ends']:%H:%M}"}
        for one in said
    ]
    spans = profile_rules.merged(profile_rules.slot(one["weekday"], one["starts"], one["ends"]) for one in said)
    found.free = [Range(start, end) for start, end in spans] if said else None


def _away(_tx: Session, found: Volunteer, spans: Iterable[Mapping[str, Any]]) -> None:
    said = list(spans)
    wrong = [place for place, one in enumerate(said) if one["last"] < one["first"]]
    if wrong:
        raise Invalid([(f"/away/{place}/to", _("It must not end before it begins.")) for place in wrong])
    found.away = [Range(one["first"], one["last"] + timedelta(days=1)) for one in said]


def _contact(_tx: Session, found: Volunteer, contact: Mapping[str, Any] | None) -> None:
    if contact is None:
        found.emergency = None
        return
    try:
        phone = phone_number(contact["phone"], home_country())
    except NoPhone:
        raise Invalid([("/emergency_contact/phone", _("This is not a telephone number."))]) from None
    said = {"name": contact["name"], "relation": contact.get("relation"), "phone": phone}
    found.emergency = secrets.seal(json.dumps(said, ensure_ascii=False), EMERGENCY)


_WRITERS: Mapping[str, Callable[[Session, Volunteer, Any], None]] = {
    "skills": _skills,
    "languages": _languages,
    "blocks": _blocks,
    "availability": _availability,
    "away": _away,
    "emergency_contact": _contact,
}


def _require_version(found: Volunteer | None, version: int | None) -> None:
    if version is not None and version != (found.version if found else 0):
        raise Stale


def _held(tx: Session, actor: Actor) -> Volunteer | None:
    """One's own profile, held so that two writings follow each other; None before the first."""
    _hold(tx, actor)
    return tx.get(Volunteer, actor.person, populate_existing=True)


def _hold(tx: Session, actor: Actor) -> None:
    tx.execute(select(Person.id).where(Person.id == actor.person).with_for_update(key_share=True))
