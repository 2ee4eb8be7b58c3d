"""Shifts that fit a volunteer, with the reason said.

One statement asks for the shifts of the next weeks that have places and are in nobody's way (at most `LOOKED_AT`,
by the index on their beginnings); what the volunteer said of themselves is compared in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Engagement, Person
from asimati.kit import clock
from asimati.volunteering import catalogues, fitting, role_rules, rules
from asimati.volunteering.fitting import Known, Offer, Reason
from asimati.volunteering.goals import goals
from asimati.volunteering.joining_rules import is_under
from asimati.volunteering.models import (
    Edition,
    HoursLine,
    Opportunity,
    Shift,
    SignUp,
    Skill,
    SpokenLanguage,
    Volunteer,
)
from asimati.volunteering.queries import edition_on, least_age, shift_view
from asimati.volunteering.rules import SignUpStatus

WEEKS = timedelta(weeks=8)
LOOKED_AT = 300  # shifts, the soonest first
REMEMBERED = 500  # newest lines of one's ledger that are read for the goals one has served


def suggestions(tx: Session, person: UUID, limit: int) -> list[dict[str, Any]]:
    """At most so many shifts, those with most reasons first, then the emptiest, then the soonest.

    One shift of an opportunity at most, so that no single one fills the list.
    """
    edition = edition_on(tx, clock.local_day(clock.now(tx)))
    known, born = known_of(tx, person)
    served = _served(tx, person)
    judged = []
    for row, role in _with_room(_coming(tx, person, edition)):
        offer = offer_of(row.Shift, row.Opportunity, role, served_before=row.Opportunity.id in served)
        if _old_enough(born, row, role, edition) and fitting.fits(known, offer):
            judged.append((fitting.rank(found := fitting.reasons(known, offer), offer), row, role, found))
    judged.sort(key=lambda one: (one[0], str(one[1].Shift.id), one[2] or ""))
    best: dict[UUID, tuple[Row[Any], str | None, dict[Reason, list[Any]]]] = {}
    for _, row, role, found in judged:
        best.setdefault(row.Opportunity.id, (row, role, found))
    chosen = list(best.values())[:limit]
    names = _names(tx, [found for _, _, found in chosen])
    return [_shown(*one, names) for one in chosen]


def known_of(tx: Session, person: UUID) -> tuple[Known, date | None]:
    """What is known of a volunteer, profile or not, and their day of birth."""
    born, home, said = tx.execute(
        select(Person.birth_date, Person.block, Volunteer)
        .join_from(Person, Volunteer, Volunteer.person_id == Person.id, isouter=True)
        .where(Person.id == person)
    ).one()
    lines = select(HoursLine.targets).where(HoursLine.person_id == person).order_by(HoursLine.id.desc())
    served = rules.goals_of(target for row in tx.scalars(lines.limit(REMEMBERED)) for target in row)
    if said is None:
        return Known(home=home, goals=served), born
    free = None if said.free is None else [(span.lower or 0, span.upper or 0) for span in said.free]
    away = [(span.lower, span.upper) for span in said.away]
    return Known(said.skills, said.languages, said.blocks, home, free, away, served), born


def offer_of(
    shift: Shift, opportunity: Opportunity, role: str | None = None, *, served_before: bool = False
) -> Offer:
    """A shift, or a role of it, as it is judged."""
    room = role_rules.room(shift, role)
    return Offer(
        clock.local(shift.starts_at),
        clock.local(shift.ends_at),
        room.places,
        room.free,
        opportunity.block,
        (role and shift.roles[role]["skills"]) or opportunity.skills,
        opportunity.languages,
        rules.goals_of(opportunity.targets),
        served_before,
    )


def in_the_way(person: Any, begins: Any, ends: Any) -> Any:
    """Whether somebody's calendar has something between two moments."""
    around = func.tstzrange(begins, ends)
    return select(1).where(Engagement.person_id == person, Engagement.during.overlaps(around)).exists()


def _coming(tx: Session, person: UUID, edition: Edition | None) -> Sequence[Any]:
    rest = timedelta(minutes=edition.rest_minutes if edition else 0)
    live = SignUp.status.in_([str(one) for one in rules.LIVE])
    mine = select(1).where(SignUp.shift_id == Shift.id, SignUp.person_id == person, live).exists()
    wanted = (
        select(Shift, Opportunity)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .where(
            Shift.starts_at.between(func.app_now(), func.app_now() + WEEKS),
            Shift.cancelled_at.is_(None),
            Shift.taken < Shift.places,
            or_(Shift.waiting == 0, Shift.roles != {}),  # a line may be for another role
            Opportunity.published,
            ~mine,
            ~in_the_way(person, Shift.starts_at - rest, Shift.ends_at + rest),
        )
    )
    return tx.execute(wanted.order_by(Shift.starts_at, Shift.id).limit(LOOKED_AT)).all()


def _with_room(rows: Iterable[Row[Any]]) -> Iterator[tuple[Row[Any], str | None]]:
    """Each shift with each of its roles, or none, that has free places and no line for them."""
    for row in rows:
        for role in role_rules.each(row.Shift.roles):
            room = role_rules.room(row.Shift, role)
            if room.free and not room.waiting:
                yield row, role


def _served(tx: Session, person: UUID) -> set[UUID]:
    there = (
        select(Shift.opportunity_id)
        .join(SignUp, SignUp.shift_id == Shift.id)
        .where(SignUp.person_id == person, SignUp.status == SignUpStatus.CHECKED_OUT)
    )
    return set(tx.scalars(there.order_by(SignUp.created_at.desc()).limit(REMEMBERED)))


def _old_enough(born: date | None, row: Row[Any], role: str | None, edition: Edition | None) -> bool:
    least = least_age(row.Opportunity, edition, row.Shift.roles[role] if role else None)
    return not is_under(born, clock.local_day(row.Shift.starts_at), least)


def _names(tx: Session, found: Iterable[dict[Reason, list[Any]]]) -> dict[Reason, dict[Any, Any]]:
    """The titles of all that the reasons name, in two questions."""
    wanted = list(found)
    skills = {code for one in wanted for code in one.get(Reason.SKILLS, ())}
    languages = {code for one in wanted for code in one.get(Reason.LANGUAGES, ())}
    return {
        Reason.SKILLS: {row["code"]: row["title"] for row in catalogues.titles(tx, Skill, skills)},
        Reason.LANGUAGES: {row["code"]: row["title"] for row in catalogues.titles(tx, SpokenLanguage, languages)},
        Reason.GOALS: {number: goal["title"] for number, goal in goals().items()},
    }


def _shown(
    row: Row[Any], role: str | None, found: dict[Reason, list[Any]], names: dict[Reason, dict[Any, Any]]
) -> dict[str, Any]:
    opportunity = row.Opportunity
    return {
        "shift": shift_view(row.Shift),
        "role": role,
        "opportunity": {
            name: getattr(opportunity, name) for name in ("id", "title", "location", "block", "targets", "review")
        },
        "reasons": [
            {
                "code": reason,
                "text": fitting.in_words(reason, [names[reason][one] for one in named if one in names[reason]])
                if named
                else fitting.in_words(reason),
            }
            for reason, named in found.items()
        ],
    }
