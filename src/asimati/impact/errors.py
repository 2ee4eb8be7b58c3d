"""What cannot be shown."""

from __future__ import annotations

from asimati.kit.errors import Conflict, Forbidden
from asimati.kit.words import _


class Withheld(Forbidden):
    slug = "withheld"
    title = _("This figure is withheld")
    detail = _("It is about so few people that it could point to one of them.")


class NotYet(Conflict):
    slug = "consent-not-given"
    title = _("There is no consent yet")
    detail = _("A story is told from the day on which consent was given.")
