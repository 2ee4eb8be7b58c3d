"""What can be wrong with what someone asks of a desk's calendar."""

from __future__ import annotations

from asimati.kit.errors import Conflict
from asimati.kit.words import _


class SlotTaken(Conflict):
    slug = "slot-taken"
    title = _("This time is taken")
    detail = _("Somebody was quicker. Choose another time.")


class NoSuchSlot(Conflict):
    slug = "no-such-slot"
    title = _("There is no appointment at this time")
    detail = _("The desk is closed then, or it is too soon or too far ahead. Ask for the free times again.")


class SlotReserved(Conflict):
    slug = "slot-reserved"
    title = _("This time is kept for elderly people and persons with disabilities")
    detail = _("What they do not need is open to everybody shortly before. Choose another time.")


class TooManyAppointments(Conflict):
    slug = "too-many-appointments"
    title = _("You have appointments already")
    detail = _("At most {most} appointments can be open at a time. Cancel one, or wait until it is over.")
    says = {"most": "how many at a time"}


class AskAtTheDesk(Conflict):
    """Gentle fair use: no ban, a person to speak with."""

    slug = "ask-at-the-desk"
    title = _("Please call us or come by for your next appointment")
    detail = _("You were expected {count} times of late and could not come. We gladly find a time together.")
    says = {"count": "how many were missed"}


class TooLate(Conflict):
    slug = "appointment-begun"
    title = _("The appointment has begun")
    detail = _("It can be moved or cancelled until it begins.")


class TooEarly(Conflict):
    slug = "appointment-not-begun"
    title = _("The appointment has not begun")
    detail = _("Somebody can be missing only once the time has come.")


class NobodyFree(Conflict):
    slug = "nobody-free-today"
    title = _("Nobody is free for this any more today")
    detail = _("Book a time on another day.")


class DeskHasAppointments(Conflict):
    slug = "desk-has-appointments"
    title = _("People are expected in that time")
    detail = _("{count} appointments lie in it. Close with cancel_booked to cancel them; each person is told why.")
    says = {"count": "how many"}
