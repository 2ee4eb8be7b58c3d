"""Signing up for a shift: what everybody does in the same minute when a popular one opens.

It is two statements beside the edge's: one locks the shift and reads whatever the decision needs, one writes
whatever follows from it. Each statement more would be a round trip in which nobody else can sign up for that shift.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from asimati.accounts import calendar
from asimati.kit import audit, clock, outbox
from asimati.kit.errors import NotFound
from asimati.kit.ids import new_id
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering import messages, role_rules, rules
from asimati.volunteering.actions import readiness
from asimati.volunteering.actions.moves import ROLE_COUNTED
from asimati.volunteering.actions.waitlist import hold_shift
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.refusals import AlreadySignedUp, ShiftCancelled, ShiftFull, ShiftOver
from asimati.volunteering.rules import SignUpStatus

_LIVE = ", ".join(repr(str(status)) for status in sorted(rules.LIVE))
_MINE = (
    f"EXISTS (SELECT FROM sign_up WHERE shift_id = {{shift}} AND person_id = {{person}} AND status IN ({_LIVE}))"
)
# An engagement is in the way when it is nearer than either of the two asks for.
_NEAR = """EXISTS (SELECT FROM engagement AS e WHERE e.person_id = {person} AND during && tstzrange(
             {starts_at} - make_interval(mins => greatest(e.rest_minutes, {rest})),
             {ends_at} + make_interval(mins => greatest(e.rest_minutes, {rest}))))"""

# Whoever must wait for the locks reads shift and person as they were left by the one before. What stands in other
# tables was read before the wait; what the decision rests on there is asked once more by the statement that writes.
_READ = f"""
    SELECT shift.id, shift.opportunity_id, shift.starts_at, shift.ends_at, places, taken, waiting,
           waitlist_sequence, shift.version, shift.roles, series_id, cancelled_at, title, location, review,
           waitlist, person.birth_date, person.number AS person_number,
           app_now() AS now, coalesce(opportunity.minimum_age, edition.minimum_age, 0) AS minimum_age,
           coalesce(edition.rest_minutes, 0) AS rest, opportunity.orientation, edition.code AS edition,
           edition.orientation AS edition_orientation, edition.enrolment, edition.guardian_below,
           (SELECT max(version) FROM charter) AS charter,
           (SELECT max(version) FROM charter_acceptance WHERE person_id = person.id) AS accepted,
           EXISTS (SELECT FROM orientation AS o
              WHERE o.person_id = person.id AND o.edition = edition.code) AS oriented,
           EXISTS (SELECT FROM volunteer_enrolment AS e
              WHERE e.person_id = person.id AND e.edition = edition.code) AS enrolled,
           {_MINE.format(shift="shift.id", person="person.id")} AS mine,
           {
    _NEAR.format(
        person="person.id",
        starts_at="shift.starts_at",
        ends_at="shift.ends_at",
        rest="coalesce(edition.rest_minutes, 0)",
    )
} AS near,
           EXISTS (SELECT FROM sign_up WHERE shift_id = shift.id AND status = 'offered'
              AND offer_expires_at <= app_now()) AS late
    FROM shift JOIN opportunity ON opportunity.id = opportunity_id CROSS JOIN person
         LEFT JOIN LATERAL (
              SELECT code, minimum_age, rest_minutes, orientation, enrolment, guardian_below FROM edition
              WHERE (shift.starts_at AT TIME ZONE :zone)::date BETWEEN starts_on AND ends_on
              ORDER BY starts_on DESC, code LIMIT 1) AS edition ON true
    WHERE shift.id = :shift AND published AND person.id = :person
"""  # noqa: S608 - nothing of a caller's goes in
_READ_AND_LOCK = text(_READ + "FOR NO KEY UPDATE OF shift, person")
_READ_ONLY = text(_READ)

_STILL = f"NOT {_MINE.format(shift=':shift', person=':person')}"
_STILL_FREE = f"NOT {_NEAR.format(person=':person', starts_at=':starts_at', ends_at=':ends_at', rest=':rest')}"
_COUNT = """
    counted AS (
      UPDATE shift SET taken = taken + :takes, waiting = waiting + :waits,
                       waitlist_sequence = waitlist_sequence + :waits{role}
      FROM still WHERE id = :shift)"""
_SIGN_UP = """
    signed AS (
      INSERT INTO sign_up (id, shift_id, person_id, status, role, place, guardian_by, version)
      SELECT :id, :shift, :person, :status, CAST(:role AS text), CAST(:place AS integer),
             CAST(:guardian_by AS timestamptz), 1
      FROM still RETURNING id)"""
_ENGAGE = """
    engaged AS (
      INSERT INTO engagement (id, person_id, person_number, during, kind, source, title, rest_minutes)
      SELECT :id, :person, :person_number, tstzrange(:starts_at, :ends_at), 'shift', :id, :title, :rest
      FROM still)"""
_NOTE = """
    noted AS (
      INSERT INTO audit_line (id, actor_kind, actor_id, action, subject_type, subject_id, facts, request_id)
      SELECT :line_id, :line_actor_kind, :line_actor_id, :line_action, :line_subject_type, :line_subject_id,
             :line_facts, :line_request_id FROM still)"""
_TELL = """
    told AS (
      INSERT INTO message (id, topic, payload, request_id)
      SELECT :message_id, :message_topic, :message_payload, :message_request_id FROM still)"""


def sign_up(tx: Session, actor: Actor, shift_id: UUID, role: str | None = None) -> dict[str, Any]:
    """Take a place on a shift, or one in its line when it is full; the sign-up as its person sees it.

    On a shift with roles it is one of that role, or of its default. Raises ShiftFull where there is no line,
    ShiftOver, AlreadySignedUp, RoleNeeded, Invalid for a role it has not, Overlaps, TooLittleRest, or what
    `readiness.require_ready` finds missing. A minor's place waits for a guardian, who is asked for it.
    """
    while True:
        desk = _desk(tx, actor, shift_id)
        if desk.late:  # places are free, or somebody's in line
            hold_shift(tx, shift_id)
            tx.flush()
            desk = _desk(tx, actor, shift_id)
        wanted = role_rules.chosen(desk.roles, role)
        status, awaited = _decided(tx, actor, desk, wanted)
        if made := _write(tx, actor, desk, status, awaited, wanted):
            if awaited:
                _ask_guardians(tx, made["id"], desk)
            return made
        # Something of theirs came in between: the desk now shows what.


def _desk(tx: Session, actor: Actor, shift_id: UUID) -> Any:
    statement = _READ_ONLY if settings().without("place_lock") else _READ_AND_LOCK
    values = {"shift": shift_id, "person": actor.person, "zone": settings().governorate.time_zone.key}
    desk = tx.execute(statement, values).one_or_none()
    if desk is None:
        raise NotFound
    return desk


def _decided(tx: Session, actor: Actor, desk: Any, role: str | None) -> tuple[SignUpStatus, datetime | None]:
    """What a newcomer gets, and until when a guardian must answer for it; or a refusal."""
    if desk.cancelled_at:
        raise ShiftCancelled
    if desk.ends_at <= desk.now:
        raise ShiftOver
    if desk.mine:
        raise AlreadySignedUp
    asked = desk.roles[role] if role else readiness.NO_ROLE
    least = max(desk.minimum_age, asked["minimum_age"] or 0)
    terms = readiness.Terms(least, desk.orientation, desk.edition, desk.edition_orientation, desk.enrolment)
    known = readiness.Readiness(desk.birth_date, desk.charter, desk.accepted, desk.oriented, desk.enrolled)
    readiness.require_ready(known, terms, clock.local_day(desk.starts_at))
    readiness.require_skill(tx, actor.person, asked)
    begun = desk.starts_at <= desk.now  # no place is handed on any more
    room = role_rules.room(desk, role)
    if not room.free or (room.waiting and not begun):
        if not desk.waitlist or begun:
            raise ShiftFull(places=room.places)
        return SignUpStatus.WAITLISTED, None
    if desk.near:
        calendar.require_free(tx, actor.person, desk.starts_at, desk.ends_at, desk.rest)
    awaited = readiness.consent_awaited(
        tx, actor.person, desk.birth_date, desk.starts_at, desk.edition, desk.guardian_below
    )
    return SignUpStatus.PENDING if desk.review or awaited else SignUpStatus.CONFIRMED, awaited


def _ask_guardians(tx: Session, sign_up_id: UUID, desk: Any) -> None:
    shift, opportunity = tx.get_one(Shift, desk.id), tx.get_one(Opportunity, desk.opportunity_id)
    readiness.ask_guardians(tx, tx.get_one(SignUp, sign_up_id), shift, opportunity)


def _write(
    tx: Session, actor: Actor, desk: Any, status: SignUpStatus, guardian_by: datetime | None, role: str | None
) -> dict[str, Any] | None:
    """Everything that follows from the decision, in one statement; None when it stands on nothing any more."""
    waits, found = status is SignUpStatus.WAITLISTED, new_id()
    place = desk.waitlist_sequence + 1 if waits else None
    line = audit.as_row(actor, "volunteering.signed_up", ("sign_up", found), shift=desk.id, status=str(status))
    kind = messages.SignUpWaitlisted if waits else messages.SignedUp
    message = kind(
        person=actor.person,
        about={"type": "sign-up", "reference": str(found)},
        title=role_rules.named(desk.title, desk.roles, role),
        starts_at=desk.starts_at,
        location=desk.location,
    )
    values = {
        "shift": desk.id, "person": actor.person, "person_number": desk.person_number,
        "id": found, "status": status.value, "role": role, "place": place,
        "guardian_by": guardian_by, "takes": int(not waits), "waits": int(waits),
        "starts_at": desk.starts_at, "ends_at": desk.ends_at, "title": desk.title, "rest": desk.rest,
        **{f"line_{name}": value for name, value in line.items()},
        **{f"message_{name}": value for name, value in outbox.as_row(message).items()},
    }  # fmt: skip
    if tx.execute(_statement(waits, role is not None), values).one_or_none() is None:
        return None
    return _shown(desk, found, status, place, guardian_by, role)


@cache
def _statement(waits: bool, in_role: bool) -> TextClause:
    still = _STILL if waits else f"{_STILL} AND {_STILL_FREE}"
    counted = _COUNT.format(role=f", roles = {ROLE_COUNTED}" if in_role else "")
    parts = [f"still AS (SELECT WHERE {still})", counted, _SIGN_UP, _NOTE, *([] if waits else [_ENGAGE]), _TELL]
    statement = text(f"WITH {','.join(parts)} SELECT id FROM signed")  # noqa: S608
    json = ["message_payload", *([] if waits else ["title"])]
    return statement.bindparams(*(bindparam(name, type_=JSONB()) for name in json))


def _shown(
    desk: Any, found: UUID, status: SignUpStatus, place: int | None, guardian_by: datetime | None, role: str | None
) -> dict[str, Any]:
    """As `queries.sign_up_view` would show it, without asking for what is known."""
    waits = place is not None
    counted = role_rules.counted(desk.roles, role, int(not waits), int(waits))
    return {
        "id": found,
        "shift": {
            "id": desk.id,
            "opportunity": desk.opportunity_id,
            "starts_at": desk.starts_at,
            "ends_at": desk.ends_at,
            "places": desk.places,
            "places_left": desk.places - desk.taken - int(not waits),
            "waiting": desk.waiting + int(waits),
            "roles": role_rules.shown(counted),
            "series": desk.series_id,
            "cancelled_at": None,
            "version": desk.version,
        },
        "title": desk.title,
        "status": status,
        "role": role,
        "guardian_by": guardian_by,
        "place": place,
        "offer_expires_at": None,
        "checked_in_at": None,
        "checked_out_at": None,
        "version": 1,
    }
