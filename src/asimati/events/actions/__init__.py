"""Deeds of programmes and events. None of them commits; the edge does."""

from asimati.events.actions.booking import approve, book, cancel, decline
from asimati.events.actions.check_in import check_in, void_check_in
from asimati.events.actions.programme import (
    create_event,
    create_programme,
    edit_event,
    edit_programme,
)
from asimati.events.actions.reminding import remind
from asimati.events.actions.waitlist import accept, lapse_offers

__all__ = [
    "accept",
    "approve",
    "book",
    "cancel",
    "check_in",
    "create_event",
    "create_programme",
    "decline",
    "edit_event",
    "edit_programme",
    "lapse_offers",
    "remind",
    "void_check_in",
]
