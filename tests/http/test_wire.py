"""HTTP itself, against a real server process: nothing smuggled is answered, and nobody slow keeps others waiting.

What is asked is written byte by byte. A smuggled request would be answered as a second one on the same connection:
each carries a request id of its own, by which its answer would be known.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from asimati.settings import settings
from asimati.supervisor.plan import SILENT, WIRE, plan
from tests.conftest import HOME

ROOT = Path(__file__).resolve().parents[2]
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-ID: smuggled\r\n\r\n"
PATIENCE = 1000  # milliseconds for a request's head; ten times as much in production
FINE = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
Address = tuple[str, int]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's own words go."""
    return tmp_path_factory.mktemp("wire") / "log"


@pytest.fixture(scope="module")
def server(database: str, log: Path) -> Iterator[Address]:
    """The web server as production starts it, but for one process of two threads."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    environment = os.environ | {
        "ASIMATI_HOME": str(HOME), "ASIMATI_DATABASE_URL": database, "GRANIAN_LOG_ACCESS_ENABLED": "true",
    }  # fmt: skip
    quick = WIRE | {"http1-header-read-timeout": PATIENCE}
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "asimati.wsgi:create_app",
        "--host", "127.0.0.1", "--port", str(address[1]), "--workers", "1", "--blocking-threads", "2",
        "--no-ws", SILENT, "--log-level", "warning", *(f"--{name}={value}" for name, value in quick.items()),
    ]  # fmt: skip
    said = log.open("ab")
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=said, stderr=said, start_new_session=True)
    try:
        wait_for(address)
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(address: Address) -> None:
    deadline = time.monotonic() + 60
    while True:
        with suppress(OSError):
            if answers(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", patience=2.0)[0].startswith(
                b"HTTP/1.1 200"
            ):
                return
        assert time.monotonic() < deadline, "the server does not come up"
        time.sleep(0.1)


@contextmanager
def connected(address: Address, patience: float) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=patience) as client:
        yield client


def answers(address: Address, asked: bytes, patience: float = 3.0) -> tuple[bytes, bool]:
    """Everything that comes back, and whether the server closed the connection."""
    with connected(address, patience) as client:
        with suppress(OSError):
            client.sendall(asked)
        return heard(client)


def heard(client: socket.socket) -> tuple[bytes, bool]:
    said = b""
    while True:
        try:
            more = client.recv(65536)
        except TimeoutError:
            return said, False
        except ConnectionError:
            return said, True
        if not more:
            return said, True
        said += more


def post(*headers: bytes, body: bytes) -> bytes:
    lines = [b"POST /api/v1/auth/refresh HTTP/1.1", b"Host: x", b"Content-Type: application/json", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


CHUNK = b"2\r\n{}\r\n0\r\n\r\n"
TRIES = {
    "CL.TE": post(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "TE.CL": post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=CHUNK + SMUGGLED),
    "TE.TE, one of them strange": post(
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: cow", b"Content-Length: 4", body=CHUNK + SMUGGLED
    ),
    "a strange coding": post(b"Transfer-Encoding: xchunked", b"Content-Length: 2", body=b"{}" + SMUGGLED),
    "chunked is not last": post(
        b"Transfer-Encoding: chunked, identity", b"Content-Length: 2", body=b"{}" + SMUGGLED
    ),
    "a space before the colon": post(b"Transfer-Encoding : chunked", b"Content-Length: 2", body=b"{}" + SMUGGLED),
    "a vertical tab in the coding": post(
        b"Transfer-Encoding: \x0bchunked", b"Content-Length: 2", body=b"{}" + SMUGGLED
    ),
    "two lengths": post(b"Content-Length: 2", b"Content-Length: 60", body=b"{}" + SMUGGLED),
    "two lengths in one": post(b"Content-Length: 2, 60", body=b"{}" + SMUGGLED),
    "a length with a sign": post(b"Content-Length: +2", body=b"{}" + SMUGGLED),
    "a negative length": post(b"Content-Length: -1", body=b"{}" + SMUGGLED),
    "a length of letters": post(b"Content-Length: 0x2", body=b"{}" + SMUGGLED),
    "a length past all numbers": post(b"Content-Length: 99999999999999999999999999", body=b"{}" + SMUGGLED),
    "a chunk past all numbers": post(
        b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n" + SMUGGLED
    ),
    "a chunk with a sign": post(b"Transfer-Encoding: chunked", body=b"+2\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk without an end": post(b"Transfer-Encoding: chunked", body=b"2\r\n{}XX0\r\n\r\n" + SMUGGLED),
    "a folded line": post(b"Content-Length: 2", b"X-A: b\r\n Transfer-Encoding: chunked", body=b"{}" + SMUGGLED),
    "a carriage return in a value": post(b"Content-Length: 2", b"X-A: b\rX-B: c", body=b"{}" + SMUGGLED),
    "a zero byte in a value": post(b"Content-Length: 2", b"X-A: b\x00c", body=b"{}" + SMUGGLED),
    "a header without a name": post(b"Content-Length: 2", b": b", body=b"{}" + SMUGGLED),
    "an older HTTP with chunks": post(b"Transfer-Encoding: chunked", body=CHUNK + SMUGGLED).replace(
        b"HTTP/1.1", b"HTTP/1.0", 1
    ),
}


@pytest.mark.parametrize("name", TRIES)
def test_what_is_smuggled_is_never_answered(server: Address, name: str) -> None:
    said, closed = answers(server, TRIES[name])
    assert b"smuggled" not in said, said
    assert said.count(b"HTTP/1.") <= 1
    assert closed, "what follows an ambiguous request is not read"


def test_without_ambiguity_a_second_request_is_answered(server: Address) -> None:
    """The control: else the test above would pass on a server that never answers twice."""
    said, _ = answers(server, post(b"Content-Length: 2", body=b"{}" + SMUGGLED), patience=1.0)
    assert b"x-request-id: smuggled" in said and said.count(b"HTTP/1.1 ") == 2


def test_a_body_is_not_read_as_a_request_when_nobody_wanted_it(server: Address) -> None:
    for path in (b"/nowhere", b"/healthz", b"/api/v1/me/data-requests"):
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path, len(SMUGGLED))
        said, _ = answers(server, head + SMUGGLED, patience=1.0)
        assert said.count(b"HTTP/1.") == 1 and b"smuggled" not in said, said


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"])
def test_a_request_names_one_host(server: Address, hosts: bytes) -> None:
    said, _ = answers(server, b"GET /healthz HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 ") and b"application/problem+json" in said


@pytest.mark.parametrize(
    "asked",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 400_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(300)) + b"\r\n",
        b"GET /" + b"a" * 400_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["a long header", "many headers", "a long address"],
)
def test_a_head_past_all_bounds_is_refused_and_the_connection_closed(server: Address, asked: bytes) -> None:
    said, closed = answers(server, asked)
    assert closed and (not said or said.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 414 ")))


def test_no_other_http_is_spoken(server: Address) -> None:
    said, closed = answers(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 9)
    assert closed and not said.startswith(b"\x00")
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n"
    said, _ = answers(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + upgrade, patience=1.0)
    assert said.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("drip", [False, True], ids=["then silence", "byte by byte"])
def test_a_head_without_an_end_keeps_nobody_waiting(server: Address, drip: bool) -> None:
    slow = [socket.create_connection(server, timeout=10) for _ in range(20)]  # ten for each thread there is
    began = time.monotonic()
    for client in slow:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ")
    assert answers(server, FINE)[0].startswith(b"HTTP/1.1 200 ")
    ends = began + 30
    while drip and time.monotonic() < ends:
        try:
            slow[0].sendall(b"a")
        except ConnectionError:
            break
        time.sleep(0.05)
    assert heard(slow[0]) == (b"", True)
    assert time.monotonic() < ends
    for client in slow:
        client.close()


HOSTILE = {
    "deep lists": b"[" * 60_000,
    "deep lists that end": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a number of sixty thousand digits": b'{"refresh_token": ' + b"9" * 60_000 + b"}",
    "an exponent past all numbers": b'{"refresh_token": 1e999999999}',
    "ten thousand keys": b"{" + b",".join(b'"k%d":1' % n for n in range(6_000)) + b"}",
    "no number": b'{"refresh_token": NaN}',
    "half a character": b'{"refresh_token": "\xff"}',
    "too much": b'"' + b"a" * 70_000 + b'"',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_at_once(server: Address, name: str) -> None:
    body = HOSTILE[name]
    began = time.monotonic()
    said, _ = answers(server, post(b"Connection: close", b"Content-Length: %d" % len(body), body=body))
    assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 ", b"HTTP/1.1 422 ")), said[:200]
    assert b"application/problem+json" in said
    assert time.monotonic() - began < 2


def test_who_goes_away_in_the_middle_of_a_body_frees_the_thread(server: Address) -> None:
    for _ in range(6):
        with connected(server, 3.0) as client:
            client.sendall(post(b"Content-Length: 100", body=b"{"))
    assert answers(server, FINE)[0].startswith(b"HTTP/1.1 200 ")


def test_a_line_feed_alone_ends_a_line_here(server: Address) -> None:
    """Known, and said in docs/security.md: the proxy must refuse it, since it may not read it so."""
    said, _ = answers(server, FINE.replace(b"Host: x\r\n", b"Host: x\r\nX-A: b\nX-Request-ID: after-a-feed\r\n"))
    assert b"x-request-id: after-a-feed" in said


def test_no_log_of_the_server_says_from_where_a_report_without_a_name_came(server: Address, log: Path) -> None:
    """Not even where an environment asks for a log of requests. Production's two ways to start it say so too."""
    body = b'{"category": "bribery", "text": "An envelope was handed over on the second floor"}'
    head = [b"POST /api/v1/integrity/reports HTTP/1.1", b"Host: x", b"Content-Type: application/json",
            b"Connection: close", b"Content-Length: %d" % len(body)]  # fmt: skip
    with socket.create_connection(server, timeout=10, source_address=("127.0.0.77", 0)) as reporter:
        reporter.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        assert heard(reporter)[0].startswith(b"HTTP/1.1 201")
    written = log.read_text(encoding="utf-8", errors="replace")
    assert "127.0.0.77" not in written and "/integrity" not in written
    assert "--no-access-log" in (ROOT / "deploy" / "entrypoint.sh").read_text(encoding="utf-8")
    web = next(job for job in plan([], settings()).jobs if job.name == "web")
    assert SILENT in web.arguments
