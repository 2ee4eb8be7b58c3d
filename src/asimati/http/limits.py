"""Request limits, by what a request costs.

Every request is of one class (`COSTS`): by its method, or because its route says so. How often each may be asked
for is a setting: `limits.<class>` for one person, `limits.<class>_device` for one sign-in of theirs, and
`limits.<class>_address` for a network that has not signed in. A setting that is not there is no limit.

All are counted in Redis, so that all processes count together. It holds hints only: when it fails or is slow, each
process counts for itself for a while and nobody waits. What is `LASTING`, because one costs much, is counted in
PostgreSQL too, which remembers it through every restart.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from uuid import UUID

import redis
from flask import current_app, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.kit import secrets
from asimati.kit.db import Base, timestamp
from asimati.kit.errors import TooMany
from asimati.kit.policy import Actor
from asimati.settings import settings

# The classes, and what a request of each is; the API's document names them.
COSTS = {
    "read": "a read",
    "write": "a write",
    "signal": "what another system sends, with a key or a signature",
    "upload": "a file that is taken in and looked through",
    "export": "a file that is made: a table, a letter, a report",
    "archive": "everything that is kept of one person",
}
LASTING = frozenset({"upload", "export", "archive"})


class Spending(Base):
    """What one caller has used up of a lasting limit. The caller is a keyed hash: the table names nobody."""

    __tablename__ = "spending"

    caller: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = timestamp()


class Here:
    """Counters of this process, for at most `most` callers.

    Beyond that the one who asked longest ago is forgotten, and so never one who asks often.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counters)

    def hit(self, limit: RateLimitItem, key: str) -> tuple[bool, float]:
        """Count one; whether it is within the limit, and when (epoch seconds) the window ends."""
        now = time.time()
        with self._lock:
            used, until = self._counters.pop(key, (0, 0.0))
            if until <= now:
                used, until = 0, now + limit.get_expiry()
            self._counters[key] = min(used + 1, limit.amount + 1), until
            if len(self._counters) > self._most:
                self._counters.popitem(last=False)
        return used < limit.amount, until


class _Limiter:
    def __init__(self) -> None:
        config = settings().redis
        self._pause, self._paused_until = config.pause, 0.0
        self._here = Here(settings().limits.callers)
        pool = redis.ConnectionPool.from_url(
            config.url,
            socket_timeout=config.timeout,
            **({} if config.url.startswith("unix") else {"socket_connect_timeout": config.timeout}),
            retry=None,
        )
        storage = RedisStorage("redis://", connection_pool=pool, wrap_exceptions=True)
        self._shared = FixedWindowRateLimiter(storage)

    def hit(self, limit: RateLimitItem, key: str) -> tuple[bool, float]:
        """Count one; whether it is within the limit, and when (epoch seconds) the window ends."""
        if time.monotonic() > self._paused_until:
            try:
                return self._count(limit, key)
            except (StorageError, redis.RedisError, OSError):
                self._paused_until = time.monotonic() + self._pause
        return self._here.hit(limit, key)

    def _count(self, limit: RateLimitItem, key: str) -> tuple[bool, float]:
        if self._shared.hit(limit, key):
            return True, 0.0
        return False, self._shared.get_window_stats(limit, key).reset_time


@cache
def _limiter() -> _Limiter:
    return _Limiter()


@cache
def _limit(name: str) -> RateLimitItem | None:
    said = getattr(settings().limits, name, None)
    return parse(said) if said else None


def count(actor: Actor, cost: str) -> None:
    """Count this request against its caller. Raises TooMany."""
    for name, key in _budgets(actor, cost if cost not in LASTING else _by_method()):
        check(name, key)


def _by_method() -> str:
    return "read" if request.method == "GET" else "write"


def _budgets(actor: Actor, cost: str) -> Iterator[tuple[str, str]]:
    if actor.id is None:
        yield f"{cost}_address", address_block()
    else:
        yield cost, str(actor.id)
        if actor.session is not None:
            yield f"{cost}_device", str(actor.session)


def check(name: str, key: str) -> None:
    """Count one against a limit named in settings. Raises TooMany with the seconds to wait."""
    if limit := _limit(name):
        _hit(limit, f"asimati:{name}:{key}")


def _off() -> bool:
    return not settings().limits.enabled or bool(current_app.config.get("WITHOUT_LIMITS"))


def _hit(limit: RateLimitItem, key: str) -> None:
    if _off():
        return
    allowed, until = _limiter().hit(limit, key)
    if not allowed:
        raise TooMany(retry_after=int(until - time.time()) + 1)


def count_key(key: UUID, per_minute: int) -> None:
    """Count a request of a partner's system against the limit its key has. Raises TooMany."""
    _hit(parse(f"{per_minute}/minute"), f"asimati:key:{key}")


# One statement, so that many at once spend no more than there is.
_SPEND = text(
    """
    INSERT INTO spending AS spent (caller, used, until)
    VALUES (:caller, 1, app_now() + make_interval(secs => :seconds))
    ON CONFLICT (caller) DO UPDATE
      SET used = CASE WHEN spent.until <= app_now() THEN 1 ELSE spent.used + 1 END,
          until = CASE WHEN spent.until <= app_now() THEN excluded.until ELSE spent.until END
      WHERE spent.until <= app_now() OR spent.used < :most
    RETURNING 1
    """
)
_WAIT = text("SELECT ceil(extract(epoch FROM until - app_now()))::int FROM spending WHERE caller = :caller")


def spend(tx: Session, actor: Actor, cost: str) -> None:
    """Count this request against a lasting limit of its caller. Raises TooMany."""
    for name, key in _budgets(actor, cost):
        if (limit := _limit(name)) and not _off():
            caller = secrets.mac([name, key], "limits")
            most = {"caller": caller, "most": limit.amount, "seconds": limit.get_expiry()}
            if not tx.execute(_SPEND, most).first():
                raise TooMany(retry_after=tx.scalar(_WAIT, {"caller": caller}) or 1)


def purge(tx: Session) -> None:
    """Forget what was used up of windows that are over."""
    tx.execute(text("DELETE FROM spending WHERE until <= app_now()"))


def address_block() -> str:
    """The caller's network: /24 for IPv4, /48 for IPv6, so that one subscriber is one caller."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))
