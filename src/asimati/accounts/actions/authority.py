"""Authority: giving roles, taking them back, and lending them for a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts import policy
from asimati.accounts.models import RoleGrant, StaffMember
from asimati.accounts.refusals import DelegationTooWide, OwnAuthority
from asimati.kit import audit, clock
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.policy import SYSTEM, Actor, Role, Scope, is_within
from asimati.kit.words import _

LONGEST_DELEGATION = timedelta(days=90)


def grant(
    tx: Session,
    actor: Actor,
    staff_id: UUID,
    role: Role,
    scopes: Mapping[str, Sequence[str]] | None = None,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str | None = None,
) -> RoleGrant:
    """Give a role, everywhere or in a part of the house. Raises NotFound, OwnAuthority."""
    if actor is not SYSTEM:
        policy.require(actor, "manage_staff")
    if actor.id == staff_id:
        raise OwnAuthority
    _somebody(tx, staff_id)
    made = RoleGrant(
        staff_id=staff_id, role=role, scopes=_written(scopes), granted_by=actor.id, reason=reason,
        **_period(clock.now(tx), starts_at, ends_at),
    )  # fmt: skip
    return _record(tx, actor, "accounts.role_granted", made)


def revoke(tx: Session, actor: Actor, grant_id: UUID) -> None:
    """End a grant, and with it what was delegated from it. Raises NotFound, OwnAuthority."""
    policy.require(actor, "manage_staff")
    _end(tx, actor, _standing(tx, RoleGrant.id == grant_id, but_not=actor.id))


def delegate(
    tx: Session,
    actor: Actor,
    grant_id: UUID,
    to: UUID,
    *,
    ends_at: datetime,
    starts_at: datetime | None = None,
    scopes: Mapping[str, Sequence[str]] | None = None,
    reason: str,
) -> RoleGrant:
    """Lend one's own role, or a part of it, to a colleague for a time of at most 90 days.

    Raises NotFound for a grant that is not one's own or was itself lent, and for no such colleague;
    DelegationTooWide for a part that is not inside one's own; Invalid for a time that is too long or past.
    """
    policy.require(actor, "delegate")
    own = _standing(tx, RoleGrant.id == grant_id, RoleGrant.staff_id == actor.id, RoleGrant.origin_id.is_(None))
    if to == actor.id:
        raise OwnAuthority
    _somebody(tx, to)
    part = _written(scopes) if scopes else own.scopes
    if not is_within(as_scope(part), as_scope(own.scopes)):
        raise DelegationTooWide
    period = _period(clock.now(tx), starts_at, ends_at)
    if period["ends_at"] - period["starts_at"] > LONGEST_DELEGATION:
        raise Invalid([("/ends_at", _("A role is lent for 90 days at most."))])
    made = RoleGrant(
        staff_id=to, role=own.role, scopes=part, granted_by=actor.id, origin_id=own.id, reason=reason, **period
    )
    return _record(tx, actor, "accounts.role_delegated", made)


def end_delegation(tx: Session, actor: Actor, grant_id: UUID) -> None:
    """Take back what one lent, or hand back what one was lent. Raises NotFound for anything else."""
    lent = _standing(tx, RoleGrant.id == grant_id, RoleGrant.origin_id.is_not(None))
    if actor.id not in (lent.staff_id, lent.granted_by):
        raise NotFound
    _end(tx, actor, lent)


def as_scope(written: Mapping[str, Sequence[str]]) -> Scope:
    """A scope as `kit.policy` reads it."""
    return {kind: frozenset(values) for kind, values in written.items()}


def _written(scopes: Mapping[str, Sequence[str]] | None) -> dict[str, list[str]]:
    return {kind: sorted(set(values)) for kind, values in (scopes or {}).items() if values}


def _period(now: datetime, starts_at: datetime | None, ends_at: datetime | None) -> dict[str, Any]:
    starts_at = max(starts_at or now, now)
    if ends_at is not None and ends_at <= starts_at:
        raise Invalid([("/ends_at", _("This must be later than the beginning, and not past."))])
    return {"starts_at": starts_at, "ends_at": ends_at}


def _somebody(tx: Session, staff_id: UUID) -> None:
    there = select(StaffMember.id).where(StaffMember.id == staff_id, StaffMember.disabled_at.is_(None))
    if tx.scalar(there) is None:
        raise NotFound


def _standing(tx: Session, *conditions: Any, but_not: UUID | None = None) -> RoleGrant:
    wanted = select(RoleGrant).where(RoleGrant.revoked_at.is_(None), *conditions)
    found = tx.scalar(wanted.with_for_update(key_share=True))
    if found is None:
        raise NotFound
    if but_not is not None and found.staff_id == but_not:
        raise OwnAuthority
    return found


def _end(tx: Session, actor: Actor, found: RoleGrant) -> None:
    found.revoked_at = clock.now(tx)
    audit.record(tx, actor, "accounts.role_ended", ("staff", found.staff_id), grant=found.id, role=found.role)


def _record(tx: Session, actor: Actor, action: str, made: RoleGrant) -> RoleGrant:
    tx.add(made)
    tx.flush()
    audit.record(
        tx, actor, action, ("staff", made.staff_id),
        grant=made.id, role=made.role, scopes=made.scopes, until=made.ends_at,
    )  # fmt: skip
    return made
