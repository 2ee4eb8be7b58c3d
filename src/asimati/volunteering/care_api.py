"""What a coordinator may know of a volunteer so that nothing goes wrong on the day: each reading is noted."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from asimati.http import access
from asimati.http.routes import Blueprint
from asimati.kit import audit
from asimati.kit.db import Session
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.volunteering import care, policy, staff_volunteer
from asimati.volunteering import profiles_schemas as schemas
from asimati.volunteering.refusals import OutsideShift, OwnHours

blp = Blueprint("volunteer_care", __name__, description="Whom to call, and what a volunteer needs")
may = partial(access.staff_who, policy.MAY)
audit.SUBJECTS["volunteer"] = _("what you said of yourself as a volunteer")
audit.SUBJECTS["emergency_contact"] = _("whom to call for you in an emergency")
audit.SUBJECTS["accessibility_need"] = _("your accessibility needs")

Dict = dict[str, Any]


@blp.get(
    "/staff/sign-ups/<uuid:sign_up_id>/emergency-contact",
    who=may("record_times"),
    gives=schemas.EmergencyOut,
    opens="emergency_contact",
    refuses=[OutsideShift, OwnHours],
)
def emergency_contact(tx: Session, actor: Actor, sign_up_id: UUID) -> Dict:
    """Whom to call for a volunteer who is at the shift, from shortly before it until shortly after."""
    return care.emergency_contact(tx, actor, sign_up_id)


@blp.get(
    "/staff/sign-ups/<uuid:sign_up_id>/accessibility",
    who=may("record_times"),
    gives=schemas.NeedsOut,
    opens="accessibility_need",
    refuses=[OutsideShift, OwnHours],
)
def accessibility(tx: Session, actor: Actor, sign_up_id: UUID) -> Dict:
    """What a volunteer with a place on the shift needs, if they agreed to say it, until the shift is over."""
    return care.accessibility(tx, actor, sign_up_id)


@blp.get("/staff/volunteers/<uuid:person_id>", who=may("see"), gives=schemas.StaffVolunteerOut, opens="volunteer")
def volunteer(tx: Session, actor: Actor, person_id: UUID) -> Dict:
    """A volunteer: what they can do and when, what is done of what is asked, what they served."""
    return staff_volunteer.volunteer(tx, actor, person_id)
