"""Files of people. They stand beside things, and go with them."""

from __future__ import annotations

from asimati.files.models import StoredFile
from asimati.kit.privacy import Fate, Group, holds
from asimati.kit.words import _

holds(
    StoredFile,
    Group.CASE,
    _("Your files"),
    of="person_id",
    personal=["name", "sha256"],
    plain=["about_kind", "by_kind", "media_type"],
    fate=Fate.KEEP,
    why=_("Each is deleted together with the words it stands beside, and stays where these must stay."),
    hidden=["sha256", "by_kind"],
)
