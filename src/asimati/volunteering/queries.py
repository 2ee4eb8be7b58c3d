"""Questions about volunteering: what is offered, who signed up, what the ledger adds up to."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.kit import clock, secrets
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.text import fold
from asimati.volunteering import policy, rules
from asimati.volunteering.models import Credential, Edition, HoursClaim, HoursLine, Opportunity, Shift, SignUp
from asimati.volunteering.rules import ClaimStatus, SignUpStatus


def edition_on(tx: Session, day: date) -> Edition | None:
    """The edition a day belongs to."""
    return tx.scalar(select(Edition).where(Edition.starts_on <= day, Edition.ends_on >= day).limit(1))


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
        "published",
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
        "version": shift.version,
    }


def shifts(tx: Session, page: PageArgs, since: datetime | None = None) -> Page:
    """Shifts by time."""
    statement = select(Shift) if since is None else select(Shift).where(Shift.ends_at > since)
    found = paginate(tx, statement, [Shift.starts_at, Shift.id], page)
    return Page([shift_view(shift) for shift in found.items], found.next)


def sign_ups(tx: Session, actor: Actor, page: PageArgs, status: SignUpStatus | None = None) -> Page:
    """Sign-ups the actor may see, newest first, each with its shift."""
    statement = policy.visible(select(SignUp), actor)
    if status is not None:
        statement = statement.where(SignUp.status == status)
    found = paginate(tx, statement, [SignUp.created_at.desc(), SignUp.id.desc()], page)
    return Page([sign_up_view(tx, one) for one in found.items], found.next)


def sign_up_view(tx: Session, found: SignUp) -> dict[str, Any]:
    """A sign-up with its shift and the opportunity's title."""
    shift = tx.get_one(Shift, found.shift_id)
    return {
        "id": found.id,
        "shift": shift_view(shift),
        "title": tx.get_one(Opportunity, shift.opportunity_id).title,
        "status": found.status,
        "checked_in_at": found.checked_in_at,
        "checked_out_at": found.checked_out_at,
        "version": found.version,
    }


def claims(tx: Session, actor: Actor, page: PageArgs, status: ClaimStatus | None = None) -> Page:
    """Hours that wait for a word, or were decided, oldest first."""
    policy.require(actor, "see")
    statement = select(HoursClaim)
    if status is not None:
        statement = statement.where(HoursClaim.status == status)
    found = paginate(tx, statement, [HoursClaim.created_at, HoursClaim.id], page)
    return Page([claim_view(tx, one) for one in found.items], found.next)


def claim_view(tx: Session, claim: HoursClaim) -> dict[str, Any]:
    """A claim with what it is about."""
    return {
        "id": claim.id,
        "minutes": claim.minutes,
        "hours": rules.hours(claim.minutes),
        "status": claim.status,
        "created_at": claim.created_at,
        "sign_up": sign_up_view(tx, tx.get_one(SignUp, claim.sign_up_id)),
        "version": claim.version,
    }


def queue_counts(tx: Session, actor: Actor) -> Mapping[str, int]:
    """How many sign-ups and hours wait for a coordinator."""
    policy.require(actor, "see")
    pending = select(func.count()).select_from(SignUp).where(SignUp.status == SignUpStatus.PENDING)
    waiting = select(func.count()).select_from(HoursClaim).where(HoursClaim.status == ClaimStatus.PENDING)
    return {"sign-ups": tx.scalar(pending) or 0, "hours": tx.scalar(waiting) or 0}


def passport(tx: Session, person: UUID) -> dict[str, Any]:
    """A volunteer's passport of the current edition: the fold of their ledger lines, and nothing else."""
    edition = edition_on(tx, clock.local_day(clock.now(tx)))
    code = edition.code if edition else None
    lines = _lines(tx, person, code)
    issued = tx.scalar(select(Credential).where(Credential.person_id == person, Credential.edition == code))
    return _folded(lines) | {
        "edition": {"code": edition.code, "title": edition.title} if edition else None,
        "category": None,  # nobody is enrolled in one yet
        "lines": lines,
        "credential": _shown(issued, lines) if issued else None,
    }


def credential(tx: Session, credential_id: UUID) -> dict[str, Any]:
    """What anyone may learn of a credential: whether it holds, its edition and hours. Not whose it is."""
    found = tx.get(Credential, credential_id)
    if found is None:
        raise NotFound
    edition = tx.get_one(Edition, found.edition)
    lines = _lines(tx, found.person_id, found.edition)
    return (
        _folded(lines)
        | _shown(found, lines)
        | {
            "type": "volunteering-passport",
            "edition": {"code": edition.code, "title": edition.title},
            "issued_at": found.issued_at,
            "valid": found.revoked_at is None,
        }
    )


def _lines(tx: Session, person: UUID, edition: str | None) -> list[dict[str, Any]]:
    rows = tx.execute(
        select(HoursLine, Opportunity.title, Opportunity.targets)
        .join(HoursClaim, HoursClaim.id == HoursLine.claim_id)
        .join(SignUp, SignUp.id == HoursClaim.sign_up_id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .where(HoursLine.person_id == person, HoursLine.edition == edition)
        .order_by(HoursLine.at, HoursLine.id)
    )
    return [
        {
            "at": line.at,
            "kind": line.kind,
            "minutes": line.minutes,
            "hours": rules.hours(line.minutes),
            "reason": line.reason,
            "title": title,
            "targets": targets,
        }
        for line, title, targets in rows
    ]


def _folded(lines: list[dict[str, Any]]) -> dict[str, Any]:
    by_goal = rules.stamps((line["minutes"], line["targets"]) for line in lines)
    return {
        "hours": rules.hours(sum(line["minutes"] for line in lines)),
        "stamps": [{"goal": goal, "hours": rules.hours(minutes)} for goal, minutes in by_goal.items()],
    }


def _shown(found: Credential, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The credential with a signature over what it says, verifiable with the published key."""
    said = {"id": str(found.id), "edition": found.edition, "hours": _folded(lines)["hours"]}
    body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    parts = (body, secrets.sign(body, "passport"))
    token = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return {"id": found.id, "token": token, "revoked": found.revoked_at is not None}
