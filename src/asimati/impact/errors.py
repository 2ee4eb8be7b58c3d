"""What cannot be shown."""

from __future__ import annotations

from asimati.kit.errors import Forbidden
from asimati.kit.words import _


class Withheld(Forbidden):
    slug = "withheld"
    title = _("This figure is withheld")
    detail = _("It is about so few people that it could point to one of them.")
