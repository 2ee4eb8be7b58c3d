"""What notifications keep of people, and for how long."""

from __future__ import annotations

from sqlalchemy import true

from asimati.kit.privacy import Fate, Group, Together, holds
from asimati.kit.words import _
from asimati.notifications.models import Notification

holds(
    Notification,
    Group.NOTICE,
    _("What we told you"),
    of="person",
    personal=["title", "text", "about"],
    plain=["topic", "office", "provider", "refused_by", "provider_reference", "last_error"],
    fate=Fate.DELETE,
    why=_("It is deleted."),
    periods={"notice": true()},
    aged=Notification.created_at,
    hidden=["office", "refused_by", "provider_reference", "last_error", "provider", "lane"],
    together=Together.ONE,
)
