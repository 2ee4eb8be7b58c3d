"""Households: who adds whom, who agrees to it, who ends it, and what the staff say of a guardian.

A member without an account is a note of the holder's. Two accounts are tied only when both wanted it: one writes
the other's telephone, the other agrees. Nobody is told whether a telephone has an account: the answer is the same.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from asimati.accounts import household, policy, rules
from asimati.accounts.actions.codes import phone_of
from asimati.accounts.actions.people import locked, person_with_phone, personal_number
from asimati.accounts.messages import (
    GuardianAsked,
    GuardianshipRefused,
    GuardianshipVerified,
    HouseholdAgreed,
    HouseholdEnded,
    HouseholdInvited,
)
from asimati.accounts.models import Guardianship, HouseholdMember, Person, Relation, Side
from asimati.accounts.refusals import (
    AnswerAwaited,
    AskedTooOften,
    GuardianNotAdult,
    HouseholdFull,
    MemberAlready,
    NothingToJudge,
    NotUnderAge,
    OwnHousehold,
    TiedAccount,
)
from asimati.accounts.staff_queries import is_own_affair
from asimati.kit import audit, clock, outbox, secrets
from asimati.kit.errors import Invalid, NotFound, Stale
from asimati.kit.policy import SYSTEM, Actor
from asimati.kit.words import _

MEMBERS = 20  # of one household
ASKS, MONTH = 5, timedelta(days=30)  # telephones one may write within a month; an answer is awaited as long
SAID = ("name_ar", "name_latin", "sex", "birth_date", "relation")  # what a holder says of a member


def add_to_household(
    tx: Session, actor: Actor, *, guardian: bool, phone: str | None = None, cpr: str | None = None, **said: Any
) -> HouseholdMember:
    """Count somebody among one's household; with a `phone`, whoever has it is asked to tie their account.

    Raises Invalid, HouseholdFull, MemberAlready, AssuranceTooLow, GuardianNotAdult, AskedTooOften.
    """
    me = locked(tx, actor)
    _require_room(tx, me.id)
    made = HouseholdMember(holder_id=me.id, **said)
    _require_sound(tx, made)
    if guardian:
        _require_guardian(tx, actor, me)
        made.guardianship = Guardianship.DECLARED
    if cpr:
        _set_cpr(tx, me, made, cpr)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "accounts.member_added", ("household", made.id), guardian=guardian)
    if phone:
        _ask(tx, me, made, phone, Side.MEMBER)
    return made


def edit_member(
    tx: Session, actor: Actor, version: int | None, member_id: UUID, changes: dict[str, Any]
) -> HouseholdMember:
    """Correct what one wrote of a member. A guardian whom staff verified is to be verified anew.

    Raises NotFound, Stale, Invalid, TiedAccount, AnswerAwaited, AssuranceTooLow, GuardianNotAdult, MemberAlready.
    """
    me = locked(tx, actor)
    row = _mine(tx, me.id, member_id, Side.HOLDER)
    if version is not None and version != row.version:
        raise Stale
    if row.asked_of is not None:
        raise AnswerAwaited
    identity = changes.keys() - {"relation"} - ({"guardian"} if changes.get("guardian") is False else set())
    if row.person_id is not None and identity:
        raise TiedAccount
    for name in changes.keys() & set(SAID):
        setattr(row, name, changes[name])
    if "cpr" in changes:
        _set_cpr(tx, me, row, changes["cpr"])
    _require_sound(tx, row)
    _guard(tx, actor, me, row, changes.get("guardian"), anew=bool(identity))
    audit.record(
        tx, actor, "accounts.member_edited", ("household", row.id), _others(row, me.id), fields=sorted(changes)
    )
    tx.flush()
    return row


def invite(tx: Session, actor: Actor, member_id: UUID, phone: str) -> HouseholdMember:
    """Ask a member who has an account by now to tie it.

    Raises NotFound, TiedAccount, AnswerAwaited, AskedTooOften.
    """
    me = locked(tx, actor)
    row = _mine(tx, me.id, member_id, Side.HOLDER)
    if row.person_id is not None:
        raise TiedAccount
    if row.asked_of is not None:
        raise AnswerAwaited
    _ask(tx, me, row, phone, Side.MEMBER)
    audit.record(tx, actor, "accounts.member_invited", ("household", row.id))
    return row


def ask_guardian(tx: Session, actor: Actor, phone: str, relation: Relation) -> HouseholdMember:
    """As somebody under age, ask whoever has a telephone to agree to be one's guardian.

    Raises NotUnderAge, AskedTooOften, Invalid.
    """
    me = locked(tx, actor)
    if not rules.is_minor(me.birth_date, _today(tx)):
        raise NotUnderAge
    said = {name: getattr(me, name) for name in ("name_ar", "name_latin", "sex", "birth_date")}
    made = HouseholdMember(person_id=me.id, relation=relation, guardianship=Guardianship.DECLARED, **said)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "accounts.guardian_asked", ("household", made.id))
    _ask(tx, me, made, phone, Side.HOLDER)
    return made


def agree(tx: Session, actor: Actor, member_id: UUID) -> HouseholdMember:
    """Say yes to what somebody asked.

    Raises NotFound, MemberAlready, HouseholdFull, AssuranceTooLow, GuardianNotAdult.
    """
    me = locked(tx, actor)
    row = _asked_of(tx, me.id, member_id)
    if row.asked_of is Side.HOLDER:
        _require_guardian(tx, actor, me)
        _require_room(tx, me.id)
        asker, row.holder_id = row.person_id, me.id
    else:
        asker, row.person_id = row.holder_id, me.id
    if asker is None or asker == me.id:
        raise NotFound
    with tx.no_autoflush:
        _require_no_tie(tx, row)
        row.guardianship = _begun_anew(tx, row)
    row.asked_of, row.phone = None, None
    tx.flush()
    assert row.holder_id is not None and row.person_id is not None  # noqa: S101 - both are there from here on
    outbox.publish(tx, HouseholdAgreed(person=asker, about=_about(row), holder=row.holder_id, member=row.person_id))
    audit.record(
        tx, actor, "accounts.household_agreed", ("household", row.id), [asker], guardianship=row.guardianship
    )
    return row


def decline(tx: Session, actor: Actor, member_id: UUID) -> None:
    """Say no to what somebody asked; they are told, and cannot ask again for a month. Raises NotFound."""
    me = locked(tx, actor)
    _end(tx, actor, _asked_of(tx, me.id, member_id), me.id)


def end_membership(tx: Session, actor: Actor, member_id: UUID) -> None:
    """End it, as either of the two; the other is told. Raises NotFound."""
    me = locked(tx, actor)
    _end(tx, actor, _mine(tx, me.id, member_id), me.id)


def leave_households(tx: Session, actor: Actor, person: UUID) -> None:
    """End every tie of somebody who leaves, and take back what waits for an answer of theirs."""
    theirs = or_(HouseholdMember.holder_id == person, HouseholdMember.person_id == person)
    waiting = household.asked(tx, person)
    rows = select(HouseholdMember).where(household.OPEN, or_(theirs, waiting)).order_by(HouseholdMember.id)
    for row in tx.scalars(rows.with_for_update(key_share=True)).all():
        _end(tx, actor, row, person)
        if row.holder_id != person and row.person_id != person:
            row.phone_index = None
    tx.flush()


def lapse_asks(tx: Session) -> int:
    """End what nobody answered within a month, and forget telephones that old; how many ended."""
    late = HouseholdMember.asked_at < func.app_now() - MONTH
    waiting = select(HouseholdMember).where(household.OPEN, HouseholdMember.asked_of.is_not(None), late)
    rows = tx.scalars(waiting.order_by(HouseholdMember.id).limit(500).with_for_update(skip_locked=True)).all()
    for row in rows:
        _end(tx, SYSTEM, row, None)
    tx.flush()
    known = HouseholdMember.phone_index.is_not(None)
    tx.execute(update(HouseholdMember).where(known, late, HouseholdMember.asked_of.is_(None))
               .values(phone_index=None))  # fmt: skip
    return len(rows)


def judge_guardian(tx: Session, actor: Actor, member_id: UUID, *, verified: bool, upon: str) -> HouseholdMember:
    """Write down, as staff, that a guardian's papers were seen, or that they are none; `upon` says what was seen.

    Raises NotFound, NothingToJudge, OwnHousehold.
    """
    policy.require(actor, "judge_guardian")
    row = tx.scalar(
        select(HouseholdMember)
        .where(household.STANDING, HouseholdMember.id == member_id)
        .with_for_update(key_share=True)
    )
    if row is None or row.holder_id is None:
        raise NotFound
    wanted = Guardianship.VERIFIED if verified else Guardianship.REFUSED
    if row.guardianship in (Guardianship.NONE, wanted):
        raise NothingToJudge
    concerned = [one for one in (row.holder_id, row.person_id) if one]
    if is_own_affair(tx, actor, *concerned):
        raise OwnHousehold
    row.guardianship, row.judged_by, row.judged_upon = wanted, actor.id, upon
    row.judged_at = clock.now(tx)
    audit.record(tx, actor, f"accounts.guardian_{wanted}", ("household", row.id), concerned)
    if verified:
        outbox.publish(tx, GuardianshipVerified(person=row.holder_id, about=_about(row)))
    else:
        outbox.publish(tx, GuardianshipRefused(person=row.holder_id, about=_about(row), note=upon))
    tx.flush()
    return row


# --- below -----------------------------------------------------------------------------------------------------


def _ask(tx: Session, me: Person, row: HouseholdMember, written: str, side: Side) -> None:
    phone = phone_of(written)
    indexes = secrets.blind_indexes(phone, "phone")
    if me.phone_index in indexes:
        raise Invalid([("/phone", _("This is your own telephone."))])
    _require_moderation(tx, me, indexes)
    row.asked_of, row.asked_at = side, clock.now(tx)
    row.phone, row.phone_index = secrets.seal(phone, "phone"), secrets.blind_index(phone, "phone")
    tx.flush()
    if (person := person_with_phone(tx, phone)) is not None:
        kind = HouseholdInvited if side is Side.MEMBER else GuardianAsked
        outbox.publish(tx, kind(person=person, about=_about(row)))


def _require_moderation(tx: Session, me: Person, indexes: list[bytes]) -> None:
    """Nobody is asked again within a month, and nobody asks around: a telephone cannot be flooded by this."""
    lately = select(HouseholdMember.phone_index).where(
        _of(me.id),
        HouseholdMember.phone_index.is_not(None),
        HouseholdMember.phone_index != me.phone_index,
        HouseholdMember.asked_at > func.app_now() - MONTH,
    )
    asked = tx.scalars(lately).all()
    if len(asked) >= ASKS or not set(indexes).isdisjoint(asked):
        raise AskedTooOften


def _end(tx: Session, actor: Actor, row: HouseholdMember, by: UUID | None) -> None:
    told = [one for one in (row.holder_id, row.person_id) if one is not None and one != by]
    row.ended_at, row.asked_of, row.phone = clock.now(tx), None, None
    tx.flush()
    for other in told:
        message = HouseholdEnded(person=other, about=_about(row), holder=row.holder_id, member=row.person_id)
        outbox.publish(tx, message)
    audit.record(tx, actor, "accounts.household_ended", ("household", row.id), told)


def _guard(
    tx: Session, actor: Actor, me: Person, row: HouseholdMember, guardian: bool | None, *, anew: bool
) -> None:
    if guardian is False and row.guardianship is not Guardianship.REFUSED:
        row.guardianship = Guardianship.NONE
    elif guardian and row.guardianship is Guardianship.NONE:
        _require_guardian(tx, actor, me)
        row.guardianship = Guardianship.DECLARED
    elif anew and row.guardianship is Guardianship.VERIFIED:
        row.guardianship = Guardianship.DECLARED


def _set_cpr(tx: Session, me: Person, row: HouseholdMember, written: str | None) -> None:
    if not written:
        row.cpr, row.cpr_index = None, None
        return
    number = personal_number(written)
    indexes = secrets.blind_indexes(number, "cpr")
    same = HouseholdMember.cpr_index.in_(indexes)
    others = select(HouseholdMember.id).where(household.OPEN, HouseholdMember.holder_id == me.id, same)
    with tx.no_autoflush:
        if me.cpr_index in indexes or tx.scalar(others.where(HouseholdMember.id != row.id)):
            raise MemberAlready
    row.cpr, row.cpr_index = secrets.seal(number, "cpr"), secrets.blind_index(number, "cpr")


def _require_sound(tx: Session, row: HouseholdMember) -> None:
    if not (row.name_ar or row.name_latin):
        raise Invalid([("/name_ar", _("This is required."))])
    if row.birth_date is not None and row.birth_date > _today(tx):
        raise Invalid([("/birth_date", _("This day is yet to come."))])


def _require_guardian(tx: Session, actor: Actor, me: Person) -> None:
    household.require_known_guardian(actor)
    if rules.is_minor(me.birth_date, _today(tx)) is not False:
        raise GuardianNotAdult


def _require_room(tx: Session, holder: UUID) -> None:
    open_ = select(func.count()).where(household.OPEN, HouseholdMember.holder_id == holder)
    if (tx.scalar(open_) or 0) >= MEMBERS:
        raise HouseholdFull(limit=MEMBERS)


def _begun_anew(tx: Session, row: HouseholdMember) -> Guardianship:
    """What a guardian is once two accounts are tied.

    The papers that staff saw were of whoever the note was about; and one whom staff refused as guardian of this
    person is not one again by asking again.
    """
    refused = select(HouseholdMember.id).where(
        HouseholdMember.holder_id == row.holder_id,
        HouseholdMember.person_id == row.person_id,
        HouseholdMember.guardianship == Guardianship.REFUSED,
    )
    if row.guardianship in (Guardianship.NONE, Guardianship.REFUSED):
        return row.guardianship
    return Guardianship.REFUSED if tx.scalar(refused.limit(1)) else Guardianship.DECLARED


def _require_no_tie(tx: Session, row: HouseholdMember) -> None:
    tied = select(HouseholdMember.id).where(
        household.OPEN,
        HouseholdMember.holder_id == row.holder_id,
        HouseholdMember.person_id == row.person_id,
        HouseholdMember.id != row.id,
    )
    if tx.scalar(tied) is not None:
        raise MemberAlready


def _mine(tx: Session, person: UUID, member_id: UUID, side: Side | None = None) -> HouseholdMember:
    whose = HouseholdMember.holder_id == person if side is Side.HOLDER else _of(person)
    return _locked(tx, select(HouseholdMember).where(household.OPEN, whose, HouseholdMember.id == member_id))


def _asked_of(tx: Session, person: UUID, member_id: UUID) -> HouseholdMember:
    waiting = select(HouseholdMember).where(household.asked(tx, person), HouseholdMember.id == member_id)
    return _locked(tx, waiting)


def _locked(tx: Session, wanted: Any) -> HouseholdMember:
    held = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = tx.scalar(held)
    if row is None:
        raise NotFound
    assert isinstance(row, HouseholdMember)  # noqa: S101 - what was asked for
    return row


def _of(person: UUID) -> Any:
    return or_(HouseholdMember.holder_id == person, HouseholdMember.person_id == person)


def _others(row: HouseholdMember, person: UUID) -> list[UUID]:
    return [one for one in (row.holder_id, row.person_id) if one is not None and one != person]


def _about(row: HouseholdMember) -> dict[str, str]:
    return {"type": "household", "reference": str(row.id)}


def _today(tx: Session) -> date:
    return clock.local_day(clock.now(tx))
