"""The supervisor's parts, on real processes: restarts, last words, left-overs, and what it refuses to start on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asimati.embedded import processes
from asimati.settings import load
from asimati.supervisor import ground
from asimati.supervisor.children import Child, Family
from asimati.supervisor.console import Console
from asimati.supervisor.plan import Job, plan

TOY = """
import os, signal, sys, time
print("toy says", *sys.argv[1:], flush=True)
if "fork" in sys.argv:
    child = os.fork()
    if child:
        print("grandchild", child, flush=True)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("will not go", flush=True)
if "die" in sys.argv:
    print("last words", end="", flush=True)
    sys.exit(3)
time.sleep(300)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "toy.py").write_text(TOY)
    os.close(ground.prepare(tmp_path))
    return tmp_path


@pytest.fixture
def family(home: Path) -> Iterator[Family]:
    made = Family(Console(home / "logs" / "asimati.log"))
    yield made
    made.stop(("toy",), 0, lambda: True)
    made.close()


@pytest.fixture
def toy(home: Path) -> Callable[..., Child]:
    environment = dict(os.environ) | dict([ground.mark(home)]) | {"PYTHONPATH": f"{home}:src"}
    return lambda *words: Child(Job("toy", "toy", words), home, environment)


def until(family: Family, holds: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        family.listen(0.05)


def gone(pid: int) -> bool:
    return not processes.command_line(pid)


def test_a_child_that_dies_leaves_its_last_words_and_comes_back_after_growing_pauses(
    family: Family, toy: Callable[..., Child]
) -> None:
    child = toy("die")
    pauses = []
    for _ in range(3):
        family.start(child)
        until(family, child.is_dead)
        pauses.append(child.back_at - time.monotonic())
        assert family.let_go(child) == 3
    assert child.last_words[-1] == "last words"
    assert child.deaths == 3 and pauses == sorted(pauses)


def test_a_pid_file_tells_the_process_and_goes_with_it(
    home: Path, family: Family, toy: Callable[..., Child]
) -> None:
    child = toy()
    family.start(child)
    assert child.process and (home / "run" / "toy.pid").read_text() == str(child.process.pid)
    family.stop(("toy",), 5, lambda: False)
    assert not (home / "run" / "toy.pid").exists()


def test_one_that_does_not_stop_is_killed(home: Path, family: Family, toy: Callable[..., Child]) -> None:
    child = toy("stubborn")
    family.start(child)
    until(family, lambda: "will not go" in child.last_words)
    begun = time.monotonic()
    family.stop(("toy",), 0.5, lambda: False)
    assert time.monotonic() - begun < 5 and child.process is None
    assert "is killed" in (home / "logs" / "asimati.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_killed_child_takes_what_it_forked_along(family: Family, toy: Callable[..., Child]) -> None:
    child = toy("fork")
    family.start(child)
    until(family, lambda: any(line.startswith("grandchild") for line in child.last_words))
    grandchild = int(next(line for line in child.last_words if line.startswith("grandchild")).split()[1])
    assert child.process
    os.kill(child.process.pid, signal.SIGKILL)
    until(family, lambda: gone(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_what_an_earlier_run_left_is_found_by_its_mark_and_nobody_else_is_touched(home: Path) -> None:
    left = subprocess.Popen(["sleep", "60"], env=dict([ground.mark(home)]))
    stranger = subprocess.Popen(["sleep", "60"], env=dict([ground.mark(home / "other")]))
    try:
        assert ground.put_down_left_overs(home) == 1
        assert left.wait(5) == -signal.SIGKILL and stranger.poll() is None
    finally:
        for process in (left, stranger):
            process.kill()
            process.wait()


def test_one_home_holds_one_house(home: Path) -> None:
    held = ground.prepare(home)
    try:
        with pytest.raises(ground.GroundError, match=rf"process {os.getpid()}.*ASIMATI_HOME"):
            ground.prepare(home)
    finally:
        os.close(held)


def test_a_full_disk_is_said_before_anything_starts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "NEEDED", 10**18)
    with pytest.raises(ground.GroundError, match="MB are free where"):
        ground.prepare(home)
    monkeypatch.undo()
    os.close(ground.prepare(home))  # and the lock is free again


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ground.GroundError, match="ASIMATI_HOME"):
        ground.prepare(tmp_path / "file" / "home")


def test_a_taken_port_is_named_with_its_holder_and_another_offered() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        port = door.getsockname()[1]
        with pytest.raises(ground.GroundError, match=rf"{port}.*taken.*ASIMATI_PORT={port + 1}"):
            ground.check_port("127.0.0.1", port)
    ground.check_port("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_said() -> None:
    with pytest.raises(ground.GroundError, match="not to be had"):
        ground.check_port("192.0.2.1", 8000)


def test_the_log_turns_over_and_a_lost_terminal_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asimati.supervisor import console

    monkeypatch.setattr(console, "LIMIT", 100)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as lost:
        monkeypatch.setattr(sys, "stdout", lost)
        made = Console(tmp_path / "log")
        for number in range(40):
            made.line("web", f"سطر {number}")
        monkeypatch.undo()
        with contextlib.suppress(BrokenPipeError):
            lost.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1", "log.2", "log.3"]
    assert "سطر 39" in (tmp_path / "log").read_text()


def test_the_command_line_chooses_what_runs() -> None:
    config = load({"ASIMATI_PROFILE": "test", "ASIMATI_PORT": "8100"})
    made = plan(["--without", "beat", "--web", "2", "--relay", "2"], config)
    assert [job.name for job in made.jobs] == ["web", "web-2", "worker", "relay", "relay-2"]
    assert made.jobs[1].environment == (("ASIMATI_PORT", "8101"),)
    assert [job.name for job in plan(["--only", "web"], config).jobs] == ["web"]
    assert made.address == "http://127.0.0.1:8100"
    assert not made.seeds  # demonstration data belong to the development profile
