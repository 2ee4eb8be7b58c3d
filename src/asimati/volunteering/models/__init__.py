"""Editions, opportunities, shifts, sign-ups, and the ledger of hours."""

from asimati.volunteering.models.editions import Edition
from asimati.volunteering.models.hours import Dispute, HoursClaim, HoursLine
from asimati.volunteering.models.offers import Opportunity, Shift
from asimati.volunteering.models.sign_ups import SignUp

__all__ = ["Dispute", "Edition", "HoursClaim", "HoursLine", "Opportunity", "Shift", "SignUp"]
