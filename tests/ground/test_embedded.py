"""The embedded servers, on real processes: they start, keep their data, and never outlive their parent."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis as redis_py

from asimati import embedded
from asimati.embedded import processes
from asimati.embedded.server import EmbeddedError

HOLDER = """
import sys, time
from pathlib import Path
from asimati import embedded
home = Path(sys.argv[1])
with embedded.postgres(home / "postgres") as pg, embedded.redis(home / "redis") as rd:
    print(pg.dsn(), rd.url, pg.process.pid, rd.process.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str, str, list[int]]]]:
    """Start another process that holds both servers over tmp_path; its addresses and the servers' pids."""
    started = []

    def start() -> tuple[subprocess.Popen[str], str, str, list[int]]:
        process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        dsn, url, *pids = process.stdout.readline().split()
        return process, dsn, url, [int(pid) for pid in pids]

    yield start
    for process in started:
        process.kill()
        process.wait()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def wait_until(holds: Callable[[], bool], seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while not (done := holds()) and time.monotonic() < until:
        time.sleep(0.02)
    return done


def test_a_second_start_keeps_the_data(tmp_path: Path) -> None:
    for turn in (1, 2):
        with embedded.postgres(tmp_path / "pg") as server, psycopg.connect(server.dsn()) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS turn (n int)")
            connection.execute("INSERT INTO turn VALUES (%s)", (turn,))
            assert connection.execute("SELECT count(*) FROM turn").fetchone() == (turn,)
        with embedded.redis(tmp_path / "redis") as server:
            assert redis_py.Redis.from_url(server.url).incr("turn") == turn


def test_text_is_utf8_and_durability_is_on_unless_thrown_away(tmp_path: Path) -> None:
    asked = (
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('server_encoding')"
    )
    with embedded.postgres(tmp_path / "kept") as server, psycopg.connect(server.dsn()) as connection:
        assert connection.execute(asked).fetchone() == ("on", "on", "UTF8")
    with (
        embedded.postgres(tmp_path / "thrown", throwaway=True) as server,
        psycopg.connect(server.dsn()) as connection,
    ):
        assert connection.execute(asked).fetchone() == ("off", "on", "UTF8")


def test_neither_server_listens_on_a_port_so_taken_ports_do_not_matter(tmp_path: Path) -> None:
    with socket.socket() as five, socket.socket() as six:
        for listener, port in ((five, 5432), (six, 6379)):
            try:
                listener.bind(("127.0.0.1", port))
                listener.listen()
            except OSError:
                pass  # taken by somebody else: as good
        with embedded.postgres(tmp_path / "pg", throwaway=True) as pg, embedded.redis(tmp_path / "redis") as rd:
            assert pg.alive and rd.alive


def test_a_path_with_a_space_arabic_letters_a_comma_and_great_length(tmp_path: Path) -> None:
    folder = tmp_path / "مجلد المحافظة, 1" / ("ط" * 60) / "x"
    with embedded.postgres(folder / "pg", throwaway=True) as pg, embedded.redis(folder / "redis") as rd:
        assert pg.alive and redis_py.Redis.from_url(rd.url).ping()


def test_killed_parent_leaves_no_orphan_and_the_next_start_has_the_data(
    tmp_path: Path, holder: Callable[[], tuple[subprocess.Popen[str], str, str, list[int]]]
) -> None:
    process, dsn, url, pids = holder()
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    redis_py.Redis.from_url(url).set("kept", 42)
    process.kill()
    assert wait_until(lambda: all(gone(pid) for pid in pids))
    with embedded.postgres(tmp_path / "postgres") as pg, psycopg.connect(pg.dsn()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    with embedded.redis(tmp_path / "redis") as rd:
        assert redis_py.Redis.from_url(rd.url).get("kept") == b"42"


def test_all_killed_at_once_does_not_block_the_next_start(
    tmp_path: Path, holder: Callable[[], tuple[subprocess.Popen[str], str, str, list[int]]]
) -> None:
    process, dsn, _, pids = holder()
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    os.kill(process.pid, signal.SIGSTOP)  # so that it cannot reap: its dead children stay as zombies
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    process.kill()
    with embedded.postgres(tmp_path / "postgres") as pg, psycopg.connect(pg.dsn()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_block(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / "pg") as server:
        data = server.data()
        lines = (data / "postmaster.pid").read_text().splitlines()
    (data / "postmaster.pid").write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    with embedded.postgres(tmp_path / "pg") as server:
        assert server.alive


def test_an_orphan_of_an_earlier_life_is_stopped_first(tmp_path: Path) -> None:
    server = embedded.redis(tmp_path / "redis")
    server.start()
    first = server.process
    assert first
    os.close(server._lock)  # type: ignore[arg-type]  # as if its parent had gone without taking it along
    with embedded.redis(tmp_path / "redis") as second:
        assert first.poll() is not None and second.alive


def test_one_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with embedded.redis(tmp_path / "redis"), pytest.raises(EmbeddedError, match=f"pid {os.getpid()}"):
        embedded.redis(tmp_path / "redis").start()


def test_a_server_that_died_or_was_stopped_comes_back_at_the_same_address(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / "pg", throwaway=True) as server:
        url = server.url
        assert server.process
        server.process.kill()
        assert wait_until(lambda: not server.alive)
        server.start()
        assert server.url == url
        server.stop()
        server.start()
        assert server.url == url
        psycopg.connect(server.dsn()).close()


def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / "pg") as server:
        data = server.data()
    (data / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(EmbeddedError, match="nonsense"):
        embedded.postgres(tmp_path / "pg").start()
    assert processes.working_in(data, ["postgres"]) == []


def test_without_any_redis_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asimati.embedded import redis_server as module

    monkeypatch.setattr(module, "find_program", lambda *_: None)
    monkeypatch.setattr(module, "_wheels", list)
    with pytest.raises(EmbeddedError, match="apt install redis-server") as fault:
        embedded.redis(tmp_path / "redis").start()
    assert "\n" not in str(fault.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that PostgreSQL's user cannot enter")
def test_as_root_in_a_closed_home_the_data_live_elsewhere_and_are_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asimati.embedded import places

    ground = Path("/var/tmp/asimati-embedded-test")  # noqa: S108 (open to all, unlike pytest's own)
    monkeypatch.setattr(places, "OPEN_GROUND", (str(ground),))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    found = []
    try:
        for _ in range(2):
            with embedded.postgres(closed / "pg") as server:
                assert server.owner.uid != 0
                found.append(server.data())
        assert found[0] == found[1] and found[0].is_relative_to(ground)
    finally:
        subprocess.run(["rm", "-rf", str(ground)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that PostgreSQL's user cannot enter")
def test_as_root_programs_in_a_closed_home_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asimati.embedded import places, postgres_server

    ground = Path("/var/tmp/asimati-embedded-test-programs")  # noqa: S108
    monkeypatch.setattr(places, "OPEN_GROUND", (str(ground),))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = postgres_server.installed().parent
    for part in (wheel, wheel.with_name(wheel.name + ".libs")):
        shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("pginstall"))
    monkeypatch.setattr(postgres_server, "installed", lambda: closed / wheel.name / "pginstall18")
    try:
        for _ in range(2):
            with embedded.postgres(closed / "pg", throwaway=True) as server:
                assert server.alive
        assert [path.name.startswith("program-") for path in ground.iterdir()] == [True]
    finally:
        subprocess.run(["rm", "-rf", str(ground)], check=True)
