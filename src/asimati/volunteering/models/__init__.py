"""Editions, opportunities, shifts, sign-ups, and the ledger of hours."""

from asimati.volunteering.models.catalogues import Skill, SpokenLanguage
from asimati.volunteering.models.editions import Edition, Enrolment, RankingRow, Snapshot
from asimati.volunteering.models.hours import Dispute, HoursClaim, HoursLine
from asimati.volunteering.models.offers import Opportunity, Shift
from asimati.volunteering.models.sign_ups import SignUp

__all__ = [
    "Dispute", "Edition", "Enrolment", "HoursClaim", "HoursLine", "Opportunity", "RankingRow", "Shift", "SignUp",
    "Skill", "Snapshot", "SpokenLanguage",
]  # fmt: skip
