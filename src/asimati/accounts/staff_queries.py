"""Questions about staff: who works here, and with what authority."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Clearance, FormerAccount, Person, RoleGrant, StaffMember
from asimati.accounts.refusals import OwnAffair
from asimati.kit import secrets
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor


def members(tx: Session, page: PageArgs) -> Page:
    """Everybody who works or worked here, with the grants that stand, by e-mail."""
    found = paginate(tx, select(StaffMember), [StaffMember.email, StaffMember.id], page)
    ids = [member.id for member in found.items]
    held, cleared = _grants_of(tx, ids), _clearances_of(tx, ids)
    shown = [_shown(member, held[member.id], cleared.get(member.id)) for member in found.items]
    return Page(shown, found.next)


def member(tx: Session, staff_id: UUID) -> dict[str, Any]:
    """One member of staff with their grants. Raises NotFound."""
    found = tx.get(StaffMember, staff_id, populate_existing=True)
    if found is None:
        raise NotFound
    return _shown(found, _grants_of(tx, [staff_id])[staff_id], _clearances_of(tx, [staff_id]).get(staff_id))


def named(tx: Session, rows: Iterable[Any], by: str) -> list[dict[str, Any]]:
    """Rows as mappings, with the name of the colleague whom a column of theirs names: `staff_name`, or None."""
    told = [{column.key: getattr(row, column.key) for column in row.__table__.columns} for row in rows]
    known = select(StaffMember.id, StaffMember.name).where(StaffMember.id.in_({row[by] for row in told}))
    names = {one.id: one.name for one in tx.execute(known)}
    return [row | {"staff_name": names.get(row[by])} for row in told]


def colleagues(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """Everybody else who works here, by their name in Arabic."""
    here = select(StaffMember).where(StaffMember.disabled_at.is_(None), StaffMember.id != actor.id)
    return paginate(tx, here, [StaffMember.name["ar"].astext.asc(), StaffMember.id.asc()], page)


def is_account_of(tx: Session, staff_id: UUID, person_id: UUID) -> bool:
    """Whether a resident's account is, as far as the house can know, the colleague's own.

    It is where both have the same personal number or the same telephone, that of a former account too. A colleague
    of whom the personnel office gave neither is recognised by nothing.
    """
    member = tx.get_one(StaffMember, staff_id)
    same = [
        account.in_(select(holder).where(index.in_(secrets.blind_indexes(secrets.unseal(sealed, kind), kind))))
        for account, holder, index, sealed, kind in (
            (Person.id, Person.id, Person.cpr_index, member.cpr, "cpr"),
            (Person.id, Person.id, Person.phone_index, member.phone, "phone"),
            (Person.id, FormerAccount.person_id, FormerAccount.phone_index, member.phone, "phone"),
        )
        if sealed
    ]
    return bool(same) and tx.scalar(select(Person.id).where(Person.id == person_id, or_(*same))) is not None


def is_own_affair(tx: Session, actor: Actor, *people: UUID | None) -> bool:
    """Whether one of the staff would act on something that concerns them as a resident: one of these is they."""
    staff = actor.id if actor.is_staff else None
    return staff is not None and any(is_account_of(tx, staff, one) for one in people if one)


def require_not_own(tx: Session, actor: Actor, *people: UUID | None) -> None:
    """Raise OwnAffair where one of the staff would act on something that concerns them as a resident."""
    if is_own_affair(tx, actor, *people):
        raise OwnAffair


def addresses_of(tx: Session, staff: Iterable[UUID]) -> dict[UUID, str]:
    """The e-mail of each of them who works here."""
    wanted = set(staff)
    if not wanted:
        return {}
    here = select(StaffMember.id, StaffMember.email).where(
        StaffMember.id.in_(wanted), StaffMember.disabled_at.is_(None)
    )
    return {row.id: row.email for row in tx.execute(here)}


def delegations(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """What the actor has lent and was lent, and still stands or is to come; newest first."""
    lent = _unended(select(RoleGrant)).where(
        RoleGrant.origin_id.is_not(None),
        or_(RoleGrant.staff_id == actor.id, RoleGrant.granted_by == actor.id),
    )
    return paginate(tx, lent, [RoleGrant.created_at.desc(), RoleGrant.id.desc()], page)


def _grants_of(tx: Session, staff: list[UUID]) -> dict[UUID, list[RoleGrant]]:
    held = defaultdict(list)
    wanted = _unended(select(RoleGrant)).where(RoleGrant.staff_id.in_(staff))
    for one in tx.scalars(wanted.order_by(RoleGrant.created_at, RoleGrant.id)):
        held[one.staff_id].append(one)
    return held


def _clearances_of(tx: Session, staff: list[UUID]) -> dict[UUID, Clearance]:
    standing = select(Clearance).where(
        Clearance.staff_id.in_(staff), Clearance.revoked_at.is_(None), Clearance.ends_at > func.app_now()
    )
    return {one.staff_id: one for one in tx.scalars(standing)}


def _unended(statement: Select[Any]) -> Select[Any]:
    over = RoleGrant.ends_at.is_(None) | (RoleGrant.ends_at > func.app_now())
    return statement.where(RoleGrant.revoked_at.is_(None), over)


def _shown(found: StaffMember, grants: list[RoleGrant], clearance: Clearance | None) -> dict[str, Any]:
    names = ("id", "email", "name", "created_at", "disabled_at", "password_until", "version")
    return {name: getattr(found, name) for name in names} | {"grants": grants, "clearance": clearance}
