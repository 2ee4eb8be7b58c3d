"""Questions: the catalogue, one's own cases, the staff's queues."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy import cast as cast_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session, joinedload, load_only, selectinload

from asimati.accounts.callers import staff_holding
from asimati.accounts.models import StaffMember
from asimati.kit import clock
from asimati.kit.db import plan_for_values
from asimati.kit.errors import Invalid, NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.text import fold
from asimati.kit.words import _
from asimati.places.models import Block
from asimati.service_requests import policy, searching
from asimati.service_requests.models import WORDS, Entity, Hop, Interest, Service, ServiceRequest
from asimati.service_requests.rules import Channel, Domain, Kind, Status, Turn
from asimati.settings import settings

# --- the catalogue ---------------------------------------------------------------------------------------------


def services(
    tx: Session,
    *,
    page: PageArgs,
    q: str | None = None,
    kind: Kind | None = None,
    domain: Domain | None = None,
    updated_since: datetime | None = None,
) -> Page:
    """The services on offer; with `updated_since`, those that changed, the retired ones too."""
    wanted = select(Service).options(selectinload(Service.form))
    if updated_since is None:
        wanted = wanted.where(Service.retired_at.is_(None))
    else:
        wanted = wanted.where(Service.updated_at >= updated_since)
    if kind:
        wanted = wanted.where(Service.kind == kind)
    if domain:
        wanted = wanted.where(Service.domain == domain)
    return paginate(tx, _matching(wanted, Service.search, q), [Service.code.asc()], page)


def service(tx: Session, code: str) -> Service:
    """One service with its form; a retired one is shown still, as not available. Raises NotFound."""
    found = tx.scalar(select(Service).options(selectinload(Service.form)).where(Service.code == code))
    if found is None:
        raise NotFound
    return found


def _matching(statement: Select[Any], column: Any, q: str | None) -> Select[Any]:
    """Every word of the search, wherever it stands: in Arabic a word often begins with its article."""
    for word in fold(q or "").split():
        statement = statement.where(column.contains(word, autoescape=True))
    return statement


def _found(statement: Select[Any], q: str | None) -> Select[Any]:
    """Cases with a word that begins with each word of the search; an index answers it (`models.WORDS`)."""
    for word in searching.words(q or ""):
        statement = statement.where(WORDS.bool_op("@@")(cast_(searching.prefixed(word), TSQUERY)))
    return statement


# --- cases -----------------------------------------------------------------------------------------------------


def my_requests(tx: Session, actor: Actor, *, page: PageArgs, updated_since: datetime | None = None) -> Page:
    """The resident's own cases, newest first."""
    mine = policy.visible(select(ServiceRequest).options(selectinload(ServiceRequest.subject)), actor)
    if updated_since:
        mine = mine.where(ServiceRequest.updated_at >= updated_since)
    return paginate(tx, mine, [ServiceRequest.submitted_at.desc(), ServiceRequest.id.desc()], page)


def request(tx: Session, actor: Actor, reference: str) -> ServiceRequest:
    """One case with its history. Raises NotFound, also for one that is not the actor's to see."""
    if actor.is_staff:
        policy.require(actor, "see")
    wanted = policy.visible(select(ServiceRequest), actor).where(ServiceRequest.reference == reference)
    whole = wanted.options(
        joinedload(ServiceRequest.form),
        joinedload(ServiceRequest.subject),
        selectinload(ServiceRequest.hops),
        selectinload(ServiceRequest.entries),
        selectinload(ServiceRequest.messages),
    )
    found = tx.scalar(whole)
    if found is None:
        raise NotFound
    return found


# --- the staff's queues ----------------------------------------------------------------------------------------

_OPEN = ServiceRequest.closed_at.is_(None)
# Late is what was promised and is not there (unless we wait for the resident), and an entity past its own time. The
# moment and the late entities are each asked for once, not for every case.
_NOW = select(func.app_now()).scalar_subquery()
_ENTITY_LATE = select(Hop.request_id).where(Hop.ended_at.is_(None), Hop.who == Turn.ENTITY, Hop.due_at < _NOW)
_OVERDUE = and_(
    _OPEN, ServiceRequest.status != Status.WAITING,
    or_(ServiceRequest.due_at < _NOW, ServiceRequest.id.in_(_ENTITY_LATE)),
)  # fmt: skip


def _today() -> tuple[datetime, datetime]:
    """The governorate's day, as moments; what is late already is not due today but overdue."""
    now = clock.utcnow()
    return now, clock.local(now).replace(hour=23, minute=59, second=59, microsecond=999999)


QUEUES: Mapping[str, Callable[[Actor], ColumnElement[bool]]] = {
    "mine": lambda actor: and_(_OPEN, ServiceRequest.claimed_by == actor.id),
    "unassigned": lambda _: ServiceRequest.status == Status.SUBMITTED,
    "overdue": lambda _: _OVERDUE,
    "due_today": lambda _: and_(
        _OPEN, ServiceRequest.status != Status.WAITING, ServiceRequest.due_at.between(*_today())
    ),
    "referred": lambda _: ServiceRequest.status == Status.REFERRED,
    "open": lambda _: _OPEN,
    "to_approve": lambda _: ServiceRequest.status == Status.PROPOSED,
    "waiting": lambda _: ServiceRequest.status == Status.WAITING,
}

# What a line of a list says: the answers and the service's form of words stay where they are.
_LINE = (
    load_only(
        ServiceRequest.reference, ServiceRequest.service_id, ServiceRequest.person_id, ServiceRequest.channel,
        ServiceRequest.confidential, ServiceRequest.block, ServiceRequest.status, ServiceRequest.claimed_by,
        ServiceRequest.submitted_at, ServiceRequest.due_at, ServiceRequest.closed_at, ServiceRequest.updated_at,
        ServiceRequest.version,
    ),
    joinedload(ServiceRequest.service).load_only(Service.code, Service.title, Service.kind, Service.domain),
)  # fmt: skip


def queues(tx: Session, actor: Actor) -> Mapping[str, int]:
    """How many cases stand in each queue, of those the actor may see."""
    policy.require(actor, "see")
    counts = [func.count().filter(belongs(actor)).label(name) for name, belongs in QUEUES.items()]
    counted = cast(Select[Any], select(*counts).select_from(ServiceRequest).where(_OPEN))
    row = tx.execute(policy.visible(counted, actor)).one()
    return dict(row._mapping)


def _services(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return ServiceRequest.service_id.in_(select(Service.id).where(condition))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), settings().governorate.time_zone)


def _blocks_of(area: str) -> Select[Any]:
    return select(Block.number).where(or_(Block.area["ar"].astext == area, Block.area["en"].astext == area))


# How each word of a question narrows a queue; days are the governorate's.
_NARROWED: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "service": lambda code: _services(Service.code == code),
    "department": lambda code: _services(Service.department == code),
    "area": lambda name: ServiceRequest.block.in_(_blocks_of(name)),
    "block": lambda number: ServiceRequest.block == number,
    "channel": lambda channel: ServiceRequest.channel == channel,
    "kind": lambda kind: _services(Service.kind == kind),
    "status": lambda status: ServiceRequest.status == status,
    "holder": lambda staff: ServiceRequest.claimed_by == staff,
    "entity": lambda code: ServiceRequest.id.in_(
        select(Hop.request_id)
        .join(Entity, Entity.id == Hop.entity_id)
        .where(Hop.ended_at.is_(None), Entity.code == code)
    ),
    "due_from": lambda day: ServiceRequest.due_at >= _midnight(day),
    "due_to": lambda day: ServiceRequest.due_at < _midnight(day + timedelta(days=1)),
    "filed_from": lambda day: ServiceRequest.submitted_at >= _midnight(day),
    "filed_to": lambda day: ServiceRequest.submitted_at < _midnight(day + timedelta(days=1)),
}

# What of it is one of a list, with what is said of anything else.
_KNOWN: Mapping[str, tuple[type[StrEnum], str]] = {
    "channel": (Channel, _("There is no such channel.")),
    "kind": (Kind, _("There is no such kind of service.")),
    "status": (Status, _("There is no such state.")),
}
# Each order goes one way in both of its columns, as its index does.
_ORDERS: Mapping[str, Sequence[Any]] = {
    "due": (ServiceRequest.due_at.asc(), ServiceRequest.id.asc()),
    "oldest": (ServiceRequest.submitted_at.asc(), ServiceRequest.id.asc()),
    "newest": (ServiceRequest.submitted_at.desc(), ServiceRequest.id.desc()),
    "changed": (ServiceRequest.updated_at.desc(), ServiceRequest.id.desc()),
}


def queue(
    tx: Session,
    actor: Actor,
    name: str,
    *,
    page: PageArgs,
    q: str | None = None,
    order: str = "due",
    **narrowed: Any,
) -> Page:
    """The cases of a queue, the most urgent first unless another order of `_ORDERS` is asked for; `narrowed` by the
    words of `_NARROWED`. Raises NotFound for a queue there is not, Invalid for such a channel, kind or state.
    """
    policy.require(actor, "see")
    if name not in QUEUES:
        raise NotFound
    if wrong := [(f"/{word}", said) for word, (kind, said) in _KNOWN.items()
                 if narrowed.get(word) and narrowed[word] not in set(kind)]:  # fmt: skip
        raise Invalid(wrong)
    wanted = policy.visible(select(ServiceRequest).options(*_LINE), actor).where(_OPEN, QUEUES[name](actor))
    wanted = wanted.where(*(_NARROWED[word](value) for word, value in narrowed.items() if value))
    if q:
        plan_for_values(tx)
    return paginate(tx, _found(wanted, q), _ORDERS[order], page)


def officers(tx: Session, actor: Actor, case: str | None = None) -> list[dict[str, Any]]:
    """Colleagues who work on cases, by name, to look for what they hold; with a `case`, those it can be given to.

    Raises NotFound for a case that is not the actor's to see.
    """
    policy.require(actor, "see")
    working = staff_holding(tx, policy.MAY["claim"])
    found = {one.id for one in (_fit_for(tx, request(tx, actor, case), working) if case else working)}
    named = select(StaffMember.id, StaffMember.name).where(StaffMember.id.in_(found))
    return [dict(row._mapping) for row in tx.execute(named.order_by(StaffMember.name["ar"].astext, StaffMember.id))]


def _fit_for(tx: Session, case: ServiceRequest, working: Iterable[Actor]) -> list[Actor]:
    """Whoever may handle a case, but its holder, who declared an interest in it, and who decided it before."""
    interested = set(tx.scalars(select(Interest.staff_id).where(Interest.request_id == case.id)))
    out = interested | {case.claimed_by, case.appealed_from}
    return [one for one in working if one.id not in out and policy.may_handle(one, case)]


def departments(tx: Session, actor: Actor) -> list[dict[str, Any]]:
    """The departments whose services are on offer, by the names the pack gives them."""
    policy.require(actor, "see")
    named = {one["code"]: one["title"] for one in settings().governorate.facts.get("department", [])}
    wanted = select(Service.department).where(Service.department.is_not(None), Service.retired_at.is_(None))
    codes = tx.scalars(wanted.distinct().order_by(Service.department))
    return [{"code": code, "title": named.get(code, {"ar": code, "en": code})} for code in codes]
