"""What the desk refuses."""

from __future__ import annotations

from asimati.kit.errors import Conflict, Forbidden
from asimati.kit.words import _


class AskedAlready(Conflict):
    """`reference` is the case that is open."""

    slug = "asked-already"
    title = _("You have asked for this already")
    detail = _("Your request {reference} is being worked on.")


class OwnFile(Forbidden):
    slug = "own-file"
    title = _("This is your own file")
    detail = _("A colleague has to do this.")


class Blocked(Conflict):
    slug = "data-blocked"
    title = _("These data are blocked")
    detail = _("Only the data protection officer may look at them.")


class AlreadyErased(Conflict):
    slug = "already-erased"
    title = _("This person was erased already")
