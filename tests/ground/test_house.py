"""`asimati up` as a newcomer meets it: ready, found, stopped, killed, started again, two of it side by side."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from asimati.embedded import processes
from asimati.supervisor import ground

pytestmark = pytest.mark.faults


@dataclass
class House:
    """A running `asimati up`."""

    home: Path
    address: str
    process: subprocess.Popen[str]

    @property
    def said(self) -> str:
        return (self.home / "said").read_text()

    def pid(self, name: str) -> int:
        return int((self.home / "run" / f"{name}.pid").read_text())

    def wait_until_ready(self, seconds: float = 90) -> float:
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if "Ready in" in self.said:
                assert httpx.get(f"{self.address}/readyz").status_code == 200
                return time.monotonic() - begun
            assert self.process.poll() is None, self.said
            time.sleep(0.1)
        raise AssertionError(self.said)

    def left(self) -> list[int]:
        """Every process that belongs to this home."""
        servers = processes.working_in(self.home / "postgres" / "data", ["postgres"])
        return [
            *ground.left_overs(self.home),
            *servers,
            *processes.working_in(self.home / "redis", ["redis-server"]),
        ]

    def psql(self, sql: str) -> str:
        """Asked as an operator would, by the addresses the house notes down."""
        lines = (self.home / "run" / "environment").read_text().splitlines()
        told = dict(shlex.split(line)[0].split("=", 1) for line in lines)
        asked = "import os, psycopg; url = os.environ['ASIMATI_DATABASE_URL'].replace('+psycopg', '')\n"
        asked += f"with psycopg.connect(url) as c: print((r := c.execute({sql!r})).description and r.fetchall())"
        done = subprocess.run([sys.executable, "-c", asked], env=os.environ | told, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Start a house in a folder below tmp_path, of a name that is no easy one."""
    started: list[House] = []

    def start(name: str = "بيت المحافظة 1", port: int | None = None, *, seeded: bool = False) -> House:
        home, port = tmp_path / name, port or free_port()
        home.mkdir(exist_ok=True)
        home.chmod(0o711)
        plain = {key: value for key, value in os.environ.items() if not key.startswith("ASIMATI_")}
        told = plain | {"ASIMATI_HOME": str(home), "ASIMATI_PORT": str(port)}
        with (home / "said").open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "asimati", "up", *([] if seeded else ["--no-seed"])],
                env=told,
                stdout=said,
                stderr=said,
                text=True,
            )
        started.append(House(home, f"http://127.0.0.1:{port}", process))
        return started[-1]

    yield start
    for house in started:
        house.process.terminate()
        house.process.wait(60)
    for house in started:
        assert house.left() == []


def test_it_comes_up_says_where_to_look_and_stops_without_a_trace(up: Callable[..., House]) -> None:
    house = up(seeded=True)
    house.wait_until_ready()
    for told in ("/api/docs", "/dev/mailbox", "المنصة جاهزة", "reviewer@asimati.example", str(house.home)):
        assert told in house.said
    names = {path.stem for path in (house.home / "run").glob("*.pid")}
    assert names == {"supervisor", "postgres", "redis", "web", "worker", "relay", "beat", "provider"}
    house.process.send_signal(signal.SIGINT)
    assert house.process.wait(30) == 0
    assert house.left() == [] and list((house.home / "run").glob("*.pid")) == []


def test_killed_it_leaves_no_process_and_the_next_start_is_quick_and_has_the_data(up: Callable[..., House]) -> None:
    house = up()
    house.wait_until_ready()
    house.psql("CREATE TABLE kept AS SELECT 42 AS n")
    house.process.kill()
    end = time.monotonic() + 15
    while house.left():
        assert time.monotonic() < end, [processes.command_line(pid) for pid in house.left()]
        time.sleep(0.05)
    house = up(port=int(house.address.rpartition(":")[2]))
    assert house.wait_until_ready() < 15
    assert house.psql("SELECT n FROM kept") == "[(42,)]"


def test_what_dies_comes_back_and_the_house_stays_open(up: Callable[..., House]) -> None:
    house = up()
    house.wait_until_ready()
    for name in ("relay", "worker", "redis", "postgres", "web"):
        before = house.pid(name)
        os.kill(before, signal.SIGKILL)
        end = time.monotonic() + 30
        while not (house.home / "run" / f"{name}.pid").exists() or house.pid(name) == before:
            assert time.monotonic() < end, house.said
            time.sleep(0.1)
    end = time.monotonic() + 30
    while True:
        try:
            if httpx.get(f"{house.address}/readyz").status_code == 200:
                break
        except httpx.HTTPError:
            assert time.monotonic() < end
        time.sleep(0.2)


def test_two_houses_stand_side_by_side_and_one_home_holds_one(up: Callable[..., House]) -> None:
    first, second = up("one"), up("two")
    first.wait_until_ready(), second.wait_until_ready()
    first.psql("CREATE TABLE mine ()")
    assert second.psql("SELECT to_regclass('mine')") == "[(None,)]"
    again = up("one")
    assert again.process.wait(30) == 1
    assert "already runs from" in again.said and "ASIMATI_HOME" in again.said
    assert httpx.get(f"{first.address}/readyz").status_code == 200


def test_a_taken_port_is_said_at_once(up: Callable[..., House]) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        house = up("taken", door.getsockname()[1])
        assert house.process.wait(10) == 1
    assert "is taken" in house.said
    assert not (house.home / "postgres").exists()
