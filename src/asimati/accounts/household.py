"""Questions about households: whose members somebody has, for whom they may act, who is guardian of a minor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from asimati.accounts import rules
from asimati.accounts.models import FormerAccount, Guardianship, HouseholdMember, Person, Side
from asimati.accounts.queries import demographics
from asimati.accounts.sign_on.attempts import require_level
from asimati.kit import clock, secrets
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.settings import settings

OPEN = HouseholdMember.ended_at.is_(None)
MEANT = frozenset({Guardianship.DECLARED, Guardianship.VERIFIED})  # the holder is to be guardian
STANDING = and_(OPEN, HouseholdMember.asked_of.is_(None))


@dataclass(frozen=True)
class Member:
    """Somebody for whom another may act: what is known of them. `person`: their own account, if they have one."""

    id: UUID
    person: UUID | None
    name: Mapping[str, str | None]
    birth_date: date | None
    sex: str | None
    personal_number: bool
    block: str | None


def require_known_guardian(actor: Actor) -> None:
    """Raise AssuranceTooLow where the governorate asks more of guardians than this sign-in shows."""
    asked = settings().governorate.facts.get("household", {})
    require_level(actor, asked.get("guardian_assurance", "phone"))


# --- for other rooms -------------------------------------------------------------------------------------------


def member_for(tx: Session, holder: UUID, member_id: UUID) -> Member:
    """A member of somebody's household, to act for them. Raises NotFound where the holder may not.

    What an account of their own says comes before what the holder wrote; the block is the holder's otherwise.
    """
    found = _acting(tx, holder, member_id)
    if found is None:
        raise NotFound
    own = tx.get(Person, found.person_id) if found.person_id else None
    lives = own.block if own and own.block else tx.scalar(select(Person.block).where(Person.id == holder))
    return Member(
        id=found.id,
        person=found.person_id,
        name=name_of(found),
        birth_date=own.birth_date if own and own.birth_date else found.birth_date,
        sex=str(sex) if (sex := own.sex if own and own.sex else found.sex) else None,
        personal_number=bool((own and own.cpr) or found.cpr),
        block=lives,
    )


def written_of(tx: Session, holder: UUID, member_id: UUID) -> dict[str, Any]:
    """What a holder wrote of a member, in a profile's names. Raises NotFound.

    Nothing of an account of their own is in it: whoever agreed to be of a household did not open their profile.
    """
    row = _acting(tx, holder, member_id)
    if row is None:
        raise NotFound
    said = {name: getattr(row, name) for name in ("name_ar", "name_latin", "sex", "birth_date")}
    return said | {"cpr": tail(row), "nationality": None, "disability": None}


def demographics_of(tx: Session, member_id: UUID, person: UUID | None, on: date) -> dict[str, str]:
    """How a member is counted on a day: by their own account (`person`), else by what the holder wrote of them.

    They live with the holder unless their account says otherwise.
    """
    own, row = demographics(tx, person, on), tx.get_one(HouseholdMember, member_id)
    lives = tx.scalar(select(Person.block).where(Person.id == row.holder_id))
    written = {"sex": row.sex, "age_band": rules.age_band(row.birth_date, on), "block": lives}
    silent = {name for name, value in own.items() if value == "unknown"}
    return own | {name: str(value) for name, value in written.items() if name in silent and value}


def guardians_of(tx: Session, person_id: UUID) -> list[UUID]:
    """The accounts of those who agreed to be guardians of somebody with an account; the first to agree is first.

    Of people under age; of grown people only where staff verified it. One whom staff refused is none.
    """
    minor = is_minor(tx, person_id)
    counting = [Guardianship.VERIFIED, *([Guardianship.DECLARED] if minor else [])]
    wanted = select(HouseholdMember.holder_id).where(
        STANDING,
        HouseholdMember.person_id == person_id,
        HouseholdMember.holder_id.is_not(None),
        HouseholdMember.guardianship.in_(counting),
    )
    return [one for one in tx.scalars(wanted.order_by(HouseholdMember.id)) if one is not None]


def is_guardian_of(tx: Session, guardian: UUID, person_id: UUID) -> bool:
    """Whether somebody is guardian of a person with an account."""
    return guardian in guardians_of(tx, person_id)


def is_minor(tx: Session, person_id: UUID) -> bool | None:
    """Whether a person is under age today; None where their profile does not say."""
    born = tx.scalar(select(Person.birth_date).where(Person.id == person_id))
    return rules.is_minor(born, clock.local_day(clock.now(tx)))


def name_of(member: HouseholdMember) -> dict[str, str | None]:
    """A member's name in both scripts, as the household writes it."""
    return {"ar": member.name_ar or member.name_latin, "en": member.name_latin or member.name_ar}


def _acting(tx: Session, holder: UUID, member_id: UUID) -> HouseholdMember | None:
    mine = select(HouseholdMember).where(STANDING, HouseholdMember.id == member_id)
    return tx.scalar(mine.where(HouseholdMember.holder_id == holder))


# --- one's own household ---------------------------------------------------------------------------------------


def mine(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """The members of one's own household, and the households one is in."""
    found = paginate(tx, select(HouseholdMember).where(OPEN, _of(actor.person)), [HouseholdMember.id], page)
    return Page(shown(tx, actor.person, found.items), found.next)


def one(tx: Session, actor: Actor, member_id: UUID) -> dict[str, Any]:
    """One of them. Raises NotFound."""
    found = tx.scalar(select(HouseholdMember).where(OPEN, _of(actor.person), HouseholdMember.id == member_id))
    if found is None:
        raise NotFound
    return shown(tx, actor.person, [found])[0]


def asked_of_me(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """What others ask of whoever has this telephone: to be of their household, or to be their guardian."""
    wanted = select(HouseholdMember).where(asked(tx, actor.person))
    found = paginate(tx, wanted, [HouseholdMember.id], page)
    names = _names(tx, [_asker(row) for row in found.items])
    return Page(
        [
            {
                "id": row.id, "asked": row.asked_of, "relation": row.relation, "by": names.get(_asker(row)),
                "guardian": row.guardianship in MEANT, "created_at": row.created_at,
            }
            for row in found.items
        ],
        found.next,
    )  # fmt: skip


def asked(tx: Session, person: UUID) -> ColumnElement[bool]:
    """The rows in which somebody is asked and has not answered; found by their telephone, if they have one."""
    sealed = tx.scalars(select(Person.phone).where(Person.id == person)).one()
    indexes = secrets.blind_indexes(secrets.unseal(sealed, "phone"), "phone") if sealed else []
    former = select(FormerAccount.phone_index).where(FormerAccount.person_id == person)
    at_any_of_mine = or_(HouseholdMember.phone_index.in_(indexes), HouseholdMember.phone_index.in_(former))
    return and_(OPEN, HouseholdMember.asked_of.is_not(None), at_any_of_mine)


def shown(tx: Session, person: UUID, rows: list[HouseholdMember]) -> list[dict[str, Any]]:
    """Rows as one of the two reads them. What the holder wrote of somebody is the holder's alone to read."""
    names = _names(tx, [other for row in rows if (other := _other(row, person))])
    return [_shown(row, person, names) for row in rows]


def _shown(row: HouseholdMember, person: UUID, names: Mapping[UUID, Any]) -> dict[str, Any]:
    side = Side.HOLDER if row.holder_id == person else Side.MEMBER
    agreed = row.asked_of is None
    told: dict[str, Any] = dict.fromkeys(("name_ar", "name_latin", "sex", "birth_date"))
    if side is Side.HOLDER:
        told = {name: getattr(row, name) for name in told}
    other = _other(row, person)
    return told | {
        "id": row.id, "side": side, "relation": row.relation, "guardianship": row.guardianship,
        "status": "standing" if agreed else "asked", "version": row.version, "created_at": row.created_at,
        "has_account": row.person_id is not None and agreed,
        "cpr": tail(row) if side is Side.HOLDER else None,
        "other": names.get(other) if other and agreed else None,
    }  # fmt: skip


def tail(row: HouseholdMember) -> str | None:
    """The last three digits of a member's personal number."""
    return "••••••" + secrets.unseal(row.cpr, "cpr")[-3:] if row.cpr else None


def _of(person: UUID) -> ColumnElement[bool]:
    return or_(HouseholdMember.holder_id == person, HouseholdMember.person_id == person)


def _other(row: HouseholdMember, person: UUID) -> UUID | None:
    return row.person_id if row.holder_id == person else row.holder_id


def _asker(row: HouseholdMember) -> UUID:
    asker = row.holder_id if row.asked_of is Side.MEMBER else row.person_id
    assert asker is not None  # noqa: S101 - whoever asks is there: a check of the table
    return asker


def _names(tx: Session, people: list[UUID]) -> dict[UUID, dict[str, str | None]]:
    wanted = select(Person.id, Person.name_ar, Person.name_latin).where(Person.id.in_(people))
    return {row.id: {"ar": row.name_ar, "en": row.name_latin} for row in tx.execute(wanted)}


# --- for the staff ---------------------------------------------------------------------------------------------


def to_judge() -> ColumnElement[bool]:
    """Guardians who said so themselves, and whom nobody of the staff has looked at."""
    return and_(STANDING, HouseholdMember.guardianship == Guardianship.DECLARED)


def waiting(tx: Session) -> int:
    """How many guardians wait to be verified."""
    return tx.scalar(select(func.count()).select_from(HouseholdMember).where(to_judge())) or 0


def staff_rows(tx: Session, page: PageArgs, *conditions: ColumnElement[bool]) -> Page:
    """Households as the staff read them: names, the year of birth, the end of the personal number."""
    holder = aliased(Person)
    both: tuple[Any, Any] = (HouseholdMember, holder)
    wanted = select(*both).join(holder, holder.id == HouseholdMember.holder_id)
    found = paginate(tx, wanted.where(*conditions), [HouseholdMember.id], page)
    return Page([_masked(row[0], row[1]) for row in found.items], found.next)


def of_person(tx: Session, person: UUID, page: PageArgs) -> Page:
    """The household of somebody, and those they are a member of, masked. Raises NotFound for nobody."""
    if tx.get(Person, person) is None:
        raise NotFound
    return staff_rows(tx, page, OPEN, _of(person))


def staff_one(tx: Session, member_id: UUID) -> dict[str, Any]:
    """One member, masked. Raises NotFound."""
    found = staff_rows(tx, PageArgs(None, 1), OPEN, HouseholdMember.id == member_id).items
    if not found:
        raise NotFound
    return dict(found[0])


def _masked(row: HouseholdMember, holder: Person) -> dict[str, Any]:
    return {
        "id": row.id, "person_id": row.holder_id, "version": row.version,
        "holder": {"id": row.holder_id, "name": {"ar": holder.name_ar, "en": holder.name_latin}},
        "name": name_of(row), "relation": row.relation, "guardianship": row.guardianship,
        "birth_year": row.birth_date.year if row.birth_date else None, "cpr": tail(row),
        "account": row.person_id, "created_at": row.created_at, "judged_at": row.judged_at,
        "judged_by": row.judged_by, "judged_upon": row.judged_upon,
    }  # fmt: skip
