"""What reports keep, and for how long. They are of nobody who could be asked."""

from __future__ import annotations

from asimati.integrity import vault
from asimati.integrity.models import IntegrityMessage, IntegrityReport
from asimati.integrity.rules import Status
from asimati.kit import rotation
from asimati.kit.privacy import Fate, Group, holds
from asimati.kit.words import _

rotation.KEYS["integrity"] = vault
rotation.seals(IntegrityMessage.words, vault.WORDS, by="integrity")

_WHY = _("It names nobody who sent it, and is deleted at the end of its period.")

holds(
    IntegrityReport,
    Group.REPORT,
    _("Reports of wrongdoing"),
    of=None,
    plain=["reference", "code_index"],
    fate=Fate.DELETE,
    why=_WHY,
    periods={"integrity": IntegrityReport.status == Status.CLOSED},
    aged=IntegrityReport.closed_at,
    exported=False,
)
holds(
    IntegrityMessage,
    Group.REPORT,
    _("What was written in reports of wrongdoing"),
    of=None,
    personal=["words"],
    fate=Fate.DELETE,
    why=_WHY,
    exported=False,
)
