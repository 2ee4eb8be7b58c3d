"""Whom a call for volunteers reaches: one statement judges every profile, for the preview and for the call.

Whoever was called longest ago comes first, then who served least in the edition, then by a lot drawn for each call:
so the same people are not called again and again, nor those who serve most.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, Text, and_, cast, false, func, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering import calling_rules, policy, profile_rules, role_rules, rules
from asimati.volunteering.calling_rules import Answer
from asimati.volunteering.joining_rules import ConsentStatus
from asimati.volunteering.models import (
    Call,
    CallOut,
    Edition,
    GuardianConsent,
    HoursLine,
    Opportunity,
    Shift,
    SignUp,
    Volunteer,
)
from asimati.volunteering.queries import edition_on, least_age, shift_view
from asimati.volunteering.suggestions import in_the_way

WEEK = timedelta(days=7)


def against(tx: Session, shift: Shift, opportunity: Opportunity, role: str | None = None) -> dict[str, Any]:
    """What may speak against calling somebody, each a condition on a profile; somebody fits whom none concerns."""
    asked = shift.roles[role] if role else None
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    starts, ends = clock.local(shift.starts_at), clock.local(shift.ends_at)
    wanted = ",".join(f"[{begin},{end})" for begin, end in profile_rules.stretch(starts, ends))
    times = cast(literal(f"{{{wanted}}}", Text), INT4MULTIRANGE)
    day = cast(literal(starts.date()), Date)
    rest = timedelta(minutes=edition.rest_minutes if edition else 0)
    live = SignUp.status.in_([str(one) for one in rules.LIVE])
    mine = select(1).where(SignUp.shift_id == shift.id, SignUp.person_id == Volunteer.person_id, live)
    before = select(Call.person_id).join(CallOut, CallOut.id == Call.call_out_id)
    before = before.where(CallOut.shift_id == shift.id, Call.person_id == Volunteer.person_id)
    lately = select(func.count()).where(
        Call.person_id == Volunteer.person_id, Call.called_at > func.app_now() - WEEK
    )
    busy = in_the_way(Volunteer.person_id, literal(shift.starts_at - rest), literal(shift.ends_at + rest))
    elsewhere = and_(
        literal(opportunity.block is not None),
        func.cardinality(Volunteer.blocks) > 0,
        not_(literal(opportunity.block or "", Text) == func.any(Volunteer.blocks)),
    )
    return {
        "signed_up": mine.exists(),
        "called_already": before.exists(),
        "no_calls": not_(Volunteer.call_outs),
        "age": _too_young(shift, least_age(opportunity, edition, asked), edition),
        "skills": _lacks(Volunteer.skills, (asked and asked["skills"]) or opportunity.skills),
        "languages": _lacks(Volunteer.languages, opportunity.languages),
        "reach": elsewhere,
        "times": or_(
            and_(Volunteer.free.is_not(None), not_(Volunteer.free.op("@>")(times))), Volunteer.away.op("@>")(day)
        ),
        "engaged": busy,
        "called_enough": lately.scalar_subquery() >= _facts().get("calls_a_week", calling_rules.CALLS_A_WEEK),
    }


def preview(tx: Session, actor: Actor, shift_id: UUID, role: str | None = None) -> dict[str, Any]:
    """How many volunteers there are, how many fit, and how many each thing speaks against.

    Raises NotFound, or what `role_rules.chosen` does.
    """
    policy.require(actor, "organise")
    shift, opportunity = of_shift(tx, shift_id)
    role = role_rules.chosen(shift.roles, role)
    whys = against(tx, shift, opportunity, role)
    counted = [func.count().filter(why).label(name) for name, why in whys.items()]
    fit = func.count().filter(not_(or_(false(), *whys.values()))).label("fit")
    wanted: Any = select(func.count().label("known"), fit, *counted)
    found = tx.execute(_known(wanted)).one()._asdict()
    known, fitting = found.pop("known"), found.pop("fit")
    free = role_rules.room(shift, role).free
    return {
        "shift": shift_view(shift),
        "role": role,
        "volunteers": known,
        "fit": fitting,
        "would_call": min(fitting, calling_rules.how_many(free)),
        "urgent": urgent(tx, shift),
        "against": [{"code": name, "people": count} for name, count in found.items()],
    }


def chosen(
    tx: Session, shift: Shift, opportunity: Opportunity, number: int, lot: UUID, role: str | None = None
) -> list[UUID]:
    """Whom to call: at most so many who fit, in the order of turns."""
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    last = select(func.max(Call.called_at)).where(Call.person_id == Volunteer.person_id).scalar_subquery()
    code = edition.code if edition else None
    served = (
        select(func.coalesce(func.sum(HoursLine.minutes), 0))
        .where(HoursLine.person_id == Volunteer.person_id, HoursLine.edition == code)
        .scalar_subquery()
    )
    lots = func.md5(cast(Volunteer.person_id, Text) + str(lot))
    fit = [not_(why) for why in against(tx, shift, opportunity, role).values()]
    wanted = _known(select(Volunteer.person_id)).where(*fit)
    return list(tx.scalars(wanted.order_by(last.asc().nulls_first(), served, lots).limit(number)))


def urgent(tx: Session, shift: Shift) -> bool:
    """Whether a call for this shift goes out at any hour."""
    hours = _facts().get("urgent_hours", calling_rules.URGENT_HOURS)
    return calling_rules.is_urgent(clock.now(tx), shift.starts_at, hours)


def of_shift(tx: Session, shift_id: UUID) -> tuple[Shift, Opportunity]:
    """A shift and what it is of. Raises NotFound."""
    shift = tx.get(Shift, shift_id)
    if shift is None:
        raise NotFound
    return shift, tx.get_one(Opportunity, shift.opportunity_id)


def call_outs(tx: Session, actor: Actor, shift_id: UUID, page: PageArgs) -> Page:
    """The calls for a shift, newest first, with what came of each. Raises NotFound."""
    policy.require(actor, "see")
    of_shift(tx, shift_id)
    found = paginate(
        tx, select(CallOut).where(CallOut.shift_id == shift_id), [CallOut.created_at.desc(), CallOut.id], page
    )
    return Page([shown(tx, one) for one in found.items], found.next)


def shown(tx: Session, found: CallOut) -> dict[str, Any]:
    """A call as the staff read it: numbers, no names."""
    answers = select(Call.answer, func.count()).where(Call.call_out_id == found.id).group_by(Call.answer)
    said = {row[0]: row[1] for row in tx.execute(answers)}
    names = ("id", "role", "text", "urgent", "called", "created_at")
    return {name: getattr(found, name) for name in names} | {
        "shift": found.shift_id,
        "come": said.get(Answer.COMES, 0),
        "cannot": said.get(Answer.CANNOT, 0),
    }


def mine(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """The calls one received for shifts that have not begun, newest first."""
    wanted: Any = (
        select(CallOut, Call, Shift, Opportunity)
        .join(Call, Call.call_out_id == CallOut.id)
        .join(Shift, Shift.id == CallOut.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .where(Call.person_id == actor.person, Shift.starts_at > func.app_now())
    )
    found = paginate(tx, wanted, [CallOut.created_at.desc(), CallOut.id], page)
    return Page([_received(*row[:4]) for row in found.items], found.next)


def one_of_mine(tx: Session, actor: Actor, call_out_id: UUID) -> dict[str, Any]:
    """A call one received. Raises NotFound."""
    row = tx.execute(
        select(CallOut, Call, Shift, Opportunity)
        .join(Call, Call.call_out_id == CallOut.id)
        .join(Shift, Shift.id == CallOut.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .where(Call.person_id == actor.person, CallOut.id == call_out_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound
    return _received(*row)


def _received(found: CallOut, call: Call, shift: Shift, opportunity: Opportunity) -> dict[str, Any]:
    return {
        "id": found.id,
        "title": opportunity.title,
        "location": opportunity.location,
        "text": found.text,
        "urgent": found.urgent,
        "shift": shift_view(shift),
        "role": found.role,
        "called_at": call.called_at,
        "answer": call.answer,
        "sign_up": call.sign_up_id,
    }


def _known(statement: Select[Any]) -> Select[Any]:
    return statement.select_from(Volunteer).join(Person, Person.id == Volunteer.person_id)


def _lacks(said: Any, wanted: list[str]) -> Any:
    return not_(said.overlap(wanted)) if wanted else false()


def _too_young(shift: Shift, least: int, edition: Edition | None) -> Any:
    """Younger than the shift takes, or so young that a guardian would have to consent first and has not."""
    day = clock.local_day(shift.starts_at)
    younger: Any = Person.birth_date > _years_before(day, least)
    if edition is None:
        return func.coalesce(younger, literal(False))
    agreed = select(1).where(
        GuardianConsent.person_id == Volunteer.person_id,
        GuardianConsent.edition == edition.code,
        GuardianConsent.status == ConsentStatus.GIVEN,
    )
    minor = and_(Person.birth_date > _years_before(day, edition.guardian_below), not_(agreed.exists()))
    return func.coalesce(or_(younger, minor), literal(False))


def _years_before(day: date, years: int) -> date:
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year - years)


def _facts() -> Mapping[str, Any]:
    found: Mapping[str, Any] = settings().governorate.facts.get("volunteering", {})
    return found
