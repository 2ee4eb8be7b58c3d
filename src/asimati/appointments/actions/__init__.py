"""Deeds: what residents and staff do with appointments."""

from asimati.appointments.actions.booking import book, book_for, cancel, move, walk_in
from asimati.appointments.actions.desks import close, open_again, remind
from asimati.appointments.actions.serving import arrive, no_show, serve

__all__ = [
    "arrive", "book", "book_for", "cancel", "close", "move", "no_show", "open_again", "remind", "serve", "walk_in",
]  # fmt: skip
