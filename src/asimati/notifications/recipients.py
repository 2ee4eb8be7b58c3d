"""Whom a notice reaches, in which language, and at what addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.accounts.queries import contact_of
from asimati.notifications.channels import carrier
from asimati.notifications.models import Channel


@dataclass(frozen=True)
class Recipient:
    """Somebody to be told something; addresses by channel, the inbox needs none."""

    language: str
    addresses: Mapping[Channel, str] = field(repr=False)
    wishes: frozenset[str]

    def reached_by(self, channel: Channel) -> bool:
        """Whether the channel leads to this person and somebody is set up to carry it."""
        if channel is Channel.INBOX:
            return True
        return channel in self.addresses and carrier(channel) is not None

    def wants(self, channel: Channel, *, critical: bool) -> bool:
        """Whether a notice may use the channel: the inbox has everything, and what is critical passes."""
        return critical or channel is Channel.INBOX or channel in self.wishes


def recipient(tx: Session, person: UUID) -> Recipient | None:
    """The person as somebody to write to; None when there is no such person any more."""
    contact = contact_of(tx, person)
    if contact is None:
        return None
    known = {Channel.SMS: contact.phone, Channel.EMAIL: contact.email, Channel.PUSH: contact.push_token}
    addresses = {channel: address for channel, address in known.items() if address}
    return Recipient(contact.language, addresses, frozenset(contact.channels))
