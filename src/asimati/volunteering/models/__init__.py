"""Editions, opportunities, shifts, sign-ups, and the ledger of hours."""

from asimati.volunteering.models.catalogues import Skill, SpokenLanguage
from asimati.volunteering.models.editions import Edition, Enrolment, RankingRow, Snapshot
from asimati.volunteering.models.entities import (
    EntityEnrolment,
    EntityMember,
    EntityRankingRow,
    VolunteerEntity,
)
from asimati.volunteering.models.hours import Dispute, HoursClaim, HoursLine
from asimati.volunteering.models.offers import Opportunity, Shift, ShiftSeries
from asimati.volunteering.models.sign_ups import SignUp
from asimati.volunteering.models.swaps import Swap

__all__ = [
    "Dispute", "Edition", "Enrolment", "EntityEnrolment", "EntityMember", "EntityRankingRow", "HoursClaim",
    "HoursLine", "Opportunity", "RankingRow", "Shift", "ShiftSeries", "SignUp", "Skill", "Snapshot",
    "SpokenLanguage", "Swap", "VolunteerEntity",
]  # fmt: skip
