"""Shifts that recur by a rule, and what becomes of one of them, or of it and all the later ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.kit import audit, clock
from asimati.kit.errors import Invalid, Stale
from asimati.kit.ids import new_id
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.places.models import Holiday
from asimati.settings import settings
from asimati.volunteering import messages, policy, role_rules, rules
from asimati.volunteering.actions.moves import locked, move, told
from asimati.volunteering.actions.organising import known_roles, opportunity_of, require_times, seats
from asimati.volunteering.actions.waitlist import hand_on
from asimati.volunteering.models import Opportunity, Shift, ShiftSeries, SignUp
from asimati.volunteering.refusals import PlacesTaken, RolesUsed, ShiftCancelled, ShiftOver, ShiftUsed
from asimati.volunteering.role_rules import Role
from asimati.volunteering.rules import Scope, SignUpStatus

LONGEST = timedelta(days=366)  # of a series
_WAITING = (SignUpStatus.WAITLISTED, SignUpStatus.OFFERED, SignUpStatus.PENDING, SignUpStatus.CONFIRMED)


def preview(tx: Session, actor: Actor, rule: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule would make: its days with their times, and the holidays that are left out. Raises Invalid."""
    policy.require(actor, "organise")
    return {"id": None, "made": 0, "days": _days(tx, rule)}


def make_series(tx: Session, actor: Actor, rule: Mapping[str, Any]) -> dict[str, Any]:
    """Make the shifts of a rule. Asked twice, it makes those that are missing: a day has one shift of a series.

    A shift that was changed or cancelled stays as it is. Raises Invalid.
    """
    policy.require(actor, "organise")
    days = _days(tx, rule)
    room = seats(tx, opportunity_of(tx, rule["opportunity"]), rule)
    series = _series(tx, {**rule, "places": room["places"]})
    rows = [
        {
            "id": new_id(), "opportunity_id": series.opportunity_id, "series_id": series.id,
            "series_day": one["day"], "starts_at": one["starts_at"], "ends_at": one["ends_at"],
            "taken": 0, **room,
        }
        for one in days if one["holiday"] is None
    ]  # fmt: skip
    once = insert(Shift).on_conflict_do_nothing(index_elements=["series_id", "series_day"]).returning(Shift.id)
    made = tx.scalars(once.values(rows)).all() if rows else []
    audit.record(tx, actor, "volunteering.series_made", ("shift_series", series.id), shifts=len(made))
    return {"id": series.id, "made": len(made), "days": days}


def edit_shift(
    tx: Session,
    actor: Actor,
    shift_id: UUID,
    version: int | None,
    *,
    places: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    roles: Sequence[Role] | None = None,
    scope: Scope = Scope.ONE,
) -> Shift:
    """Change how many a shift takes, or its times while nobody is signed up; with the later ones of its series too.

    Times of day move by the governorate's clock. `roles` are all it is to have; those somebody signed up for stay.
    Raises PlacesTaken, RolesUsed, ShiftUsed, ShiftCancelled, Invalid or Stale: for any of the shifts, and then none
    is changed.
    """
    policy.require(actor, "organise")
    first, *later = _held(tx, shift_id, scope)
    if version is not None and first.version != version:
        raise Stale
    if first.cancelled_at:
        raise ShiftCancelled
    times = _times(first, starts_at, ends_at)
    asked = None if roles is None else known_roles(tx, roles, first.roles.values())
    for shift in (first, *later):
        _edit(tx, actor, shift, places, times, asked)
    return first


def cancel(
    tx: Session, actor: Actor, shift_id: UUID, reason: Mapping[str, Any], scope: Scope = Scope.ONE
) -> dict[str, int]:
    """Let a shift not take place, or it and the later ones of its series; its volunteers are told why and are free.

    How many shifts and volunteers that concerned; those cancelled before are left. Raises ShiftOver once the first
    one has begun.
    """
    policy.require(actor, "organise")
    shifts = _held(tx, shift_id, scope)
    now = clock.now(tx)
    if shifts[0].starts_at <= now:
        raise ShiftOver
    open_ = [shift for shift in shifts if shift.cancelled_at is None]
    return {"shifts": len(open_), "told": sum(_cancel(tx, actor, shift, reason, now) for shift in open_)}


def _cancel(tx: Session, actor: Actor, shift: Shift, reason: Mapping[str, Any], now: datetime) -> int:
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    concerned = select(SignUp).where(SignUp.shift_id == shift.id, SignUp.status.in_(_WAITING)).order_by(SignUp.id)
    people = tx.scalars(concerned.execution_options(populate_existing=True)).all()
    for found in people:
        move(tx, actor, found, shift, SignUpStatus.CANCELLED)
        publish(tx, told(messages.ShiftCancelled, found, shift, opportunity, reason=dict(reason)))
    tx.refresh(shift)
    shift.cancelled_at, shift.version = now, shift.version + 1
    audit.record(tx, actor, "volunteering.shift_cancelled", ("shift", shift.id), told=len(people))
    tx.flush()
    return len(people)


def _edit(
    tx: Session,
    actor: Actor,
    shift: Shift,
    places: int | None,
    times: tuple[timedelta, time, int] | None,
    roles: Sequence[Role] | None,
) -> None:
    if times is not None:
        if shift.taken or shift.waiting:
            raise ShiftUsed
        days, begins, minutes = times
        shift.starts_at = _at(clock.local_day(shift.starts_at) + days, begins)
        shift.ends_at = shift.starts_at + timedelta(minutes=minutes)
    if roles is not None:
        _cast(tx, shift, roles)
    if places is not None:
        if shift.roles:
            raise Invalid([("/places", _("The roles of this shift say how many places it has."))])
        if places < shift.taken:
            raise PlacesTaken(taken=shift.taken)
        shift.places = places
    shift.version += 1
    tx.flush()
    hand_on(tx, shift)
    audit.record(tx, actor, "volunteering.shift_edited", ("shift", shift.id), places=shift.places)


def _cast(tx: Session, shift: Shift, roles: Sequence[Role]) -> None:
    """Give a shift these roles; those somebody has signed up for stay, with places for all who have them."""
    after = role_rules.changed(shift.roles, roles)
    signed_up: set[str | None] = set(tx.scalars(select(SignUp.role).where(SignUp.shift_id == shift.id).distinct()))
    if not signed_up <= (set(after) if after else {None}):
        raise RolesUsed
    for role in after.values():
        if role["places"] < role["taken"]:
            raise PlacesTaken(taken=role["taken"])
    shift.roles = after
    shift.places = role_rules.places(roles) or shift.places


def _times(
    shift: Shift, starts_at: datetime | None, ends_at: datetime | None
) -> tuple[timedelta, time, int] | None:
    """By how many days a change moves shifts, to which time of day, and their minutes then; None for no change."""
    if starts_at is None and ends_at is None:
        return None
    starts_at, ends_at = starts_at or shift.starts_at, ends_at or shift.ends_at
    require_times(starts_at, ends_at)
    days = clock.local_day(starts_at) - clock.local_day(shift.starts_at)
    return days, clock.local(starts_at).time(), int((ends_at - starts_at) / timedelta(minutes=1))


def _held(tx: Session, shift_id: UUID, scope: Scope) -> list[Shift]:
    """The shift and, where they are meant, the later ones of its series not cancelled yet, under their locks."""
    wanted = tx.get(Shift, shift_id)
    if scope is Scope.ONE or wanted is None or wanted.series_id is None:
        return [locked(tx, shift_id)]
    later = select(Shift.id).where(
        Shift.series_id == wanted.series_id, Shift.series_day > wanted.series_day, Shift.cancelled_at.is_(None)
    )
    ids = sorted([shift_id, *tx.scalars(later)])  # one order for everybody who holds many
    held = {one: locked(tx, one) for one in ids}
    rest: Sequence[Shift] = [shift for one, shift in held.items() if one != shift_id]
    return [held[shift_id], *sorted(rest, key=lambda shift: shift.starts_at)]


def _series(tx: Session, rule: Mapping[str, Any]) -> ShiftSeries:
    """The series of this rule: the one there is, or a new one."""
    told_apart = {
        "opportunity_id": rule["opportunity"], "weekdays": _weekdays(rule), "first_day": rule["first_day"],
        "until": rule["until"], "begins": time.fromisoformat(rule["begins"]), "minutes": rule["minutes"],
    }  # fmt: skip
    row = {**told_apart, "id": new_id(), "places": rule["places"], "holidays": rule["holidays"]}
    tx.execute(insert(ShiftSeries).values(row).on_conflict_do_nothing())
    same = (getattr(ShiftSeries, name) == value for name, value in told_apart.items())
    return tx.scalars(select(ShiftSeries).where(*same)).one()


def _days(tx: Session, rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    opportunity_of(tx, rule["opportunity"])
    if not rule["weekdays"]:
        raise Invalid([("/weekdays", _("This is required."))])
    first, until = rule["first_day"], rule["until"]
    if not first <= until <= first + LONGEST:
        raise Invalid([("/until", _("A series ends after it begins, and within a year."))])
    kept = {} if rule["holidays"] else _holidays(tx, first, until)
    begins, length = time.fromisoformat(rule["begins"]), timedelta(minutes=rule["minutes"])
    days = rules.days_of(rule["weekdays"], first, until)
    return [
        {"day": day, "starts_at": _at(day, begins), "ends_at": _at(day, begins) + length, "holiday": kept.get(day)}
        for day in days
    ]


def _holidays(tx: Session, first: date, until: date) -> dict[date, Any]:
    found = select(Holiday.day, Holiday.name).where(Holiday.day >= first, Holiday.day <= until)
    return {row.day: row.name for row in tx.execute(found)}


def _weekdays(rule: Mapping[str, Any]) -> list[str]:
    return [str(day) for day in rules.WEEKDAYS if day in rule["weekdays"]]


def _at(day: date, begins: time) -> datetime:
    """A time of day by the governorate's clock, in UTC."""
    return datetime.combine(day, begins, settings().governorate.time_zone).astimezone(UTC)
