"""The relay: leases what is due from the outbox and hands it to Celery. `python -m workers.relay`; several may run.

It is the only place that talks to the broker, and it never waits for it long. Sign-in codes it delivers itself
when the broker is away or no worker begins with them (somebody stands at the door); everything else is put back.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy.exc import DBAPIError

from asimati.kit import logs, outbox
from asimati.kit.db import Session, transaction
from asimati.kit.outbox import Leased
from asimati.settings import settings
from workers.app import app, need_broker, transport
from workers.listeners import LISTENERS, Lane, Listener, table
from workers.queues import BULK, CODES, URGENT
from workers.tasks.deliver import carry, tasks

log = logging.getLogger(__name__)
REPORT_EVERY = 10.0  # seconds between two lines about how far behind we are
LONGEST_PAUSE = 5.0  # seconds a broker that keeps failing is left alone
BEGIN_WITHIN = 0.4  # seconds in which a worker should begin with a code


class Broker:
    """The way into Celery. After a failure it is left alone for a growing while."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._producer: Any = None
        self._failures = 0
        self._away_until = 0.0

    @property
    def pause(self) -> float:
        """Seconds until the broker is asked again; 0 when it may be asked now."""
        return max(0.0, self._away_until - time.monotonic())

    def hand_over(self, task: Sequence[Leased]) -> bool:
        """Publish the deliveries of one task; False when the broker is away."""
        if self.pause:
            return False
        try:
            app.send_task(
                task[0].listener,
                [part for one in task for part in (one.id, str(one.token))],
                queue=LISTENERS[task[0].listener].queue,
                producer=self._open(),
                retry=False,
            )
        except Exception as fault:  # kombu lets each transport raise its own
            self._fail(fault)
            return False
        self._failures = 0
        return True

    def close(self) -> None:
        """Let go of the connection, whatever its state."""
        connection, self._connection, self._producer = self._connection, None, None
        try:
            if connection is not None:
                connection.close()
        except Exception:
            log.debug("the broker's connection was broken already", exc_info=True)

    def _open(self) -> Any:
        if self._producer is None:
            self._connection = app.connection_for_write(connect_timeout=1)
            self._connection.ensure_connection(
                max_retries=1, interval_start=0, timeout=1, reraise_as_library_errors=False
            )
            self._producer = app.amqp.Producer(self._connection, auto_declare=False)
        return self._producer

    def _fail(self, fault: Exception) -> None:
        self._failures += 1
        wait = min(LONGEST_PAUSE, 0.5 * 2 ** min(self._failures, 5))
        self._away_until = time.monotonic() + wait
        log.warning("the broker is away", extra={"fault": repr(fault), "pause": wait})
        self.close()


class Relay:
    """One relay process. `stop` may be called from a signal handler."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.stopping = threading.Event()
        self._direct = ThreadPoolExecutor(4, "direct")  # a slow provider must not hold up the relay
        self._report_at = 0.0
        self._handed_over: list[tuple[float, Leased]] = []  # codes, and when a worker should have begun

    def run(self) -> None:
        """Relay until stopped."""
        config = settings().outbox
        log.info("relay started")
        while not self.stopping.is_set():
            try:
                full = self.step() >= config.batch
                self._report()
            except DBAPIError as fault:
                log.warning("the database is away", extra={"fault": str(fault.orig)})
                self.stopping.wait(1)
                continue
            if not full:
                self.stopping.wait(config.poll)
        self._direct.shutdown(wait=True)
        self.broker.close()
        log.info("relay stopped")

    def stop(self, *_: Any) -> None:
        self.stopping.set()

    def step(self) -> int:
        """Lease once and hand out; how many were leased."""
        config = settings().outbox
        with transaction() as tx:
            leased = self._lease(tx, at_once=True)
            # More than workers can begin with in time would only come back: its leases would run out in the broker,
            # be given anew, and stand in line again behind those that are void by then.
            if (room := config.in_flight - outbox.handed_out(tx, config.in_flight)) > 0:
                leased += self._lease(tx, at_once=False, most=room)
        known = [one for one in leased if one.listener in LISTENERS]  # others: a newer release's, in a roll-out
        left = [one for task in tasks(known) if not self.broker.hand_over(task) for one in task]
        due = time.monotonic() + BEGIN_WITHIN
        self._handed_over += [(due, one) for one in known if _is_code(one) and one not in left]
        self._deliver([*filter(_is_code, left), *self._not_begun()])
        self._put_back([one for one in left if not _is_code(one)])
        return len(known)

    def _lease(self, tx: Session, *, at_once: bool, most: int | None = None) -> list[Leased]:
        """What is due of the urgent queues and the lanes, or of all others: these never stand before those."""
        config, wanted = settings().outbox, table()
        names = [name for name, listener in LISTENERS.items() if _is_urgent(listener) is at_once]
        topics = {topic: to for topic, to in wanted.items() if to and any(one in names for one in to)}
        if not at_once:  # a topic that both hear is the urgent ones'
            topics = {topic: to for topic, to in wanted.items() if all(one in names for one in to)}
        batch = min(config.batch, most or config.batch)
        return outbox.lease(tx, topics, batch=batch, seconds=config.lease, again=names)

    def _deliver(self, codes: Sequence[Leased]) -> None:
        for one in codes:
            self._direct.submit(carry, LISTENERS[one.listener], one.id, one.token)

    def _not_begun(self) -> Sequence[Leased]:
        """Codes that no worker began with in time, leased to ourselves."""
        late = [one for due, one in self._handed_over if due < time.monotonic()]
        if not late:
            return []
        self._handed_over = [(due, one) for due, one in self._handed_over if one not in late]
        with transaction() as tx:
            return outbox.take_over(tx, late, settings().outbox.lease)

    def _put_back(self, left: Sequence[Leased]) -> None:
        if left:
            with transaction() as tx:
                outbox.give_back(tx, left, self.broker.pause)

    def _report(self) -> None:
        if time.monotonic() < self._report_at:
            return
        self._report_at = time.monotonic() + REPORT_EVERY
        with transaction() as tx:
            health = outbox.health(tx)
        behind = health["dead"] or health["oldest_seconds"] > 60
        log.log(logging.WARNING if behind else logging.DEBUG, "outbox", extra=health)


def _is_urgent(listener: Listener) -> bool:
    """What cannot wait, and what is so little that it fills no line: hints, and one step of a broadcast."""
    return listener.queue in (CODES, URGENT, BULK) or isinstance(listener, Lane)


def _is_code(one: Leased) -> bool:
    return LISTENERS[one.listener].queue == CODES


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logs.configure()
    need_broker()
    app.conf.broker_transport_options = transport(relay=True)
    relay = Relay()
    signal.signal(signal.SIGTERM, relay.stop)
    signal.signal(signal.SIGINT, relay.stop)
    relay.run()


if __name__ == "__main__":
    main()
