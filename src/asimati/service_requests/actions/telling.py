"""The messages of a case, with what each of them says."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.accounts.queries import demographics
from asimati.kit import clock
from asimati.service_requests.models import ServiceRequest

UNKNOWN = {"sex": "unknown", "age_band": "unknown", "disability": "unknown", "block": "unknown"}


def of(request: ServiceRequest) -> dict[str, Any]:
    """What every message about a case says."""
    service = request.service
    return {
        "person": request.person_id,
        "about": about(request),
        "reference": request.reference,
        "title": service.title,
        "service": service.code,
        "kind": str(service.kind),
        "domain": str(service.domain),
        "channel": str(request.channel),
    }


def about(request: ServiceRequest) -> dict[str, str]:
    return {"type": "service_request", "reference": request.reference}


def counted(tx: Session, request: ServiceRequest, act: UUID, deed: str, at: datetime) -> dict[str, Any]:
    """The same with what impact needs to count the act; its place is where the case is, if the case has one."""
    day = clock.local_day(at)
    group = demographics(tx, request.person_id, day) if request.person_id else UNKNOWN
    place = {"block": request.block} if request.block else {}
    return {
        **of(request),
        "source": source(deed, act),
        "on": day,
        "group": {**group, **place},
        "targets": request.service.targets,
    }


def source(deed: str, act: UUID) -> str:
    """The name of one act, for counting it once and for taking it back."""
    return f"service_requests.{deed}:{act}"
