"""Questions: services, and cases in a window of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.open311 import public
from asimati.places.models import Block
from asimati.service_requests.models import Service, ServiceRequest

WINDOW = timedelta(days=90)  # the standard's own: what is older is asked for by its dates or its id
MOST = 1000
_WHOLE = (joinedload(ServiceRequest.form), selectinload(ServiceRequest.hops))


def services(tx: Session) -> Sequence[Service]:
    """What can be asked for in public."""
    found = tx.scalars(public.services().options(selectinload(Service.form)).order_by(Service.code))
    return found.all()


def service(tx: Session, code: str) -> Service:
    """One of those, or NotFound."""
    found: Service | None = tx.scalar(
        public.services().options(selectinload(Service.form)).where(Service.code == code)
    )
    if found is None:
        raise NotFound
    return found


def request(tx: Session, reference: str) -> Any:
    """One public case with its block, or NotFound."""
    found = tx.execute(public.cases().options(*_WHOLE).where(ServiceRequest.reference == reference)).one_or_none()
    if found is None:
        raise NotFound
    return found


def of_token(tx: Session, token: UUID) -> str:
    """The reference that became of a token, or NotFound."""
    return str(
        request(tx, tx.scalar(select(ServiceRequest.reference).where(ServiceRequest.id == token)) or "")[
            0
        ].reference
    )


def requests(
    tx: Session,
    *,
    references: Sequence[str] = (),
    codes: Sequence[str] = (),
    statuses: Sequence[str] = (),
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    page: int = 1,
    page_size: int = MOST,
) -> Sequence[Any]:
    """Cases, the newest first. Named ones whenever they came in; else ninety days up to `end_date`, or to now."""
    wanted = public.cases().options(*_WHOLE)
    if references:
        wanted = wanted.where(ServiceRequest.reference.in_(references))
    else:
        until = end_date or clock.now(tx)
        since = start_date or (updated_after and datetime.min.replace(tzinfo=until.tzinfo)) or until - WINDOW
        wanted = wanted.where(ServiceRequest.submitted_at.between(since, until))
    if codes:
        wanted = wanted.where(Service.code.in_(codes))
    if len(set(statuses)) == 1:
        closed = ServiceRequest.closed_at.is_not(None)
        wanted = wanted.where(closed if statuses[0] == "closed" else ~closed)
    if updated_after:
        wanted = wanted.where(ServiceRequest.updated_at >= updated_after)
    if updated_before:
        wanted = wanted.where(ServiceRequest.updated_at <= updated_before)
    order = (ServiceRequest.submitted_at.desc(), ServiceRequest.id.desc())
    return tx.execute(wanted.order_by(*order).limit(page_size).offset((page - 1) * page_size)).all()


def block(tx: Session, number: str) -> str | None:
    return tx.scalar(select(Block.number).where(Block.number == number, ~Block.retired))
