"""Whom a notice reaches, in which language, by which channels, when, and at what addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from asimati.accounts.queries import DEFAULT_WISHES, Contact, contacts_of
from asimati.accounts.staff_queries import addresses_of
from asimati.kit.words import LANGUAGES
from asimati.notifications.channels import providers
from asimati.notifications.rules import Channel, Quiet


@dataclass(frozen=True)
class Recipient:
    """Somebody to be told something; addresses by channel (several for push), the inbox needs none."""

    language: str
    addresses: Mapping[Channel, tuple[tuple[str, str], ...]] = field(repr=False)  # (platform, address)
    wishes: Mapping[str, Any]

    def reached_by(self, channel: Channel) -> bool:
        """Whether the channel leads to this person and somebody is set up to carry it."""
        return channel is Channel.INBOX or (bool(self.addresses.get(channel)) and bool(providers(channel)))

    def wants(self, channel: Channel, topic: str, *, critical: bool) -> bool:
        """Whether a notice may use the channel: the inbox has everything, and what is critical passes.

        What a person said of the topic goes before what they said of its room, and that before the rest. With a
        daily digest the rest of the channels hear only what cannot wait, and the digest.
        """
        if critical or channel is Channel.INBOX:
            return True
        if self.wishes["digest"] and topic != DIGEST:
            return False
        topics = self.wishes["topics"]
        room = topic.partition(".")[0]
        chosen = next((topics[name] for name in (topic, room) if name in topics), self.wishes["channels"])
        return channel in chosen

    @property
    def quiet(self) -> Quiet:
        return Quiet(self.wishes["quiet_from"], self.wishes["quiet_to"], self.wishes["friday_prayer"])


DIGEST = "notifications.digest"


def recipients(tx: Session, people: Iterable[UUID]) -> dict[UUID, Recipient]:
    """Many people as somebody to write to; who is not there any more is left out."""
    return {person: _of(contact) for person, contact in contacts_of(tx, people).items()}


def colleagues(tx: Session, staff: Iterable[UUID]) -> dict[UUID, Recipient]:
    """Members of staff as somebody to write to, by mail alone; who has left is left out."""
    return {one: mailbox(to, LANGUAGES[0]) for one, to in addresses_of(tx, staff).items()}


def mailbox(to: str, language: str) -> Recipient:
    """Somebody of whom we know an address of work and nothing else."""
    return Recipient(language, {Channel.EMAIL: (("mail", to),)}, DEFAULT_WISHES)


def _of(contact: Contact) -> Recipient:
    known: dict[Channel, tuple[tuple[str, str], ...]] = {
        Channel.SMS: (("phone", contact.phone),) if contact.phone else (),
        Channel.EMAIL: (("mail", contact.email),) if contact.email else (),
        Channel.PUSH: contact.devices,
    }
    return Recipient(contact.language, known, contact.wishes)
