"""Questions about places that volunteers offer one another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, cast, func, or_, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Engagement, Person
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.volunteering.models import Opportunity, Shift, SignUp, Swap, Volunteer
from asimati.volunteering.queries import shift_view
from asimati.volunteering.rules import SignUpStatus, SwapStatus


def swap(tx: Session, actor: Actor, swap_id: UUID) -> dict[str, Any]:
    """One the caller offers, or NotFound."""
    row = tx.execute(_rows().where(Swap.id == swap_id, Swap.person_id == actor.person)).one_or_none()
    if row is None:
        raise NotFound
    return _view(actor, row)


def swaps(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """What the caller offers, and what others offer to everybody and the caller is fit and free for.

    Taking asks all of it again: rest too, and the line.
    """
    ahead = (Swap.status == SwapStatus.OFFERED, SignUp.status == SignUpStatus.CONFIRMED)
    free = (
        ~select(Engagement.id)
        .where(
            Engagement.person_id == actor.person,
            Engagement.during.op("&&")(func.tstzrange(Shift.starts_at, Shift.ends_at)),
        )
        .exists()
    )
    born = select(Person.birth_date).where(Person.id == actor.person).scalar_subquery()
    age = func.extract("year", func.age(Shift.starts_at, born))
    least = func.coalesce(func.greatest(Opportunity.minimum_age, _of_role("minimum_age")), 0)
    fits = or_(born.is_(None), age >= least)
    asked = Shift.roles.op("->")(SignUp.role).op("->")("skills")
    can = select(Volunteer.skills).where(Volunteer.person_id == actor.person).scalar_subquery()
    able = or_(func.coalesce(func.jsonb_array_length(asked), 0) == 0, asked.op("?|")(can))
    fair = func.coalesce(_of_role("waiting"), Shift.waiting) == 0
    statement = _rows().where(
        *ahead,
        Shift.starts_at > func.app_now(),
        or_(Swap.person_id == actor.person, Swap.open & free & fits & able & fair),
    )
    found = paginate(tx, statement, [Swap.created_at.desc(), Swap.id.desc()], page)
    return Page([_view(actor, row) for row in found.items], found.next)


def _of_role(name: str) -> Any:
    """A number of the role whose place is offered; null where the shift has no roles."""
    return cast(Shift.roles.op("->")(SignUp.role).op("->>")(name), Integer)


def _rows() -> Select[Any]:
    return (
        select(Swap, Shift, Opportunity.title, SignUp.role)
        .join(SignUp, SignUp.id == Swap.sign_up_id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
    )


def _view(actor: Actor, row: Any) -> dict[str, Any]:
    found, shift, title, role = row[:4]
    return {
        "id": found.id,
        "shift": shift_view(shift),
        "title": title,
        "role": role,
        "open": found.open,
        "mine": found.person_id == actor.person,
        "status": found.status,
        "created_at": found.created_at,
        "version": found.version,
    }
