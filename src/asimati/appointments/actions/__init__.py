"""Deeds: what residents and staff do with appointments."""

from asimati.appointments.actions.booking import book, book_for, cancel, move, walk_in
from asimati.appointments.actions.desks import be_away, close, come_back, open_again, remind
from asimati.appointments.actions.serving import arrive, no_show, serve

__all__ = [
    "arrive", "be_away", "book", "book_for", "cancel", "close", "come_back", "move", "no_show", "open_again",
    "remind", "serve", "walk_in",
]  # fmt: skip
