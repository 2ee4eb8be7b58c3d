"""What shall run: read from the settings and the command line, before anything is touched."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asimati.settings import Settings

CELERY = ("-q", "-A", "workers.app")
KINDS = ("web", "worker", "relay", "beat")
BESIDE = 490  # how far from the web's port the provider of a development house listens, where that is free


@dataclass(frozen=True)
class Job:
    """One process to keep running. `module` and `arguments` are Python's -m; `environment` adds to the house's."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Plan:
    """Where the house lives and what runs in it."""

    home: Path
    host: str
    port: int
    profile: str
    database_url: str
    redis_url: str
    broker_url: str
    jobs: tuple[Job, ...]
    seeds: bool
    webs: int
    vouching: str  # the address of the provider to try sign-on with; empty: none

    @property
    def address(self) -> str:
        """How this machine reaches the first web server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - it is looked up
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def plan(arguments: list[str], config: Settings) -> Plan:
    """The plan for these arguments; argparse ends the process on wrong ones."""
    asked = _parser().parse_args(arguments)
    kinds = [kind for kind in (asked.only or KINDS) if kind not in asked.without]
    counts = {kind: getattr(asked, kind) if kind in kinds else 0 for kind in KINDS}
    beside = _free_port(config.port + BESIDE) if counts["web"] and _may_vouch(config) else 0
    return Plan(
        home=config.home_folder.absolute(),
        host=config.host,
        port=config.port,
        profile=config.profile,
        database_url=config.database.url,
        redis_url=config.redis.url,
        broker_url=config.broker.url,
        jobs=tuple(_jobs(config, counts, asked.concurrency, beside)),
        seeds=config.profile == "development" and not asked.no_seed,
        webs=counts["web"],
        vouching=f"http://localhost:{beside}" if beside else "",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("asimati up", description="Bring the whole house up and stay.")
    parser.add_argument("--only", action="append", choices=KINDS, help="run this kind of process; may be repeated")
    parser.add_argument("--without", action="append", choices=KINDS, default=[], help="leave this kind out")
    parser.add_argument("--no-seed", action="store_true", help="no demonstration data")
    parser.add_argument("--concurrency", type=int, default=2, help="tasks one worker does at once (2)")
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=1, metavar="N", help=f"how many of {kind} (1)")
    return parser


def _may_vouch(config: Settings) -> bool:
    """Whether a provider to try sign-on with is wanted, and its library is installed (the development extra)."""
    wanted = config.sign_on.local and config.profile != "production"
    return bool(wanted and importlib.util.find_spec("oidc_provider_mock"))


def _free_port(wished: int) -> int:
    """The port wished for if nobody has it, else any."""
    for port in (wished, 0):
        with socket.socket() as tried, contextlib.suppress(OSError, OverflowError):
            tried.bind(("localhost", port))
            return int(tried.getsockname()[1])
    return 0


def _jobs(config: Settings, counts: dict[str, int], concurrency: int, beside: int) -> Iterator[Job]:
    if beside:
        yield Job("provider", "asimati.supervisor.vouching", (str(beside),))
    for number in range(counts["web"]):
        yield _web(_name("web", number), config, config.port + number)
    for number in range(counts["worker"]):
        yield _worker(_name("worker", number), concurrency)
    for number in range(counts["relay"]):
        yield Job(_name("relay", number), "workers.relay")
    for number in range(counts["beat"]):
        yield Job(_name("beat", number), "celery", (*CELERY, "beat"))


def _name(kind: str, number: int) -> str:
    return f"{kind}-{number + 1}" if number else kind


# A log of requests would name whoever reports without a name; none is written, whatever the environment asks.
SILENT = "--no-access-log"
# HTTP/1.1 alone; how long a request's head may take to come (milliseconds), and how large it may be (bytes).
WIRE = {"http": "1", "http1-header-read-timeout": 10_000, "http1-buffer-size": 65_536}


def _web(name: str, config: Settings, port: int) -> Job:
    """The web server; a second one listens on the next port."""
    options = {
        "interface": "wsgi",
        "host": config.host,
        "port": port,
        "workers": config.web.workers,
        "blocking-threads": config.web.threads,
        "workers-kill-timeout": 10,
        "log-level": "warning",
        **WIRE,
    }
    words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    flags = ("--factory", "--no-ws", SILENT, "--respawn-failed-workers")
    return Job(name, "granian", (*words, *flags, "asimati.wsgi:create_app"), (("ASIMATI_PORT", str(port)),))


def _worker(name: str, concurrency: int) -> Job:
    """A worker for all queues. On SIGTERM it lets tasks finish for a while and gives back what it did not begin."""
    options = (
        "--hostname",
        f"{name}@%h",
        "--concurrency",
        str(concurrency),
        "--without-gossip",
        "--without-mingle",
    )
    # Celery warns root of pickled messages; ours are JSON only.
    quiet = ("PYTHONWARNINGS", "ignore:You're running the worker with superuser privileges")
    return Job(name, "celery", (*CELERY, "worker", *options), (("REMAP_SIGTERM", "SIGQUIT"), quiet))
