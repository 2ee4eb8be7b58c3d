"""Cases written under another rule of searching are made findable by the one in use, a batch at a time."""

from __future__ import annotations

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, lazyload

from asimati.service_requests.actions.submitting import searched
from asimati.service_requests.models import Service, ServiceRequest
from asimati.service_requests.searching import EDITION

AT_ONCE = 2_000


def index_again(tx: Session) -> int:
    """Index the next cases by the rule in use; how many. Neither their version nor their time of change moves."""
    services = {service.id: service for service in tx.scalars(select(Service))}
    old = (
        select(ServiceRequest)
        .options(lazyload("*"))
        .where(
            or_(
                ServiceRequest.search_edition < EDITION, ServiceRequest.search_edition > EDITION
            )  # an index knows both
        )
    )
    found = tx.scalars(old.limit(AT_ONCE).with_for_update(key_share=True, skip_locked=True)).all()
    for request in found:
        anew = {"search": searched(request, services[request.service_id]), "search_edition": EDITION}
        same_time = {"updated_at": ServiceRequest.updated_at}
        change = update(ServiceRequest).where(ServiceRequest.id == request.id).values({**anew, **same_time})
        tx.execute(change, execution_options={"synchronize_session": False})
    return len(found)
