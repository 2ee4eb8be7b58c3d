"""Deeds of programmes and events. None of them commits; the edge does."""

from asimati.events.actions.after import certify, give_feedback, mark_no_shows
from asimati.events.actions.booking import approve, book, cancel, decline
from asimati.events.actions.check_in import check_in, void_check_in, walk_in
from asimati.events.actions.fair_use import appeal, decide_appeal
from asimati.events.actions.importing import import_events
from asimati.events.actions.partners import tell_of_partners
from asimati.events.actions.programme import (
    copy_event,
    create_event,
    create_programme,
    edit_event,
    edit_programme,
)
from asimati.events.actions.reminding import remind
from asimati.events.actions.rescheduling import reschedule
from asimati.events.actions.waitlist import accept, lapse_offers

__all__ = [
    "accept",
    "appeal",
    "approve",
    "book",
    "cancel",
    "certify",
    "check_in",
    "copy_event",
    "create_event",
    "create_programme",
    "decide_appeal",
    "decline",
    "edit_event",
    "edit_programme",
    "give_feedback",
    "import_events",
    "lapse_offers",
    "mark_no_shows",
    "remind",
    "reschedule",
    "tell_of_partners",
    "void_check_in",
    "walk_in",
]
