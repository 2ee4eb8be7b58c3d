"""A volunteer as coordinators see them: what helps to place them, nothing that is for the day of a shift."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.accounts.rules import age_on
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.policy import Actor
from asimati.volunteering import catalogues, joining_queries, policy, profile_queries, rules
from asimati.volunteering.models import HoursLine, SignUp, Skill, SpokenLanguage, Volunteer
from asimati.volunteering.rules import SignUpStatus

_NOTHING: dict[str, Any] = {"blocks": [], "availability": [], "away": [], "call_outs": False}


def volunteer(tx: Session, actor: Actor, person_id: UUID) -> dict[str, Any]:
    """What a coordinator reads of somebody. Raises NotFound, also of whoever never volunteered."""
    policy.require(actor, "see")
    person, found = tx.get(Person, person_id), tx.get(Volunteer, person_id)
    signed = tx.scalar(select(SignUp.id).where(SignUp.person_id == person_id).limit(1))
    if person is None or person.erased_at is not None or (found is None and signed is None):
        raise NotFound
    today = clock.local_day(clock.now(tx))
    standing = joining_queries.standing(tx, person_id)
    said = profile_queries.said(found) if found else _NOTHING
    return {
        **{name: said[name] for name in _NOTHING},
        "id": person_id,
        "person_id": person_id,
        "name": {"ar": person.name_ar, "en": person.name_latin},
        "age": age_on(person.birth_date, today) if person.birth_date else None,
        "profile": found is not None,
        "skills": catalogues.titles(tx, Skill, found.skills if found else ()),
        "languages": catalogues.titles(tx, SpokenLanguage, found.languages if found else ()),
        "emergency_contact": found is not None and found.emergency is not None,
        "standing": standing,
        "served": _served(tx, person_id, standing["edition"]),
    }


def _served(tx: Session, person: UUID, edition: str | None) -> dict[str, Any]:
    minutes = select(func.coalesce(func.sum(HoursLine.minutes), 0)).where(
        HoursLine.person_id == person, HoursLine.edition == edition
    )
    shifts = select(func.count()).where(SignUp.person_id == person, SignUp.status == SignUpStatus.CHECKED_OUT)
    return {"shifts": tx.scalar(shifts) or 0, "hours": rules.hours(int(tx.scalar(minutes) or 0))}
