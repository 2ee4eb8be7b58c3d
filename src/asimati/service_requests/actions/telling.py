"""The messages of a case, with what each of them says."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.accounts.queries import demographics
from asimati.kit import clock
from asimati.service_requests.models import ServiceRequest


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
    }


def about(request: ServiceRequest) -> dict[str, str]:
    return {"type": "service_request", "reference": request.reference}


def counted(tx: Session, request: ServiceRequest, act: UUID, deed: str, at: datetime) -> dict[str, Any]:
    """What impact needs to count an act; its place is where the case is, if the case has one."""
    day = clock.local_day(at)
    place = {"block": request.block} if request.block else {}
    return {
        "source": source(deed, act),
        "on": day,
        "group": demographics(tx, request.person_id, day) | place,
        "targets": request.service.targets,
    }


def source(deed: str, act: UUID) -> str:
    """The name of one act, for counting it once and for taking it back."""
    return f"service_requests.{deed}:{act}"
