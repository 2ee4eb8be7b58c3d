"""Request limits, counted in Redis so that all processes count together.

Redis holds hints only: when it fails or is slow, each process counts for itself for a while and nobody waits.
"""

from __future__ import annotations

import ipaddress
import time
from functools import cache
from uuid import UUID

import redis
from flask import current_app, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter

from asimati.kit.errors import TooMany
from asimati.kit.policy import Actor
from asimati.settings import settings


class _Limiter:
    def __init__(self) -> None:
        config = settings().redis
        self._pause, self._paused_until = config.pause, 0.0
        self._here = FixedWindowRateLimiter(MemoryStorage())
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
                return self._count(self._shared, limit, key)
            except (StorageError, redis.RedisError, OSError):
                self._paused_until = time.monotonic() + self._pause
        return self._count(self._here, limit, key)

    @staticmethod
    def _count(limiter: FixedWindowRateLimiter, limit: RateLimitItem, key: str) -> tuple[bool, float]:
        if limiter.hit(limit, key):
            return True, 0.0
        return False, limiter.get_window_stats(limit, key).reset_time


@cache
def _limiter() -> _Limiter:
    return _Limiter()


@cache
def _limit(name: str) -> RateLimitItem:
    return parse(getattr(settings().limits, name))


def count(actor: Actor) -> None:
    """Count this request against its caller. Raises TooMany."""
    if actor.id is None:
        check("anonymous", address_block())
    else:
        check("person", str(actor.id))


def check(name: str, key: str) -> None:
    """Count one against a limit named in settings. Raises TooMany with the seconds to wait."""
    _hit(_limit(name), f"asimati:{name}:{key}")


def _hit(limit: RateLimitItem, key: str) -> None:
    if not settings().limits.enabled or current_app.config.get("WITHOUT_LIMITS"):
        return
    allowed, until = _limiter().hit(limit, key)
    if not allowed:
        raise TooMany(retry_after=int(until - time.time()) + 1)


def count_key(key: UUID, per_minute: int) -> None:
    """Count a request of a partner's system against the limit its key has. Raises TooMany."""
    _hit(parse(f"{per_minute}/minute"), f"asimati:key:{key}")


def address_block() -> str:
    """The caller's network: /24 for IPv4, /48 for IPv6, so that one subscriber is one caller."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))
