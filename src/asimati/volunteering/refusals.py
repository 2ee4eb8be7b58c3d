"""What volunteering refuses."""

from asimati.kit.errors import Conflict, Forbidden
from asimati.kit.words import _


class ShiftFull(Conflict):
    slug = "shift-full"
    title = _("The shift is full")
    detail = _("All {places} places are taken.")


class ShiftOver(Conflict):
    slug = "shift-over"
    title = _("This shift is over")


class AlreadySignedUp(Conflict):
    slug = "already-signed-up"
    title = _("You are signed up for this shift already")


class TooYoung(Forbidden):
    slug = "too-young"
    title = _("This shift has a minimum age")
    detail = _("Volunteers must be at least {minimum_age} years old.")


class NotNow(Conflict):
    slug = "not-now"
    title = _("It is not the time for this")
    detail = _(
        "Check-in opens 30 minutes before the shift and closes when it ends; check-out closes 2 hours after."
    )


class WrongShiftCode(Conflict):
    slug = "wrong-shift-code"
    title = _("This is not the code shown at the shift")
    detail = _("The code changes every minute. Scan the one that is shown now.")


class HoursDecided(Conflict):
    slug = "hours-decided"
    title = _("These hours have been decided already")
    detail = _("Read them again to see what was decided.")


class OwnRecord(Forbidden):
    slug = "own-record"
    title = _("Someone else must approve this")
    detail = _("Whoever wrote the times down may not approve the hours.")
