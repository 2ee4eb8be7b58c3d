"""The house as it comes up, stands, and goes down again."""

from __future__ import annotations

import http.client
import os
import shlex
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from asimati import embedded
from asimati.accounts.sign_on.providers import LOCAL
from asimati.embedded import EmbeddedError, Server
from asimati.settings import settings
from asimati.supervisor import ground
from asimati.supervisor.children import Child, Family
from asimati.supervisor.console import Console
from asimati.supervisor.ground import GroundError
from asimati.supervisor.plan import Job, Plan, plan
from asimati.supervisor.welcome import welcome

PATIENCE = 90.0  # seconds for the web server to become ready
DEATHS_AT_START = 3  # a process that dies so often before the house is ready will not come up
# Who stops with whom, and within how many seconds: first what makes work, last what does it.
ORDER: tuple[tuple[tuple[str, ...], float], ...] = (
    (("beat", "relay", "provider"), 4),
    (("web",), 11),
    (("worker",), 12),
)


class StoppedError(Exception):
    """Somebody asked the house to stop."""


class FallenError(Exception):
    """Something cannot be brought up; the message is for people."""


def run(arguments: list[str]) -> int:
    """Up, watch, down. 0 when asked to stop, 1 when the house could not come up or stay up."""
    house = House(plan(arguments, settings()))
    try:
        house.up()
        house.watch()
    except StoppedError:
        return 0
    except (GroundError, EmbeddedError, FallenError) as fault:
        house.console.say(f"\nasimati: {fault}")
        return 1
    finally:
        house.down()
    return 0


class House:
    """What runs, in the order it was started."""

    def __init__(self, made: Plan) -> None:
        self.plan = made
        self.servers: list[Server] = []
        self.lock: int | None = None
        self.stops = 0
        self.seeded = ""
        self.console = Console(made.home / "logs" / "asimati.log")
        self.family = Family(self.console)
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if how is not signal.SIGHUP or signal.getsignal(how) is not signal.SIG_IGN:  # nohup stays in force
                signal.signal(how, self._asked_to_stop)

    def up(self) -> None:
        """Everything up to the moment the house is ready."""
        begun = time.monotonic()
        self.lock = ground.prepare(self.plan.home)
        self._note("supervisor", os.getpid())
        for number in range(self.plan.webs):
            ground.check_port(self.plan.host, self.plan.port + number)
        if left := ground.put_down_left_overs(self.plan.home):
            self.console.say(f"  ended {left} processes that an earlier run had left")
        self.console.say(f"Asimati · عاصمتي  —  {self.plan.home}")
        self._start_servers()
        self._write_environment()
        self._prepare_data()
        with self._step(", ".join(job.name for job in self.plan.jobs)):
            # The pages first: the others would take their time from them, and are up a moment later.
            self._start_children(lambda job: job.name.startswith("web"))
            self._wait_until_ready()
            self._start_children(lambda job: not job.name.startswith("web"))
        self.family.shows = True
        self.console.say(welcome(self.plan, self.seeded, time.monotonic() - begun))

    def watch(self) -> None:
        """Keep everything running until asked to stop. Raises FallenError when a server cannot be brought back."""
        while True:
            self._tend()
            for server in self.servers:
                if not server.alive:
                    self.console.say(f"{server.name} ended unexpectedly and is started again; see {server.log}")
                    server.start()
                    self._note_server(server)

    def down(self) -> None:
        """Stop everything in order; nothing is left, whatever state it was in."""
        if self.servers or self.family.children:
            self.console.say("\nstopping … (again to hurry)")
        self.stops = 0
        for kinds, patience in ORDER:
            self.family.stop(kinds, patience, hurry=lambda: self.stops > 0)
        for server in reversed(self.servers):
            server.stop()
        self.family.close()
        if self.lock is not None:
            for file in (self.plan.home / "run").glob("*.pid"):
                file.unlink(missing_ok=True)
            (self.plan.home / "run" / "environment").unlink(missing_ok=True)
            os.close(self.lock)
            self.console.say("stopped; the data stay in " + str(self.plan.home))

    # --- servers and data ---------------------------------------------------------------------------------------

    def _start_servers(self) -> None:
        home = self.plan.home
        if not self.plan.database_url:
            self._start_server(
                "PostgreSQL", embedded.postgres(home / "postgres", log=home / "logs" / "postgres.log")
            )
        if not self.plan.redis_url:
            self._start_server("Redis", embedded.redis(home / "redis", log=home / "logs" / "redis.log"))

    def _start_server(self, name: str, server: Server) -> None:
        with self._step(f"{name} (embedded)"):
            server.start()
        self.servers.append(server)
        self._note_server(server)

    def environment(self) -> dict[str, str]:
        """What the children are told: whose they are, and where the servers and the home are."""
        told = dict(os.environ) | dict([ground.mark(self.plan.home)]) | self.addresses()
        vouching = {LOCAL: self.plan.vouching} if self.plan.vouching else {}
        return told | vouching | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}

    def addresses(self) -> dict[str, str]:
        """The settings by which a command in another terminal finds this house."""
        found = {type(server): server for server in self.servers}
        database, redis = found.get(embedded.Postgres), found.get(embedded.Redis)
        redis_url = redis.url if isinstance(redis, embedded.Redis) else self.plan.redis_url
        broker_url = redis.broker_url if isinstance(redis, embedded.Redis) else ""
        return {
            "ASIMATI_HOME": str(self.plan.home),
            "ASIMATI_PROFILE": self.plan.profile,
            "ASIMATI_DATABASE_URL": database.url
            if isinstance(database, embedded.Postgres)
            else self.plan.database_url,
            "ASIMATI_REDIS_URL": redis_url,
            "ASIMATI_BROKER_URL": self.plan.broker_url or broker_url,
        }

    def _prepare_data(self) -> None:
        self._one_off("database schema", "migrate")
        self._one_off("configuration pack", "pack", "sync")
        if self.plan.seeds:
            self.seeded = self._one_off("demonstration data", "seed")

    def _one_off(self, what: str, *arguments: str) -> str:
        """Run one of our commands to its end; its last line."""
        child = Child(Job(arguments[0], "asimati", arguments), self.plan.home, self.environment())
        self.family.shows = False
        with self._step(what):
            self.family.start(child)
            try:
                while child.process and child.process.poll() is None:
                    self._listen(0.1)
            finally:
                code = self.family.let_go(child)
                self.family.children.remove(child)
            if code:
                raise FallenError(f"`asimati {' '.join(arguments)}` failed:\n" + _indented(child.last_words))
        return child.last_words[-1] if child.last_words else ""

    # --- processes ----------------------------------------------------------------------------------------------

    def _start_children(self, which: Callable[[Job], bool]) -> None:
        for job in filter(which, self.plan.jobs):
            self.family.start(Child(job, self.plan.home, self.environment()))

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while self.plan.webs and not _is_ready(self.plan.address):
            self._tend(pause=0.1)
            for child in self.family.children:
                if child.deaths >= DEATHS_AT_START:
                    raise FallenError(
                        f"{child.job.name} does not come up. Its last words:\n" + _indented(child.last_words)
                    )
            if time.monotonic() > until:
                raise FallenError(
                    f"{self.plan.address}/readyz is not ready after {PATIENCE:.0f} s; see {self._log}"
                )

    def _tend(self, pause: float = 0.5) -> None:
        """Listen for a moment, and see to those that died."""
        self._listen(pause)
        for child in self.family.children:
            if child.is_dead():
                code = self.family.let_go(child)
                wait = child.back_at - time.monotonic()
                self.console.say(
                    f"{child.job.name} ended ({_ending(code)}); it is started again in {max(wait, 0):.1f} s"
                )
            elif child.process is None and time.monotonic() >= child.back_at:
                self.family.start(child)

    def _listen(self, seconds: float) -> None:
        self.family.listen(seconds)
        if self.stops:
            raise StoppedError

    def _asked_to_stop(self, _how: int, _frame: FrameType | None) -> None:
        self.stops += 1

    # --- notes --------------------------------------------------------------------------------------------------

    @property
    def _log(self) -> Path:
        return self.plan.home / "logs" / "asimati.log"

    def _note(self, name: str, pid: int) -> None:
        (self.plan.home / "run" / f"{name}.pid").write_text(str(pid))

    def _note_server(self, server: Server) -> None:
        if server.process:
            self._note(server.name.lower().replace("postgresql", "postgres"), server.process.pid)

    def _write_environment(self) -> None:
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in self.addresses().items() if value]
        file = self.plan.home / "run" / "environment"
        file.touch(mode=0o600)
        file.write_text("".join(lines))

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        """One line for people: what is being done, and how long it took."""
        begun = time.monotonic()
        self.console.say(f"  {what} … ", end="")
        try:
            yield
        except BaseException:
            self.console.say("no")
            raise
        self.console.say(f"{time.monotonic() - begun:.1f} s")


def _is_ready(address: str) -> bool:
    place = urlsplit(address)
    client = http.client.HTTPConnection(place.hostname or "", place.port, timeout=2)
    try:
        client.request("GET", "/readyz")
        return client.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()


def _ending(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


def _indented(words: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in words)
