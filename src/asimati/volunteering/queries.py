"""Questions about volunteering: what is offered, who signed up, what the ledger adds up to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.text import fold
from asimati.volunteering import policy, role_rules, rules
from asimati.volunteering.models import Edition, HoursClaim, Opportunity, Shift, SignUp
from asimati.volunteering.role_rules import Role
from asimati.volunteering.rules import ClaimStatus, SignUpStatus


def edition_on(tx: Session, day: date) -> Edition | None:
    """The edition a day belongs to."""
    holds = select(Edition).where(Edition.starts_on <= day, Edition.ends_on >= day)
    return tx.scalar(holds.order_by(Edition.starts_on.desc(), Edition.code).limit(1))


def least_age(opportunity: Opportunity, edition: Edition | None, role: Role | None = None) -> int:
    """How old one must be: as the opportunity says, else as its edition does, or more if the role asks for more."""
    own, edition_s = opportunity.minimum_age, edition.minimum_age if edition else 0
    return max(edition_s if own is None else own, (role or {}).get("minimum_age") or 0)


def tolerance_of(tx: Session, shift: Shift) -> timedelta:
    """How far from a shift's times its edition lets hours count."""
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    return timedelta(minutes=edition.tolerance_minutes if edition else 0)


def opportunities(
    tx: Session, page: PageArgs, q: str | None = None, goal: int | None = None, *, unpublished: bool = False
) -> Page:
    """What is offered, newest first."""
    statement = select(Opportunity)
    if not unpublished:
        statement = statement.where(Opportunity.published)
    if q:
        statement = statement.where(Opportunity.search.contains(fold(q), autoescape=True))
    if goal:
        target = func.jsonb_array_elements_text(Opportunity.targets).table_valued("value")
        statement = statement.where(select(1).select_from(target).where(target.c.value.like(f"{goal}.%")).exists())
    return paginate(tx, statement, [Opportunity.created_at.desc(), Opportunity.id.desc()], page)


def opportunity(tx: Session, opportunity_id: UUID, *, unpublished: bool = False) -> dict[str, Any]:
    """One opportunity with its shifts that are not over, or NotFound."""
    found = tx.get(Opportunity, opportunity_id)
    if found is None or not (found.published or unpublished):
        raise NotFound
    coming = select(Shift).where(Shift.opportunity_id == opportunity_id, Shift.ends_at > clock.now(tx))
    if not unpublished:
        coming = coming.where(Shift.cancelled_at.is_(None))
    shifts = [shift_view(shift) for shift in tx.scalars(coming.order_by(Shift.starts_at, Shift.id))]
    names = (
        "id",
        "title",
        "description",
        "host",
        "location",
        "block",
        "targets",
        "review",
        "minimum_age",
        "orientation",
        "skills",
        "languages",
        "roles",
        "waitlist",
        "published",
        "meeting_point",
        "lat",
        "lon",
        "entity_id",
        "state",
    )
    return {name: getattr(found, name) for name in names} | {"shifts": shifts, "version": found.version}


def shift_view(shift: Shift) -> dict[str, Any]:
    """A shift as people see it."""
    return {
        "id": shift.id,
        "opportunity": shift.opportunity_id,
        "starts_at": shift.starts_at,
        "ends_at": shift.ends_at,
        "places": shift.places,
        "places_left": shift.places - shift.taken,
        "waiting": shift.waiting,
        "roles": role_rules.shown(shift.roles),
        "series": shift.series_id,
        "cancelled_at": shift.cancelled_at,
        "version": shift.version,
    }


def shifts(tx: Session, page: PageArgs, since: datetime | None = None) -> Page:
    """Shifts by time."""
    statement = select(Shift) if since is None else select(Shift).where(Shift.ends_at > since)
    found = paginate(tx, statement, [Shift.starts_at, Shift.id], page)
    return Page([shift_view(shift) for shift in found.items], found.next)


def sign_ups(
    tx: Session, actor: Actor, page: PageArgs, status: SignUpStatus | None = None, shift: UUID | None = None
) -> Page:
    """Sign-ups the actor may see, newest first, each with its shift."""
    statement = policy.visible(_with_shift(SignUp), actor)
    if status is not None:
        statement = statement.where(SignUp.status == status)
    if shift is not None:
        statement = statement.where(SignUp.shift_id == shift)
    found = paginate(tx, statement, [SignUp.created_at.desc(), SignUp.id.desc()], page)
    return Page([_sign_up(*row[:4]) for row in found.items], found.next)


def sign_up_view(tx: Session, found: SignUp) -> dict[str, Any]:
    """A sign-up with its shift, the opportunity's title and, for staff, the volunteer."""
    return _sign_up(*tx.execute(_with_shift(SignUp).where(SignUp.id == found.id)).one())


def claims(tx: Session, actor: Actor, page: PageArgs, status: ClaimStatus | None = None) -> Page:
    """Hours that wait for a word, or were decided, oldest first."""
    policy.require(actor, "see")
    statement = _with_shift(HoursClaim, SignUp).join(HoursClaim, HoursClaim.sign_up_id == SignUp.id)
    if status is not None:
        statement = statement.where(HoursClaim.status == status)
    found = paginate(tx, statement, [HoursClaim.created_at, HoursClaim.id], page)
    return Page([_claim(row[0], *row[1:5]) for row in found.items], found.next)


def pending_sign_ups(tx: Session) -> int:
    """How many sign-ups wait for a coordinator's word."""
    return int(tx.scalars(select(func.count()).where(SignUp.status == SignUpStatus.PENDING)).one())


def pending_hours(tx: Session) -> int:
    """How many claimed hours wait for a second person."""
    return int(tx.scalars(select(func.count()).where(HoursClaim.status == ClaimStatus.PENDING)).one())


def claim_view(tx: Session, claim: HoursClaim) -> dict[str, Any]:
    """A claim with what it is about."""
    return _claim(claim, *tx.execute(_with_shift(SignUp).where(SignUp.id == claim.sign_up_id)).one())


def _with_shift(*what: Any) -> Select[Any]:
    """Rows of `what`, which ends with sign-ups, and each sign-up's shift, title and volunteer."""
    return (
        select(*what, Shift, Opportunity.title, Person)
        .join_from(SignUp, Shift, Shift.id == SignUp.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .join(Person, Person.id == SignUp.person_id)
    )


def _sign_up(found: SignUp, shift: Shift, title: Any, person: Person) -> dict[str, Any]:
    return {
        "id": found.id,
        "shift": shift_view(shift),
        "title": title,
        "person": {"id": person.id, "name": {"ar": person.name_ar, "en": person.name_latin}},
        "status": found.status,
        "role": found.role,
        "guardian_by": found.guardian_by,
        "place": found.place if found.status is SignUpStatus.WAITLISTED else None,
        "offer_expires_at": found.offer_expires_at,
        "checked_in_at": found.checked_in_at,
        "checked_out_at": found.checked_out_at,
        "version": found.version,
    }


def _claim(claim: HoursClaim, *served: Any) -> dict[str, Any]:
    return {
        "id": claim.id,
        "minutes": claim.minutes,
        "hours": rules.hours(claim.minutes),
        "status": claim.status,
        "created_at": claim.created_at,
        "sign_up": _sign_up(*served),
        "person_id": claim.person_id,
        "version": claim.version,
    }


def queue_counts(tx: Session, actor: Actor) -> Mapping[str, int]:
    """How many sign-ups and hours wait for a coordinator."""
    policy.require(actor, "see")
    pending = select(func.count()).select_from(SignUp).where(SignUp.status == SignUpStatus.PENDING)
    waiting = select(func.count()).select_from(HoursClaim).where(HoursClaim.status == ClaimStatus.PENDING)
    return {"sign-ups": tx.scalar(pending) or 0, "hours": tx.scalar(waiting) or 0}


# --- what must hold --------------------------------------------------------------------------------------------

_HELD = ", ".join(repr(str(status)) for status in sorted(rules.HOLDING))
_FAULTS = text(
    f"""
    SELECT (SELECT count(*) FROM shift WHERE taken <> (SELECT count(*) FROM sign_up
              WHERE shift_id = shift.id AND status IN ({_HELD}))) AS shifts,
           (SELECT count(*) FROM shift WHERE waiting <> (SELECT count(*) FROM sign_up
              WHERE shift_id = shift.id AND status = 'waitlisted')) AS lines,
           (SELECT count(*) FROM shift WHERE roles <> '{{}}' AND (
              (SELECT (sum((r ->> 'places')::int), sum((r ->> 'taken')::int), sum((r ->> 'waiting')::int))
               FROM jsonb_path_query(roles, '$.*') AS r)
              IS DISTINCT FROM (places::bigint, taken::bigint, waiting::bigint)
              OR EXISTS (SELECT FROM jsonb_each(roles) AS r WHERE
                ((r.value ->> 'taken')::int, (r.value ->> 'waiting')::int) IS DISTINCT FROM (
                  SELECT ((count(*) FILTER (WHERE status IN ({_HELD})))::int,
                          (count(*) FILTER (WHERE status = 'waitlisted'))::int)
                  FROM sign_up WHERE shift_id = shift.id AND role = r.key)))) AS roles,
           (SELECT count(*) FROM hours_claim c WHERE (status = 'approved')::int <> (
              SELECT count(*) FILTER (WHERE kind = 'approved') - count(*) FILTER (WHERE kind = 'voided')
              FROM hours_line WHERE claim_id = c.id)) AS claims,
           (SELECT count(*) FROM hours_line v JOIN hours_line a ON a.id = v.voids
              WHERE (v.claim_id, v.person_id, v.minutes, v.targets) IS DISTINCT FROM
                    (a.claim_id, a.person_id, -a.minutes, a.targets)
                 OR v.edition IS DISTINCT FROM a.edition) AS voids
    """  # noqa: S608 - nothing of a caller's goes in
)


def verify_hours(tx: Session) -> dict[str, Any]:
    """Places taken equal the sign-ups that hold them; approved hours count once; a voided line undoes its own.

    `ok`, and the number of shifts, lines of people, shifts with roles, claims and voided lines that fail.
    """
    faults = dict(tx.execute(_FAULTS).one()._mapping)
    return {"ok": not any(faults.values()), **faults}
