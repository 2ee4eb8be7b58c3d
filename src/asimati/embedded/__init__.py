"""PostgreSQL and Redis from wheels, started as our own children: for `make run` and the tests.

```python
with embedded.postgres(home / "postgres") as server:   # server.url is a SQLAlchemy address
    ...
with embedded.redis(home / "redis") as server:         # server.url for redis-py, server.broker_url for Celery
    ...
```
Neither listens on a port: each has a private socket, so ports 5432 and 6379 do not matter. When the process that
started them goes, however it goes, they go too. Production brings its own servers; see docs/operations.md.
"""

from __future__ import annotations

from pathlib import Path

from asimati.embedded.postgres_server import Postgres
from asimati.embedded.redis_server import Redis
from asimati.embedded.server import EmbeddedError, Server

__all__ = ["EmbeddedError", "Postgres", "Redis", "Server", "postgres", "redis"]


def postgres(folder: Path, *, throwaway: bool = False, log: Path | None = None) -> Postgres:
    """A PostgreSQL server whose data live in `folder`; use it as a context manager or by start() and stop().

    `throwaway` is for tests: nothing is forced to the disk. Raises EmbeddedError with a sentence for people.
    """
    return Postgres(folder, throwaway=throwaway, log=log)


def redis(folder: Path, *, log: Path | None = None) -> Redis:
    """A Redis (or Valkey) server whose data live in `folder`. Raises EmbeddedError with a sentence for people."""
    return Redis(folder, log=log)
