"""Request limits, by what a request costs.

Every request is of one class (`COSTS`): by its method, or because its route says so. How often each may be asked
for is a setting: `limits.<class>` for one person, `limits.<class>_device` for one sign-in of theirs, and
`limits.<class>_address` for a network that has not signed in. A setting that is not there is no limit.

What is refused because its token or key is not taken is counted by itself (`limits.refused`).

All are counted in Redis, in one call a request, so that all processes count together. It holds hints only: when it
fails or is slow, each process counts for itself for a while and nobody waits. What is `LASTING`, because one costs
much, is counted in PostgreSQL too, which remembers it through every restart.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

import redis
from flask import current_app, request
from limits import RateLimitItem, parse
from sqlalchemy import Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.kit import secrets, tokens
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
Budget = tuple[RateLimitItem, str]  # a limit, and who spends of it


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


# One call for all that a request is counted against: each counter, and how many milliseconds it has left.
_COUNT = """
local told = {}
for place, key in ipairs(KEYS) do
  local used = redis.call("INCR", key)
  if used == 1 then redis.call("EXPIRE", key, ARGV[place]) end
  told[#told + 1] = {used, redis.call("PTTL", key)}
end
return told
"""


class _Limiter:
    def __init__(self) -> None:
        config = settings().redis
        self._pause, self._paused_until = config.pause, 0.0
        self._here = Here(settings().limits.callers)
        shared = redis.Redis.from_url(
            config.url,
            socket_timeout=config.timeout,
            **({} if config.url.startswith("unix") else {"socket_connect_timeout": config.timeout}),
            retry=None,
        )
        self._script = shared.register_script(_COUNT)

    def hit(self, wanted: Sequence[Budget]) -> float:
        """Count one against each; when (epoch seconds) all have room again, 0.0 if they have it now."""
        if time.monotonic() > self._paused_until:
            try:
                return self._count(wanted)
            except (redis.RedisError, OSError):
                self._paused_until = time.monotonic() + self._pause
        told = [self._here.hit(limit, key) for limit, key in wanted]
        return max((until for allowed, until in told if not allowed), default=0.0)

    def _count(self, wanted: Sequence[Budget]) -> float:
        told = self._script(keys=[key for _, key in wanted], args=[limit.get_expiry() for limit, _ in wanted])
        left = [left for (limit, _), (used, left) in zip(wanted, told, strict=True) if used > limit.amount]
        return time.time() + max(left) / 1000 if left else 0.0


@cache
def _limiter() -> _Limiter:
    return _Limiter()


@cache
def _limit(name: str) -> RateLimitItem | None:
    said = getattr(settings().limits, name, None)
    return parse(said) if said else None


def count(actor: Actor, cost: str) -> None:
    """Count this request against its caller. Raises TooMany."""
    _hit(*_named(_budgets(actor, cost if cost not in LASTING else _by_method())))


def count_refused(token: str = "") -> None:
    """Count a request whose token or key is not taken. Raises TooMany.

    One that we signed and that holds no longer is counted against the sign-in it was made for, anything else
    against its network. Nobody whose token holds is counted here, so none of them pays for who guesses.
    """
    check("refused", tokens.made_for(token) or address_block())


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
    _hit(*_named([(name, key)]))


def _named(budgets: Iterable[tuple[str, str]]) -> Iterator[Budget]:
    for name, key in budgets:
        if limit := _limit(name):
            yield limit, f"asimati:{name}:{key}"


def _off() -> bool:
    return not settings().limits.enabled or bool(current_app.config.get("WITHOUT_LIMITS"))


def _hit(*wanted: Budget) -> None:
    if not wanted or _off():
        return
    if until := _limiter().hit(wanted):
        raise TooMany(retry_after=int(until - time.time()) + 1)


def count_key(key: UUID, per_minute: int) -> None:
    """Count a request of a partner's system against the limit its key has. Raises TooMany."""
    _hit((parse(f"{per_minute}/minute"), f"asimati:key:{key}"))


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
