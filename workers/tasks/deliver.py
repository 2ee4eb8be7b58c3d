"""Carrying deliveries to their listeners: one task for each listener, all of the same few lines.

A run is counted in its own transaction before anything else, so that a message which kills its worker is parked
after `outbox.attempts` runs. Deliveries that come in batches are done together, and one by one when that fails:
poison parks itself alone. An effect commits together with the delivery's `done`; what fails is put back with
growing delay. `drain` does the same without a broker, for tests and seeding.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from asimati.kit import outbox
from asimati.kit.db import transaction
from asimati.kit.logs import untold
from asimati.kit.outbox import Leased
from asimati.kit.trace import request_id
from asimati.settings import settings
from workers.app import app
from workers.listeners import LISTENERS, Batch, Call, Effect, Lane, Listener, table
from workers.queues import QUEUES

log = logging.getLogger(__name__)
MOST_CALLED = 8  # to a lane: with so many on their way, whoever makes room need not call another


# A hint whose workers were killed is not poison: each of the notices in a lane counts its own attempts.
ANY = 2**31 - 1


class TryAgain(Exception):
    """Whoever was called could not do it now."""


def tasks(leased: Sequence[Leased]) -> list[list[Leased]]:
    """What goes into one task: one delivery, or as many as a listener takes together."""
    made: list[list[Leased]] = []
    filling: dict[str, list[Leased]] = {}
    for one in leased:
        listener = LISTENERS[one.listener]
        most = listener.most if isinstance(listener, Batch) else 1
        task = filling.get(one.listener)
        if task is None or len(task) == most:
            task = filling[one.listener] = []
            made.append(task)
        task.append(one)
    return made


def carry_task(leased: Sequence[Leased]) -> int:
    """Run what one task holds; how many of it are done."""
    listener = LISTENERS[leased[0].listener]
    if isinstance(listener, Batch):
        return _carry_many(listener, leased)
    return sum(carry(listener, one.id, one.token) for one in leased)


def _carry_many(listener: Batch, leased: Sequence[Leased]) -> int:
    """Do those together that nobody has tried yet; alone what was tried, and all when doing them together fails.

    So whatever fails, or kills its worker, does so alone the second time, and its neighbours lose one run at most.
    """
    with transaction() as tx:
        fresh = outbox.begin_all(tx, leased)
    try:
        done = _effects(listener, fresh)
    except Exception:
        log.warning(
            "a batch failed; its deliveries go one by one", extra={"listener": listener.name}, exc_info=True
        )
        done = sum(_attempt(listener, one.id, one.token) for one in fresh)
    return done + sum(carry(listener, one.id, one.token) for one in leased if one not in fresh)


def _effects(listener: Batch, leased: Sequence[Leased]) -> int:
    if not leased:
        return 0
    with transaction() as tx:
        delivered = outbox.claim_all(tx, leased)
        if delivered:
            listener.run(tx, list(delivered.values()))
            outbox.done(tx, *delivered)
    return len(delivered)


def carry(listener: Listener, delivery: int, token: UUID) -> bool:
    """Run one delivery that was leased to us. True when it is done, False when it is not ours or failed."""
    attempts = settings().outbox.attempts
    with transaction() as tx:
        if not outbox.begin(tx, delivery, token, ANY if isinstance(listener, Lane) else attempts):
            return False
    return _attempt(listener, delivery, token)


def _attempt(listener: Listener, delivery: int, token: UUID) -> bool:
    try:
        return _DO[type(listener)](listener, delivery, token)
    except Exception as fault:
        log.log(
            logging.WARNING if isinstance(fault, TryAgain) else logging.ERROR,
            "delivery failed",
            extra={"listener": listener.name, "delivery": delivery},
            exc_info=None if isinstance(fault, TryAgain) else fault,
        )
        with transaction() as tx:
            outbox.fail(tx, delivery, token, untold(f"{type(fault).__name__}: {fault}"), settings().outbox.attempts)
        return False
    finally:
        request_id.set("-")


def _effect(listener: Effect, delivery: int, token: UUID) -> bool:
    with transaction() as tx:
        delivered = outbox.claim(tx, delivery, token)
        if delivered is None:
            return False
        request_id.set(delivered.request_id)
        listener.run(tx, delivered)
        outbox.done(tx, delivery)
    return True


def _call(listener: Call, delivery: int, token: UUID) -> bool:
    with transaction() as tx:
        delivered = outbox.claim(tx, delivery, token)
        if delivered is None:
            return False
        request_id.set(delivered.request_id)
        attempt = listener.prepare(tx, delivered)
        if attempt is None:
            outbox.done(tx, delivery)
            return True
    result = listener.call(attempt)
    with transaction() as tx:
        again = listener.record(tx, attempt, result)  # even if the lease ran out meanwhile: it did happen
        if not again and outbox.claim(tx, delivery, token):
            outbox.done(tx, delivery)
    if again:
        raise TryAgain(str(result))
    return True


def _lane(listener: Lane, delivery: int, token: UUID) -> bool:
    """What was taken is recorded and the next taken in one transaction; a run ends well before its lease does."""
    ends = time.monotonic() + min(settings().notifications.run, settings().outbox.lease / 2)
    with transaction() as tx:
        delivered = outbox.claim(tx, delivery, token)
        if delivered is None:
            return False
        request_id.set(delivered.request_id)
        outbox.absorb(tx, delivered.message, listener.name, settings().notifications.runs - 1)
        taken = listener.take(tx, delivered)
    while taken:
        results = listener.call(taken)
        with transaction() as tx:
            listener.record(tx, taken, results)
            outbox.renew(tx, delivery, token, settings().outbox.lease)
            in_time = time.monotonic() < ends
            taken = listener.take(tx, delivered) if in_time else ()
            if not in_time and outbox.undelivered(tx, delivered.message.topic) <= MOST_CALLED:
                outbox.publish(tx, delivered.message)  # whatever is left is another run's
    with transaction() as tx:
        if outbox.claim(tx, delivery, token):
            outbox.done(tx, delivery)
    return True


def _alone(listener: Batch, delivery: int, token: UUID) -> bool:
    return _effects(listener, [Leased(delivery, listener.name, token)]) == 1


_DO: dict[type, Callable[..., bool]] = {Effect: _effect, Batch: _alone, Call: _call, Lane: _lane}


def drain(max_rounds: int = 20) -> int:
    """Deliver everything that is due, in this process, and what follows from it; how many were delivered."""
    delivered = 0
    for _ in range(max_rounds):
        with transaction() as tx:
            leased = outbox.lease(tx, table(), batch=1000, seconds=60)
        if not leased:
            break
        delivered += sum(carry_task(task) for task in tasks(leased))
    return delivered


def _task_for(listener: Listener) -> None:
    limits = QUEUES[listener.queue]

    @app.task(name=listener.name, soft_time_limit=limits.soft, time_limit=limits.hard)
    def deliver(*numbers_and_tokens: Any) -> None:
        pairs = zip(numbers_and_tokens[::2], numbers_and_tokens[1::2], strict=True)
        carry_task([Leased(number, listener.name, UUID(token)) for number, token in pairs])


for _listener in LISTENERS.values():
    _task_for(_listener)
