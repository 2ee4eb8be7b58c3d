"""Enrolling in an edition: the category one is ranked in."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.kit import audit, clock
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.volunteering.models import Enrolment
from asimati.volunteering.queries import edition_on


def enrol(tx: Session, actor: Actor, category: str) -> Enrolment:
    """Choose a category of the present edition, or another one. Raises NotFound between editions, Invalid."""
    edition = edition_on(tx, clock.local_day(clock.now(tx)))
    if edition is None:
        raise NotFound
    if category not in {one["code"] for one in edition.categories if "entity" not in one}:
        raise Invalid([("/category", _("The edition has no such category."))])
    tx.execute(select(Person.id).where(Person.id == actor.person).with_for_update(key_share=True))
    who = {"edition": edition.code, "person_id": actor.person}
    found = tx.get(Enrolment, who) or Enrolment(**who)
    found.category = category
    tx.add(found)
    tx.flush()
    about = ("person", actor.person)
    audit.record(tx, actor, "volunteering.enrolled", about, edition=edition.code, category=category)
    return found
