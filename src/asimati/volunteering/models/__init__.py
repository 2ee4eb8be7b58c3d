"""Editions, opportunities, shifts, sign-ups, and the ledger of hours."""

from asimati.volunteering.models.call_outs import Call, CallOut
from asimati.volunteering.models.catalogues import Skill, SpokenLanguage
from asimati.volunteering.models.editions import Edition, Enrolment, RankingRow, Snapshot
from asimati.volunteering.models.entities import (
    EntityEnrolment,
    EntityMember,
    EntityRankingRow,
    VolunteerEntity,
)
from asimati.volunteering.models.hours import Dispute, HoursClaim, HoursLine
from asimati.volunteering.models.joining import Charter, CharterAcceptance, GuardianConsent, Orientation
from asimati.volunteering.models.offers import Opportunity, Shift, ShiftSeries
from asimati.volunteering.models.profiles import AccessibilityNeed, Volunteer
from asimati.volunteering.models.sign_ups import SignUp
from asimati.volunteering.models.swaps import Swap

__all__ = [
    "AccessibilityNeed",
    "Call",
    "CallOut",
    "Charter",
    "CharterAcceptance",
    "Dispute",
    "Edition",
    "Enrolment",
    "EntityEnrolment",
    "EntityMember",
    "EntityRankingRow",
    "GuardianConsent",
    "HoursClaim",
    "HoursLine",
    "Opportunity",
    "Orientation",
    "RankingRow",
    "Shift",
    "ShiftSeries",
    "SignUp",
    "Skill",
    "Snapshot",
    "SpokenLanguage",
    "Swap",
    "Volunteer",
    "VolunteerEntity",
]
