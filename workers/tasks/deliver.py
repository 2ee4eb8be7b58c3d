"""Carrying deliveries to their listeners: one task for each listener, all of the same few lines.

A run is counted in its own transaction before anything else, so that a message which kills its worker is parked
after `outbox.attempts` runs. An effect commits together with the delivery's `done`; what fails is put back with
growing delay. `drain` does the same without a broker, for tests and seeding.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from uuid import UUID

from asimati.kit import outbox
from asimati.kit.db import transaction
from asimati.kit.trace import request_id
from asimati.settings import settings
from workers.app import app
from workers.listeners import LISTENERS, Call, Effect, Lane, Listener, table
from workers.queues import QUEUES

log = logging.getLogger(__name__)
MOST_CALLED = 8  # to a lane: with so many on their way, whoever makes room need not call another


# A hint whose workers were killed is not poison: each of the notices in a lane counts its own attempts.
ANY = 2**31 - 1


class TryAgain(Exception):
    """Whoever was called could not do it now."""


def carry(listener: Listener, delivery: int, token: UUID) -> bool:
    """Run one delivery that was leased to us. True when it is done, False when it is not ours or failed."""
    attempts = settings().outbox.attempts
    with transaction() as tx:
        if not outbox.begin(tx, delivery, token, ANY if isinstance(listener, Lane) else attempts):
            return False
    do = _DO[type(listener)]
    try:
        return do(listener, delivery, token)
    except Exception as fault:
        log.log(
            logging.WARNING if isinstance(fault, TryAgain) else logging.ERROR,
            "delivery failed",
            extra={"listener": listener.name, "delivery": delivery},
            exc_info=None if isinstance(fault, TryAgain) else fault,
        )
        with transaction() as tx:
            outbox.fail(tx, delivery, token, f"{type(fault).__name__}: {fault}", attempts)
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


_DO: dict[type, Callable[..., bool]] = {Effect: _effect, Call: _call, Lane: _lane}


def drain(max_rounds: int = 20) -> int:
    """Deliver everything that is due, in this process, and what follows from it; how many were delivered."""
    delivered = 0
    for _ in range(max_rounds):
        with transaction() as tx:
            leased = outbox.lease(tx, table(), batch=1000, seconds=60)
        if not leased:
            break
        delivered += sum(carry(LISTENERS[one.listener], one.id, one.token) for one in leased)
    return delivered


def _task_for(listener: Listener) -> None:
    limits = QUEUES[listener.queue]

    @app.task(name=listener.name, soft_time_limit=limits.soft, time_limit=limits.hard)
    def deliver(delivery: int, token: str) -> None:
        carry(listener, delivery, UUID(token))


for _listener in LISTENERS.values():
    _task_for(_listener)
