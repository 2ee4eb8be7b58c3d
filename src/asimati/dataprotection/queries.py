"""Questions of the desk: its queue, a person as a role may see them, the record of processing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from asimati.accounts import actions as accounts
from asimati.accounts import staff_queries
from asimati.accounts.actions.people import person_with_phone
from asimati.accounts.models import Consent, Person, PersonSensitive
from asimati.dataprotection import policy
from asimati.dataprotection.models import AccountMerge, DataRequest, Restriction, Unmasking
from asimati.dataprotection.rules import UNANSWERED, MergeStatus, pressing
from asimati.kit import clock, secrets
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.privacy import HOLDINGS
from asimati.kit.reminders import hours_of
from asimati.kit.words import LANGUAGES, translate
from asimati.settings import settings

SEEN = (
    "name_ar", "name_latin", "sex", "birth_date", "nationality", "flat", "building", "road", "block", "language",
)  # fmt: skip
HIDDEN = "••••"
_QUEUES: Mapping[str, ColumnElement[bool]] = {
    "data-requests": DataRequest.status.in_(UNANSWERED),
    "data-to-pass-on": DataRequest.pass_on_by.is_not(None) & DataRequest.passed_on_at.is_(None),
}


# --- cases -----------------------------------------------------------------------------------------------------


def requests_of(tx: Session, person: UUID, page: PageArgs) -> Page:
    """What somebody asked, newest first."""
    return paginate(tx, select(DataRequest).where(DataRequest.person_id == person), [DataRequest.id.desc()], page)


def request_of(tx: Session, person: UUID, reference: str) -> DataRequest:
    """One's own case. Raises NotFound."""
    return _one(tx, DataRequest.reference == reference, DataRequest.person_id == person)


def request(tx: Session, reference: str) -> DataRequest:
    """One case, for the desk. Raises NotFound."""
    return _one(tx, DataRequest.reference == reference)


def counts(tx: Session, actor: Actor) -> dict[str, int]:
    """How much waits in each queue of the desk."""
    return {name: tx.scalar(select(func.count()).where(rows)) or 0 for name, rows in _QUEUES.items()}


def queue(tx: Session, actor: Actor, name: str, page: PageArgs) -> Page:
    """The cases of a queue, the most urgent first, as `as_read` gives them."""
    due = DataRequest.due_at if name == "data-requests" else DataRequest.pass_on_by
    found, now = paginate(tx, select(DataRequest).where(_QUEUES[name]), [due, DataRequest.id], page), clock.now(tx)
    return Page([as_read(one, now) for one in found.items], found.next)


def as_read(found: DataRequest, now: datetime) -> dict[str, Any]:
    """A case, and how near the end of the law's time is that runs in it."""
    lead = timedelta(hours=max(hours_of("data_request"), default=0))
    ends = found.pass_on_by if found.passed_on_at is None else None
    ends = found.due_at if found.status in UNANSWERED else ends
    shown = {column.key: getattr(found, column.key) for column in DataRequest.__table__.columns}
    return shown | {"pressing": pressing(ends, lead, now)}


def restrictions(tx: Session, person: UUID) -> list[Restriction]:
    """What stands blocked or objected to."""
    standing = select(Restriction).where(Restriction.person_id == person, Restriction.ended_at.is_(None))
    return list(tx.scalars(standing.order_by(Restriction.id)))


def _one(tx: Session, *conditions: ColumnElement[bool]) -> DataRequest:
    found = tx.scalar(select(DataRequest).where(*conditions))
    if found is None:
        raise NotFound
    return found


# --- a person, as far as a role sees ---------------------------------------------------------------------------


def person(tx: Session, actor: Actor, person_id: UUID) -> dict[str, Any]:
    """Somebody's profile: what the role reads in the clear, the rest masked, or all of it while it is unmasked."""
    found = tx.get(Person, person_id, populate_existing=True)
    if found is None:
        raise NotFound
    until = unmasked_until(tx, actor, person_id)
    clear = policy.clear_to(actor)
    shown = {
        name: getattr(found, name) if until or name in clear else _masked(getattr(found, name)) for name in SEEN
    }
    shown |= _identifiers(found, clear=until is not None)
    for name, roles in policy.SENSITIVE.items():
        told = until is not None and bool(roles & actor.roles)
        shown[name] = (
            tx.scalar(select(getattr(PersonSensitive, name)).filter_by(person_id=person_id)) if told else None
        )
    return shown | {
        "id": found.id, "person_id": found.id, "unmasked_until": until, "created_at": found.created_at,
        "erased_at": found.erased_at, "restrictions": restrictions(tx, person_id),
    }  # fmt: skip


def unmasked_until(tx: Session, actor: Actor, person_id: UUID) -> Any:
    """Until when the actor may read what is masked of somebody; None where it is masked."""
    standing = select(func.max(Unmasking.ends_at)).where(
        Unmasking.staff_id == actor.id, Unmasking.person_id == person_id, Unmasking.ends_at > func.app_now()
    )
    return tx.scalar(standing)


def found(tx: Session, **wanted: str) -> Person | None:
    """Whoever has this telephone or personal number, found by its keyed hash."""
    columns = {"phone": Person.phone_index, "cpr": Person.cpr_index}
    same = [columns[name].in_(secrets.blind_indexes(value, name)) for name, value in wanted.items()]
    there = tx.scalar(select(Person).where(or_(*same)).limit(1))
    if there is None and "phone" in wanted and (kept := person_with_phone(tx, wanted["phone"])):
        return tx.get(Person, kept)
    return there


def unmaskings(tx: Session, page: PageArgs) -> Page:
    """Who saw whose details without their cover, and why; newest first."""
    found = paginate(tx, select(Unmasking), [Unmasking.id.desc()], page)
    return Page(staff_queries.named(tx, found.items, "staff_id"), found.next)


def _identifiers(person: Person, *, clear: bool) -> dict[str, Any]:
    plain = {
        name: secrets.unseal(sealed, name) if sealed else None
        for name, sealed in (("phone", person.phone), ("email", person.email), ("cpr", person.cpr))
    }
    return plain if clear else {name: _tail(value, name) for name, value in plain.items()}


def _tail(value: str | None, name: str) -> str | None:
    """Enough to ask somebody on the telephone whether it is theirs."""
    if not value:
        return None
    if name == "email":
        return value[:1] + HIDDEN + "@" + value.rpartition("@")[2]
    return HIDDEN + value[-3:]


def _masked(value: Any) -> Any:
    return None if value is None else HIDDEN


# --- two accounts of one person ---------------------------------------------------------------------------------


def merges(tx: Session, page: PageArgs, status: MergeStatus | None = None) -> Page:
    """What was proposed to be one, the newest first."""
    both: tuple[Any, Any] = (AccountMerge, AccountMerge.kept_id.label("person_id"))
    wanted = select(*both)
    if status:
        wanted = wanted.where(AccountMerge.status == status)
    found = paginate(tx, wanted, [AccountMerge.id.desc()], page)
    names = [column.name for column in AccountMerge.__table__.columns]
    return Page([{n: getattr(row[0], n) for n in names} | {"person_id": row[1]} for row in found.items], found.next)


def merges_waiting(tx: Session) -> int:
    """How many proposals wait for a second person."""
    waiting = select(func.count()).select_from(AccountMerge).where(AccountMerge.status == MergeStatus.PROPOSED)
    return tx.scalar(waiting) or 0


def merge(tx: Session, merge_id: UUID) -> AccountMerge:
    """One proposal. Raises NotFound."""
    found = tx.get(AccountMerge, merge_id)
    if found is None:
        raise NotFound
    return found


# --- consent ---------------------------------------------------------------------------------------------------


def consents(tx: Session, person_id: UUID) -> list[dict[str, Any]]:
    """What somebody may be asked to agree to, as it reads now, each with their receipts, newest first."""
    receipts = tx.scalars(select(Consent).where(Consent.person_id == person_id).order_by(Consent.id.desc())).all()
    return [
        {
            "code": code, "edition": one["version"], "title": one["title"], "text": one["text"],
            "receipts": (mine := [receipt for receipt in receipts if receipt.code == code]),
            "standing": any(r.withdrawn_at is None and r.edition == one["version"] for r in mine),
        }
        for code, one in accounts.asked().items()
    ]  # fmt: skip


# --- the record of processing ----------------------------------------------------------------------------------


def records() -> list[dict[str, Any]]:
    """Every kind of data the house keeps of people: why, by what right, what, for how long, and what erases it."""
    facts = settings().governorate.facts
    months = facts.get("retention", {})
    return [
        {
            "code": group["code"], "title": group["title"], "purpose": group["purpose"], "basis": group["basis"],
            "law": group["law"], "controller": facts["privacy"]["controller"],
            "holdings": [
                {
                    "name": holding.name,
                    "title": _both(holding.title),
                    "columns": sorted(name for name, its in holding.personal.items() if its == group["code"]),
                    "erasure": str(holding.fate),
                    "why": _both(holding.why),
                    "kept_months": {name: months[name] for name in holding.periods if name in months},
                }
                for holding in HOLDINGS.values()
                if group["code"] in {str(holding.group), *map(str, holding.personal.values())}
            ],
        }
        for group in facts["privacy"]["group"]
    ]  # fmt: skip


def _both(words: str) -> dict[str, str]:
    return {language: translate(words, language) for language in LANGUAGES}
