"""Routes of notices: the inbox, and what staff write to people."""

from asimati.notifications.api import broadcasts, inbox, push, staff, webhooks
from asimati.notifications.api.blueprint import blp

__all__ = ["blp", "broadcasts", "inbox", "push", "staff", "webhooks"]
