"""The messages of a case, with what each of them says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.household import demographics_of
from asimati.accounts.queries import demographics
from asimati.kit import clock
from asimati.kit.policy import Actor
from asimati.kit.words import LANGUAGES, _, translate
from asimati.service_requests import policy
from asimati.service_requests.models import Follower, ServiceRequest


def of(request: ServiceRequest) -> dict[str, Any]:
    """What every message says that tells the resident something."""
    return {**facts(request), "about": about(request)}


def facts(request: ServiceRequest) -> dict[str, Any]:
    """What every message about a case says."""
    service = request.service
    return {
        "person": request.person_id,
        "reference": request.reference,
        "title": service.title,
        "service": service.code,
        "kind": str(service.kind),
        "domain": str(service.domain),
        "channel": str(request.channel),
        "confidential": request.confidential,
    }


def about(request: ServiceRequest) -> dict[str, str]:
    return {"type": "service_request", "reference": request.reference}


CONFIDENTIAL = _("A confidential case")


def for_staff(request: ServiceRequest, staff: Iterable[Actor | None]) -> dict[str, Any]:
    """What every message for colleagues says. It reaches those alone who may handle the case."""
    told = {str(one.id) for one in staff if one is not None and policy.may_handle(one, request)}
    return {
        "about": about(request),
        "reference": request.reference,
        "title": both(CONFIDENTIAL) if request.confidential else request.service.title,
        "staff": sorted(told),
    }


def both(words: str) -> dict[str, str]:
    return {language: translate(words, language) for language in LANGUAGES}


def counted(tx: Session, request: ServiceRequest, act: UUID, deed: str, at: datetime) -> dict[str, Any]:
    """What impact needs to count an act; its place is where the case is, if the case has one.

    A case for a member of a household counts the member, and not who filed it.
    """
    day, of = clock.local_day(at), request.subject
    place = {"block": request.block} if request.block else {}
    if of is None:
        group = demographics(tx, request.person_id, day)
    else:
        group = demographics_of(tx, of.member_id, of.person_id, day)
    return {
        "source": source(deed, act),
        "on": day,
        "group": group | place,
        "targets": request.service.targets,
        "counts_for": (of.person_id or of.member_id) if of else None,
    }


def followers(tx: Session, request: ServiceRequest) -> list[tuple[UUID, bool]]:
    """Who follows the case, and whether by a case of their own that was joined to it."""
    joined = select(ServiceRequest.id).where(
        ServiceRequest.merged_into == Follower.request_id, ServiceRequest.person_id == Follower.person_id
    )
    found = select(Follower.person_id, joined.exists()).where(Follower.request_id == request.id)
    return [(person, theirs) for person, theirs in tx.execute(found.order_by(Follower.person_id))]


def to_follower(request: ServiceRequest, person: UUID) -> dict[str, Any]:
    """The case is not theirs to open, so what they are told leads to the service."""
    return facts(request) | {"person": person, "about": {"type": "service", "reference": request.service.code}}


def source(deed: str, act: UUID) -> str:
    """The name of one act, for counting it once and for taking it back."""
    return f"service_requests.{deed}:{act}"
