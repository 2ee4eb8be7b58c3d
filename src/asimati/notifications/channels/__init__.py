"""The ways out of the house, behind one small interface: a letter goes in, a receipt comes out.

A carrier never raises for what a provider did; it says which of four things happened, because what may be repeated
depends on it: only a call that surely had no effect is simply tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from asimati.settings import settings


class Outcome(StrEnum):
    SENT = "sent"
    AGAIN = "again"  # it surely had no effect: try again later
    REFUSED = "refused"  # the provider will never take it: give up
    UNKNOWN = "unknown"  # it may have had its effect


@dataclass(frozen=True)
class Letter:
    """What is to be sent. `reference` is the same for every attempt, so that a provider can tell a repetition."""

    reference: str
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)  # may hold a code: never in a log
    language: str


@dataclass(frozen=True)
class Receipt:
    """What came of it: the provider's own reference if it gave one, and words for the log."""

    outcome: Outcome
    reference: str | None = None
    error: str | None = None


Carrier = Callable[[Letter], Receipt]


def carrier(channel: str) -> Carrier | None:
    """Who carries letters of this channel; None if nobody is set up for it."""
    from asimati.notifications.channels import gateway, mailbox, smtp

    config = settings().providers
    if config.mailbox:
        return mailbox.carrier(channel)
    if channel == "email" and config.smtp_url:
        return smtp.send
    if channel == "sms" and config.sms_url:
        return gateway.sms
    if channel == "push" and config.push_url:
        return gateway.push
    return None
