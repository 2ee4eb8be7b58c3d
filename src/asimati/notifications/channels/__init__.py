"""The ways out of the house, behind one small interface: a letter goes in, a receipt comes out.

A provider never raises for what happened at the other end; it says which of five things did, because what may be
repeated depends on it: only a call that surely had no effect is simply tried again, or given to the next provider.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from asimati.settings import settings


class Outcome(StrEnum):
    SENT = "sent"
    AGAIN = "again"  # it surely had no effect: try again later, or elsewhere
    REFUSED = "refused"  # the provider will never take it: give up
    WRONG_ADDRESS = "wrong_address"  # nobody is there, and will not be
    UNKNOWN = "unknown"  # it may have had its effect


@dataclass(frozen=True)
class Letter:
    """What is to be sent. `reference` is the same for every attempt, so that a provider can tell a repetition."""

    reference: str
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)  # may hold a code: never in a log
    language: str
    platform: str = ""  # of a push token: android, ios, web
    topic: str = ""
    unsubscribe: str | None = None  # where one click ends mails like this one (RFC 8058)


@dataclass(frozen=True)
class Receipt:
    """What came of it: the provider's own reference if it gave one, and words for the log."""

    outcome: Outcome
    reference: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Provider:
    """Somebody who carries letters of a channel. `rate`: calls a second; none: as many as there are."""

    name: str
    carry: Callable[[Letter], Receipt]
    rate: float | None = None
    platforms: frozenset[str] = frozenset()  # of push: those it serves; empty: all

    def serves(self, letter: Letter) -> bool:
        return not self.platforms or letter.platform in self.platforms


def providers(channel: str) -> Sequence[Provider]:
    """Who carries letters of this channel, in the order of preference; none if nobody is set up for it."""
    from asimati.notifications.channels import configured, mailbox

    if settings().providers.mailbox:
        return (Provider("mailbox", mailbox.carrier(channel)),)
    return configured.providers(channel)
