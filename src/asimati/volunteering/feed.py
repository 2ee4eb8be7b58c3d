"""Shifts in a person's calendar feed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.feed import FEEDS, Entry
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.rules import SignUpStatus

_GIVEN_UP = frozenset({SignUpStatus.DECLINED, SignUpStatus.WITHDRAWN, SignUpStatus.LAPSED, SignUpStatus.CANCELLED})


def entries(tx: Session, person: UUID, since: datetime) -> Iterable[Entry]:
    """A person's shifts that ended no earlier; those given up or declined say so."""
    found = (
        select(SignUp, Shift, Opportunity)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .where(SignUp.person_id == person, Shift.ends_at >= since)
    )
    for sign_up, shift, opportunity in tx.execute(found):
        yield Entry(
            uid=f"sign-up-{sign_up.id}@asimati",
            sequence=sign_up.version + shift.version - 2,  # every change makes it larger
            status=status_of(sign_up.status),
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            title=opportunity.title,
            changed_at=max(filter(None, (sign_up.created_at, sign_up.checked_in_at, sign_up.checked_out_at))),
            place=opportunity.location,
        )


def status_of(status: SignUpStatus) -> str:
    """A sign-up's status in the words of RFC 5545, 3.8.1.11."""
    if status in _GIVEN_UP:
        return "CANCELLED"
    waits = {SignUpStatus.PENDING, SignUpStatus.WAITLISTED, SignUpStatus.OFFERED}
    return "TENTATIVE" if status in waits else "CONFIRMED"


FEEDS.append(entries)
