"""Clearance: who may know of confidential cases, for how long, and its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from asimati.accounts import policy
from asimati.accounts.models import Clearance, StaffMember
from asimati.accounts.refusals import OwnAuthority
from asimati.kit import audit, clock
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.policy import SYSTEM, Actor
from asimati.kit.words import _

LONGEST = timedelta(days=366)


def clear(tx: Session, actor: Actor, staff_id: UUID, *, ends_at: datetime, reason: str) -> Clearance:
    """Clear a colleague for confidential cases until a day; one clearance takes the place of the one before.

    Raises NotFound, OwnAuthority, Invalid for a day that is past or more than a year away.
    """
    if actor is not SYSTEM:
        policy.require(actor, "manage_staff")
    if actor.id == staff_id:
        raise OwnAuthority
    locked = select(StaffMember.id).where(StaffMember.id == staff_id, StaffMember.disabled_at.is_(None))
    if tx.scalar(locked.with_for_update(key_share=True)) is None:
        raise NotFound
    now = clock.now(tx)
    if not now < ends_at <= now + LONGEST:
        raise Invalid([("/ends_at", _("A clearance ends within a year, and not in the past."))])
    _end(tx, actor, staff_id)
    made = Clearance(staff_id=staff_id, starts_at=now, ends_at=ends_at, granted_by=actor.id, reason=reason)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "accounts.cleared", ("staff", staff_id), clearance=made.id, until=ends_at)
    return made


def end_clearance(tx: Session, actor: Actor, staff_id: UUID) -> None:
    """Take a colleague's clearance, from this moment on. Raises NotFound where there is none, OwnAuthority."""
    policy.require(actor, "manage_staff")
    if actor.id == staff_id:
        raise OwnAuthority
    if not _end(tx, actor, staff_id):
        raise NotFound


def _end(tx: Session, actor: Actor, staff_id: UUID) -> bool:
    """End what stands; whether anything did."""
    standing = (Clearance.staff_id == staff_id, Clearance.revoked_at.is_(None), Clearance.ends_at > func.app_now())
    now = {"revoked_at": func.app_now(), "revoked_by": actor.id}
    ended = tx.scalars(update(Clearance).where(*standing).values(now).returning(Clearance.id)).all()
    for one in ended:
        audit.record(tx, actor, "accounts.clearance_ended", ("staff", staff_id), clearance=one)
    return bool(ended)
