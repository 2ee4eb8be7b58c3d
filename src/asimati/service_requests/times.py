"""Why it takes this long: what the last answers took, in working time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from asimati.kit.worktime import working_minutes_between
from asimati.places.queries import work_calendar
from asimati.service_requests.models import Service, ServiceRequest
from asimati.service_requests.queries import service
from asimati.service_requests.rules import ANSWERED

DAYS, FEWEST, MOST = 90, 5, 1000


def usual_times(tx: Session, code: str) -> dict[str, Any]:
    """Median and 90th percentile of working minutes from filing to answer, our waiting for residents left out.

    Of the answers of 90 days, the newest thousand at most; none from fewer than five. Raises NotFound.
    """
    offered: Service = service(tx, code)
    since = func.app_now() - timedelta(days=DAYS)
    answered = (
        select(ServiceRequest)
        .where(ServiceRequest.service_id == offered.id, ServiceRequest.status.in_(ANSWERED))
        .where(ServiceRequest.closed_at >= since)
        .options(selectinload(ServiceRequest.hops))
        .order_by(ServiceRequest.closed_at.desc())
        .limit(MOST)
    )
    calendar = work_calendar(tx)
    took = []
    for one in tx.scalars(answered):
        pauses = [(hop.started_at, hop.ended_at) for hop in one.hops if hop.paused and hop.ended_at]
        closed_at = one.closed_at or one.updated_at
        took.append(working_minutes_between(calendar, one.clock_started_at, closed_at, pauses))
    return {"days": DAYS, "cases": len(took), **_percentiles(sorted(took))}


def _percentiles(took: list[int]) -> dict[str, int | None]:
    """The smallest that at least half, and nine of ten, did not exceed (nearest rank)."""
    if len(took) < FEWEST:
        return {"median_minutes": None, "p90_minutes": None}
    return {"median_minutes": took[-(-len(took) // 2) - 1], "p90_minutes": took[-(-9 * len(took) // 10) - 1]}
