"""What the desk refuses."""

from __future__ import annotations

from asimati.kit.errors import Conflict, Forbidden
from asimati.kit.words import _


class AskedAlready(Conflict):
    slug = "asked-already"
    title = _("You have asked for this already")
    detail = _("Your request {reference} is being worked on.")
    says = {"reference": "the case that is open"}


class OwnFile(Forbidden):
    slug = "own-file"
    title = _("This is your own file")
    detail = _("A colleague has to do this.")


class Blocked(Conflict):
    slug = "data-blocked"
    title = _("These data are blocked")
    detail = _("Only the data protection officer may look at them.")


class SecondPersonNeeded(Forbidden):
    slug = "second-person-needed"
    title = _("A second person decides")
    detail = _("Whoever proposed it does not approve it.")


class MergeBlocked(Conflict):
    slug = "merge-blocked"
    title = _("The accounts cannot be one yet")
    detail = _("Both have something that only one may have. End one of each first.")
    says = {"clashes": "what both accounts have and only one may"}


class MergeProposed(Conflict):
    slug = "merge-proposed"
    title = _("This is proposed already")


class AlreadyErased(Conflict):
    slug = "already-erased"
    title = _("This person was erased already")
