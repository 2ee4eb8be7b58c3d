"""Questions about hours: one's own, those a coordinator looks at, disputes, forgotten check-outs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from asimati.files import queries as kept
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.volunteering import policy, queries, rules
from asimati.volunteering.models import Dispute, HoursClaim, HoursLine, Shift, SignUp
from asimati.volunteering.rules import DisputeStatus, SignUpStatus


def my_claims(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """A volunteer's own hours, newest first."""
    mine = select(HoursClaim).where(HoursClaim.person_id == actor.person)
    found = paginate(tx, mine, [HoursClaim.created_at.desc(), HoursClaim.id.desc()], page)
    return Page([_whole(tx, claim) for claim in found.items], found.next)


def my_claim(tx: Session, actor: Actor, claim_id: UUID) -> dict[str, Any]:
    """A volunteer's own hours on one shift, or NotFound."""
    found = tx.get(HoursClaim, claim_id)
    if found is None or found.person_id != actor.person:
        raise NotFound
    return _whole(tx, found)


def staff_claim(tx: Session, actor: Actor, claim_id: UUID) -> dict[str, Any]:
    """Anybody's hours on one shift, or NotFound."""
    policy.require(actor, "see")
    found = tx.get(HoursClaim, claim_id)
    if found is None:
        raise NotFound
    return _whole(tx, found)


def disputes(tx: Session, actor: Actor, page: PageArgs, status: DisputeStatus | None = None) -> Page:
    """Disputes of a status, or all of them, oldest first."""
    policy.require(actor, "see")
    statement = select(Dispute) if status is None else select(Dispute).where(Dispute.status == status)
    found = paginate(tx, statement, [Dispute.created_at, Dispute.id], page)
    return Page([dispute_view(tx, one) for one in found.items], found.next)


def dispute_view(tx: Session, found: Dispute) -> dict[str, Any]:
    """A dispute with the hours it is about."""
    claim = queries.claim_view(tx, tx.get_one(HoursClaim, found.claim_id))
    return _dispute(found) | {"claim": claim, "person_id": found.person_id}


def open_disputes(tx: Session) -> int:
    """How many disputes wait."""
    return tx.scalar(select(func.count()).where(Dispute.status == DisputeStatus.OPEN)) or 0


def forgotten(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """Sign-ups of volunteers who came and never checked out, of shifts long over; the oldest first."""
    policy.require(actor, "see")
    found = paginate(tx, _forgotten(select(SignUp)), [Shift.ends_at, SignUp.id], page)
    return Page([queries.sign_up_view(tx, one) for one in found.items], found.next)


def forgotten_check_outs(tx: Session) -> int:
    """How many volunteers came and never checked out."""
    return tx.scalar(_forgotten(select(func.count()).select_from(SignUp))) or 0


def _forgotten(statement: Select[Any]) -> Select[Any]:
    late = Shift.ends_at < func.app_now() - rules.CHECK_OUT_CLOSES
    claimed = select(HoursClaim.id).where(HoursClaim.sign_up_id == SignUp.id).exists()
    return statement.join(Shift, Shift.id == SignUp.shift_id).where(
        SignUp.status == SignUpStatus.CHECKED_IN, late, ~claimed
    )


def _whole(tx: Session, claim: HoursClaim) -> dict[str, Any]:
    lines = tx.scalars(select(HoursLine).where(HoursLine.claim_id == claim.id).order_by(HoursLine.step)).all()
    disputed = select(Dispute).where(Dispute.claim_id == claim.id).order_by(Dispute.created_at, Dispute.id)
    shown = queries.claim_view(tx, claim)
    title = shown["sign_up"]["title"]
    return shown | {
        **{name: getattr(claim, name) for name in ("source", "arrived_at", "left_at", "note")},
        "accredited": rules.hours(sum(line.minutes for line in lines)),
        "evidence": kept.of(tx, ("hours_claim", claim.id)),
        "lines": [line_view(line, title) for line in lines],
        "disputes": [_dispute(one) for one in tx.scalars(disputed)],
    }


def line_view(line: Any, title: Any) -> dict[str, Any]:
    """A ledger line, or its columns, as people see it."""
    return {
        "claim": line.claim_id,
        "at": line.at,
        "kind": line.kind,
        "minutes": line.minutes,
        "hours": rules.hours(line.minutes),
        "reason": line.reason,
        "title": title,
        "targets": line.targets,
    }


def _dispute(found: Dispute) -> dict[str, Any]:
    names = ("id", "note", "status", "answer", "created_at", "decided_at", "version")
    return {name: getattr(found, name) for name in names}
