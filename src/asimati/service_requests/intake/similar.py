"""Cases that may be about the same matter, offered before another one is filed, and following one of them.

What a neighbour sees of a case is its service, its state, its road and how far it is: no words, no number of a
house, and nothing of services that concern people rather than streets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Numeric, Select, and_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.kit import audit, clock
from asimati.kit.errors import Conflict, NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.service_requests import policy
from asimati.service_requests.models import Follower, Service, ServiceRequest
from asimati.service_requests.rules import BLUR, Domain, Kind, Place

METRES = 250  # between two points that may mean the same matter
RECENT = timedelta(days=60)
MOST = 5
COARSE = 50  # metres to which distances are told
_DEGREE = 111_320.0  # metres of latitude; of longitude less, by its cosine


class AlreadyYours(Conflict):
    slug = "already-yours"
    title = _("This case is yours already")
    detail = _("You are told of its answer anyway.")


@dataclass(frozen=True)
class Near:
    """A case that may be about the same matter, as a stranger sees it."""

    case: ServiceRequest
    metres: int | None
    followers: int
    mine: bool = False

    @property
    def person_id(self) -> UUID | None:
        """Whose case it is, for the trail of who opened what."""
        return self.case.person_id


def shared(service: Service) -> bool:
    """Whether cases of a service are about what several people see: its complaints about places, not people."""
    return (
        service.kind is Kind.COMPLAINT and service.domain is Domain.SERVICE and not service.confidential
        and service.location is not Place.NONE
    )  # fmt: skip


def similar(tx: Session, actor: Actor, service: Service, where: Mapping[str, Any]) -> list[Near]:
    """Open cases of the service near a place, the nearest first; none where cases are nobody else's matter."""
    if not shared(service):
        return []
    wanted = _shown(select(ServiceRequest)).where(ServiceRequest.service_id == service.id)
    recent = wanted.where(ServiceRequest.submitted_at > clock.now(tx) - RECENT)
    return _nearest(tx, actor, recent, where, blurred=True)


def similar_to(tx: Session, actor: Actor, request: ServiceRequest) -> list[Near]:
    """For staff: open cases that may be about the same matter as this one, of those they may see."""
    if request.block is None:
        return []
    wanted = policy.visible(select(ServiceRequest), actor).where(
        ServiceRequest.closed_at.is_(None), ServiceRequest.service_id == request.service_id,
        ServiceRequest.id != request.id, ServiceRequest.submitted_at > request.submitted_at - RECENT,
    )  # fmt: skip
    return _nearest(tx, actor, wanted, request.location or {})


def follow(tx: Session, actor: Actor, reference: str) -> ServiceRequest:
    """Be told when a neighbour's case is answered, instead of filing it again. Raises NotFound, AlreadyYours."""
    request = tx.scalar(_shown(select(ServiceRequest)).where(ServiceRequest.reference == reference))
    if request is None or not shared(request.service):
        raise NotFound
    if request.person_id == actor.person:
        raise AlreadyYours
    row = {"request_id": request.id, "person_id": actor.person, "at": clock.now(tx)}
    made = tx.scalar(insert(Follower).values(row).on_conflict_do_nothing().returning(Follower.request_id))
    if made is not None:
        audit.record(tx, actor, "service_requests.follow", ("service_request", request.id))
    return request


def leave(tx: Session, actor: Actor, reference: str) -> None:
    """Follow a case no longer. Raises NotFound where one does not."""
    theirs = select(Follower).join(ServiceRequest, ServiceRequest.id == Follower.request_id)
    found = tx.scalar(theirs.where(ServiceRequest.reference == reference, Follower.person_id == actor.person))
    if found is None:
        raise NotFound
    tx.delete(found)
    audit.record(tx, actor, "service_requests.leave", ("service_request", found.request_id))


def followed(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """The cases one follows, the newest first, as far as a stranger may know of them."""
    wanted = select(ServiceRequest).join(Follower, Follower.request_id == ServiceRequest.id)
    wanted = wanted.where(Follower.person_id == actor.person)
    return paginate(tx, wanted, [ServiceRequest.submitted_at.desc(), ServiceRequest.id.desc()], page)


def _shown(statement: Select[Any]) -> Select[Any]:
    return statement.where(ServiceRequest.closed_at.is_(None), ServiceRequest.confidential.is_(False))


def _nearest(
    tx: Session, actor: Actor, wanted: Select[Any], where: Mapping[str, Any], *, blurred: bool = False
) -> list[Near]:
    """By point where both have one; else in the same block, and on the same road if both name theirs."""
    lat, lon = where.get("lat"), where.get("lon")
    away: ColumnElement[Any] = literal(None) if lat is None or lon is None else _away(lat, lon, blurred)
    alternatives = []
    if where.get("block"):
        here = [ServiceRequest.block == where["block"]]
        if lat is not None:
            here.append(ServiceRequest.lat.is_(None))
        if where.get("road"):
            here.append(or_(ServiceRequest.road.is_(None), ServiceRequest.road == where["road"]))
        alternatives.append(and_(*here))
    if lat is not None:
        reach = METRES / _DEGREE + 10**-BLUR
        alternatives.append(and_(ServiceRequest.lat.between(lat - reach, lat + reach), away <= METRES))
    if not alternatives:
        return []
    followers = select(func.count()).where(Follower.request_id == ServiceRequest.id).scalar_subquery()
    found = wanted.add_columns(away, followers).where(or_(*alternatives))
    order = (away.asc().nulls_last(), ServiceRequest.submitted_at.desc())
    rows = tx.execute(found.order_by(*order).limit(MOST)).all()
    me = actor.id if actor.is_resident else None
    return [
        Near(case, None if metres is None else _coarse(metres), count, me is not None and case.person_id == me)
        for case, metres, count in rows
    ]


def _away(lat: float, lon: float, blurred: bool) -> ColumnElement[Any]:
    its_lat, its_lon = (_blurred(one) if blurred else one for one in (ServiceRequest.lat, ServiceRequest.lon))
    north = (its_lat - lat) * _DEGREE
    east = (its_lon - lon) * _DEGREE * func.cos(func.radians(lat))
    return func.sqrt(north * north + east * east)


def _blurred(column: Any) -> ColumnElement[Any]:
    return cast(func.round(cast(column, Numeric), BLUR), Float)


def _coarse(metres: float) -> int:
    return max(1, round(metres / COARSE)) * COARSE
