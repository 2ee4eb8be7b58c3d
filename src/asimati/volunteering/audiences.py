"""Whom volunteering knows: those with a sign-up that was not declined or withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from asimati.kit import audiences
from asimati.kit.audiences import Kind, Role, Values
from asimati.kit.words import _
from asimati.volunteering.models import Opportunity, Shift, SignUp
from asimati.volunteering.rules import SignUpStatus

OUT = {
    SignUpStatus.WAITLISTED, SignUpStatus.DECLINED, SignUpStatus.WITHDRAWN, SignUpStatus.OFFERED,
    SignUpStatus.LAPSED, SignUpStatus.CANCELLED,
}  # fmt: skip


def of_opportunity(values: Values) -> Select[Any]:
    """Volunteers of these opportunities; of any without values."""
    signed_up = select(SignUp.person_id).join(Shift, Shift.id == SignUp.shift_id).where(SignUp.status.not_in(OUT))
    return signed_up.where(Shift.opportunity_id.in_(audiences.uuids(values))) if values else signed_up


def opportunities(tx: Session) -> Sequence[tuple[str, dict[str, Any]]]:
    known = select(Opportunity.id, Opportunity.title).order_by(Opportunity.id)
    return [(str(row.id), row.title) for row in tx.execute(known)]


audiences.register(Kind("opportunity", _("Volunteers of the opportunity"), of_opportunity, opportunities))
audiences.register_role(Role("volunteer", _("Volunteers"), lambda: of_opportunity(())))
