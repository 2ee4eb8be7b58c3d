"""People: how they become known, and what they say of themselves."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from asimati.accounts.actions.consents import keep_to_saying
from asimati.accounts.models import PROFILE, Device, FormerAccount, Person, PersonSensitive, Preference
from asimati.accounts.queries import CHANNELS, DEFAULT_WISHES
from asimati.accounts.refusals import BirthDateProved, PersonalNumberProved, PersonalNumberTaken
from asimati.kit import audit, secrets
from asimati.kit.errors import Invalid, NotFound, Stale
from asimati.kit.policy import Actor
from asimati.kit.text import UnfitText, cpr
from asimati.kit.words import _

# An app's own name for itself: any token, but no longer than an index holds.
INSTALLATION = re.compile(r"[!-~]{1,200}")


def ensure_person(tx: Session, phone: str, **profile: Any) -> Person:
    """The person with a phone (E.164), made with this profile if there is none. Two at once make one."""
    if (found := _known_while_rotating(tx, phone)) is not None:
        return found
    index = secrets.blind_index(phone, "phone")
    row = {"phone": secrets.seal(phone, "phone"), "phone_index": index, **profile}
    disability = row.pop("disability", None)
    made = tx.scalar(
        insert(Person).values(**row).on_conflict_do_nothing(index_elements=["phone_index"]).returning(Person.id)
    )
    if made is not None and (kept := account_behind(tx, index)) is not None:
        tx.execute(delete(Person).where(Person.id == made))
        return tx.get_one(Person, kept)
    if made is not None and disability is not None:
        tx.add(PersonSensitive(person_id=made, disability=disability))
        keep_to_saying(tx, made, said=True)
    return tx.scalars(select(Person).where(Person.phone_index == index)).one()


def account_behind(tx: Session, *indexes: bytes) -> UUID | None:
    """The account that was kept where the one with this telephone was found to be the same person's."""
    return tx.scalar(select(FormerAccount.person_id).where(FormerAccount.phone_index.in_(indexes)))


def person_with_phone(tx: Session, phone: str) -> UUID | None:
    """The account a telephone (E.164) leads to; None for nobody."""
    indexes = secrets.blind_indexes(phone, "phone")
    there = select(Person.id).where(Person.phone_index.in_(indexes), Person.erased_at.is_(None))
    return tx.scalar(there) or account_behind(tx, *indexes)


def _known_while_rotating(tx: Session, phone: str) -> Person | None:
    """While master keys change, somebody may still stand under an index of the older key; one look-up at a time."""
    if len(secrets.versions()) == 1:
        return None
    indexes = secrets.blind_indexes(phone, "phone")
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(indexes[0].hex(), 0))))
    found = tx.scalar(select(Person).where(Person.phone_index.in_(indexes)))
    kept = None if found else account_behind(tx, *indexes)
    return tx.get_one(Person, kept) if kept else found


def edit_profile(tx: Session, actor: Actor, version: int | None, changes: dict[str, Any]) -> Person:
    """Write down what a person says of themselves.

    Raises Stale; Invalid for a personal number of another form, PersonalNumberTaken for somebody else's,
    PersonalNumberProved for another than the one a sign-on proved, BirthDateProved for another day beside it.
    """
    person = locked(tx, actor)
    if version is not None and person.version != version:
        raise Stale
    _require_same_age(person, changes)
    for name in PROFILE:
        if name in changes:
            setattr(person, name, changes[name])
    if "email" in changes:
        person.email = secrets.seal(changes["email"], "email") if changes["email"] else None
    if changes.get("cpr"):
        _require_unproved(person, changes["cpr"])
        _set_cpr(tx, person, changes["cpr"])
    if "disability" in changes:
        _set_disability(tx, person.id, changes["disability"])
        keep_to_saying(tx, person.id, said=changes["disability"] is not None, actor=actor)
        flag_modified(person, "language")  # it stands in another table, but is one profile with one version
    audit.record(tx, actor, "accounts.profile_edited", ("person", person.id), fields=sorted(changes))
    tx.flush()
    return person


def rectify(tx: Session, actor: Actor, person_id: UUID, changes: dict[str, Any]) -> None:
    """Correct what is kept of somebody at their own request, as a member of staff. `changes` are of PROFILE."""
    person = tx.scalar(select(Person).where(Person.id == person_id).with_for_update(key_share=True))
    if person is None:
        raise NotFound
    for name in PROFILE:
        if name in changes:
            setattr(person, name, changes[name])
    audit.record(tx, actor, "accounts.profile_rectified", ("person", person.id), fields=sorted(changes))
    tx.flush()


def personal_number(written: str) -> str:
    """The nine digits of a personal number as it may be written. Raises Invalid."""
    try:
        return cpr(written)
    except UnfitText:
        raise Invalid([("/cpr", _("A personal number has nine digits."))]) from None


def _set_cpr(tx: Session, person: Person, written: str) -> None:
    number = personal_number(written)
    index = secrets.blind_index(number, "cpr")
    everywhere = Person.cpr_index.in_(secrets.blind_indexes(number, "cpr"))
    if tx.scalar(select(Person.id).where(everywhere, Person.id != person.id)):
        raise PersonalNumberTaken
    person.cpr, person.cpr_index = secrets.seal(number, "cpr"), index


def _require_unproved(person: Person, written: str) -> None:
    """Raise PersonalNumberProved for another number than the one a sign-on has proved."""
    proved = secrets.unseal(person.cpr, "cpr") if person.cpr and person.cpr_proved_at else None
    if proved and proved != personal_number(written):
        raise PersonalNumberProved


def _require_same_age(person: Person, changes: dict[str, Any]) -> None:
    """Raise BirthDateProved for another date of birth: a child would be of age by saying so."""
    known = person.birth_date if person.cpr_proved_at else None
    if known and changes.get("birth_date", known) != known:
        raise BirthDateProved


def _set_disability(tx: Session, person: UUID, value: bool | None) -> None:
    """Saying it is the consent; taking it back deletes it."""
    if value is None:
        tx.execute(delete(PersonSensitive).where(PersonSensitive.person_id == person))
        return
    said = insert(PersonSensitive).values(person_id=person, disability=value)
    anew = {"disability": value, "consent_at": func.app_now()}
    tx.execute(said.on_conflict_do_update(index_elements=["person_id"], set_=anew))


def prefer(tx: Session, actor: Actor, version: int | None, wishes: dict[str, Any]) -> None:
    """Write down how a person wishes to be told things. Raises Stale."""
    person = locked(tx, actor)
    found = tx.get(Preference, actor.person)
    if version is not None and version != (found.version if found else 0):
        raise Stale
    found = found or Preference(person_id=actor.person)
    for name in DEFAULT_WISHES:
        setattr(found, name, wishes.get(name, DEFAULT_WISHES[name]))
    person.language = wishes.get("language", person.language)
    tx.add(found)
    audit.record(tx, actor, "accounts.preferences_changed", ("person", person.id))
    tx.flush()


def leave_out(tx: Session, person_id: UUID, topic: str, channel: str) -> None:
    """Tell a person nothing more about a topic by a channel; they asked for it. Repeating it changes nothing."""
    person = tx.scalar(select(Person).where(Person.id == person_id).with_for_update(key_share=True))
    if person is None:
        return
    found = tx.get(Preference, person_id) or Preference(person_id=person_id, channels=list(CHANNELS), topics={})
    kept = [one for one in found.topics.get(topic, found.channels) if one != channel]
    if found.topics.get(topic) != kept:
        found.topics = {**found.topics, topic: kept}
    tx.add(found)
    tx.flush()


def locked(tx: Session, actor: Actor) -> Person:
    """One's own row, held so that two edits of what belongs to it follow each other."""
    return tx.scalars(select(Person).where(Person.id == actor.person).with_for_update(key_share=True)).one()


def put_device(tx: Session, actor: Actor, installation_id: str, platform: str, push_token: str) -> None:
    """Remember where a person's push messages go; an installation belongs to whoever registered it last.

    Raises NotFound for what cannot be the name of an installation.
    """
    if not INSTALLATION.fullmatch(installation_id):
        raise NotFound
    before = tx.scalar(select(Device.person_id).where(Device.installation_id == installation_id))
    row = {"person_id": actor.person, "platform": platform, "push_token": push_token}
    put = insert(Device).values(installation_id=installation_id, **row)
    tx.execute(
        put.on_conflict_do_update(index_elements=["installation_id"], set_={**row, "updated_at": func.app_now()})
    )
    if before != actor.person:  # apps say it again at every start
        audit.record(tx, actor, "accounts.device_added", ("person", actor.person), [before], platform=platform)


def drop_device(tx: Session, actor: Actor, installation_id: str) -> None:
    """Forget an installation. Raises NotFound when it is not this person's."""
    device = tx.get(Device, installation_id) if INSTALLATION.fullmatch(installation_id) else None
    if device is None or device.person_id != actor.person:
        raise NotFound
    tx.delete(device)
    audit.record(tx, actor, "accounts.device_removed", ("person", actor.person))
