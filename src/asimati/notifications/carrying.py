"""Calling providers, several at a time, outside of any transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from asimati.notifications.channels import Letter, Outcome, Provider, Receipt
from asimati.notifications.rules import Channel, Lane
from asimati.settings import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """One notice in our hands: a letter for each address (only push may have several), and who is to carry them."""

    notification: UUID
    channel: Channel
    lane: Lane
    number: int
    letters: tuple[Letter, ...]
    providers: tuple[Provider, ...]
    wait: float = 0.0  # seconds, where a provider's rate asks for it
    doubts: int = 0  # earlier calls that were never answered
    others: bool = False  # whether there are providers left to ask should this one refuse


Result = tuple[Receipt, str, tuple[str, ...]]  # what came of it, whose word it is, addresses where nobody is


def call(attempts: Sequence[Attempt]) -> Sequence[Result]:
    """Hand the letters to their carriers, several at a time. Outside of any transaction."""
    if (wait := max((one.wait for one in attempts), default=0.0)) > 0:
        time.sleep(min(wait, 5.0))
    if len(attempts) == 1:
        return [carried(attempts[0])]
    return list(pool().map(carried, attempts))


def carried(attempt: Attempt) -> Result:
    """One notice through its carriers: the next one only if the call before surely had no effect."""
    results = [(letter, *_carried(letter, attempt.providers)) for letter in attempt.letters]
    gone = tuple(
        letter.to
        for letter, receipt, _ in results
        if attempt.channel is Channel.PUSH and receipt.outcome is Outcome.WRONG_ADDRESS
    )
    best = min(results, key=lambda one: _ORDER.index(one[1].outcome))
    return best[1], best[2], gone


# Of several devices: one that has it makes the notice sent, one that may have it makes it unknown.
_ORDER = (Outcome.SENT, Outcome.UNKNOWN, Outcome.AGAIN, Outcome.REFUSED, Outcome.WRONG_ADDRESS)


def _carried(letter: Letter, carriers: Sequence[Provider]) -> tuple[Receipt, str]:
    asked = [(Receipt(Outcome.REFUSED, error="no provider for this device"), "none")]
    for provider in carriers:
        if not provider.serves(letter):
            continue
        asked.append((_asked(provider, letter), provider.name))
        if asked[-1][0].outcome not in (Outcome.AGAIN, Outcome.REFUSED):
            return asked[-1]
    return next((one for one in asked if one[0].outcome is Outcome.AGAIN), asked[-1])


def _asked(provider: Provider, letter: Letter) -> Receipt:
    try:
        return provider.carry(letter)
    except Exception as fault:  # a provider never raises; if one does, its neighbours' letters are not to suffer
        log.exception("provider failed", extra={"provider": provider.name, "reference": letter.reference})
        return Receipt(Outcome.UNKNOWN, error=type(fault).__name__)


@cache
def pool() -> ThreadPoolExecutor:
    """The process's threads for calls to the outside."""
    return ThreadPoolExecutor(settings().notifications.threads, "provider")
