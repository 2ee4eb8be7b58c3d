"""The proxy we ship (`deploy/nginx.conf`), by a real nginx: what the web server does not defend, it does.

Needs `nginx` on the machine, or named by `NGINX=`; skipped otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.http.test_wire import FINE, ROOT, Address, answers, heard, post, server, wait_for
from tests.http.test_wire import log as log

NGINX = os.environ.get("NGINX") or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SILENCE = 1  # seconds between two pieces of a body; ten in what is shipped
pytestmark = pytest.mark.skipif(not NGINX, reason="there is no nginx here; NGINX= names one")
house = server


def free() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def proxied(to: Address, folder: Path) -> Iterator[Address]:
    """The proxy as it is shipped, but for its addresses and its patience."""
    written = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    port = free()
    for old, new in {
        "server web:8000;": f"server {to[0]}:{to[1]};",
        "listen 8000;": f"listen 127.0.0.1:{port};",
        "/tmp/nginx": str(folder / "nginx"),  # noqa: S108 - what is replaced
        "client_body_timeout 10s;": f"client_body_timeout {SILENCE}s;",
        "error_log stderr": f"error_log {folder / 'said'}",
    }.items():
        assert old in written, old
        written = written.replace(old, new)
    conf = folder / "nginx.conf"
    conf.write_text(written, encoding="utf-8")
    process = subprocess.Popen([str(NGINX), "-e", "stderr", "-p", folder, "-c", conf, "-g", "daemon off;"])
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, "nginx does not take its configuration"
            time.sleep(0.02)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def proxy(house: Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Before the house, whose web server has two threads."""
    yield from proxied(house, tmp_path_factory.mktemp("proxy"))


class Listener:
    """A house that writes down what reaches it, byte by byte."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self.socket.getsockname()
        self.heard = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                with client:
                    self.heard = client.recv(65536)
                    client.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[tuple[Listener, Address]]:
    made = Listener()
    for address in proxied(made.address, tmp_path):
        yield made, address
    made.socket.close()


def slow_bodies(address: Address, count: int) -> list[socket.socket]:
    made = [socket.create_connection(address, timeout=10) for _ in range(count)]
    for client in made:
        client.sendall(post(b"Content-Length: 100", body=b"{"))
    return made


def test_bodies_that_come_slowly_hold_nobody(proxy: Address) -> None:
    slow = slow_bodies(proxy, 20)  # ten for each thread there is
    try:
        said, _ = answers(proxy, FINE)
        assert said.startswith(b"HTTP/1.1 200 ")
        said, _ = answers(proxy, post(b"Content-Length: 2", b"Connection: close", body=b"{}"))
        assert said.startswith(b"HTTP/1.1 422 ")
        assert heard(slow[0])[1], "the connection is not kept for ever"
    finally:
        for client in slow:
            client.close()


def test_without_the_proxy_they_would(house: Address) -> None:
    """The control."""
    slow = slow_bodies(house, 4)
    try:
        time.sleep(0.3)
        assert answers(house, FINE, patience=1.0) == (b"", False)
    finally:
        for client in slow:
            client.close()
    wait_for(house)


def test_what_reaches_the_house_says_who_really_asks(listener: tuple[Listener, Address]) -> None:
    house, address = listener
    claims = b"X-Forwarded-For: 203.0.113.9\r\nX_Forwarded_For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
    claims += b"X-Forwarded-Host: elsewhere.example\r\n"
    answers(address, FINE.replace(b"Host: x\r\n", b"Host: x\r\n" + claims))
    assert b"elsewhere.example" not in house.heard and b"X-Forwarded-Host: x\r\n" in house.heard
    assert b"203.0.113.9" not in house.heard and b"_" not in house.heard.partition(b"\r\n\r\n")[0]
    assert b"X-Forwarded-For: 127.0.0.1\r\n" in house.heard and b"X-Forwarded-Proto: http\r\n" in house.heard


def test_a_line_feed_alone_reaches_the_house_as_a_lines_end_or_not_at_all(
    listener: tuple[Listener, Address],
) -> None:
    house, address = listener
    answers(address, FINE.replace(b"Host: x\r\n", b"Host: x\r\nX-A: b\nX-B: c\r\n"))
    assert b"\n" not in house.heard.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("language", "title"), [(b"ar", "الخدمة غير متاحة حالياً"), (b"en", "Not available for the moment")]
)
def test_a_house_that_is_away_is_a_problem_document(
    listener: tuple[Listener, Address], language: bytes, title: str
) -> None:
    house, address = listener
    house.socket.shutdown(socket.SHUT_RDWR)
    house.socket.close()
    said, _ = answers(address, FINE.replace(b"Host: x", b"Host: x\r\nAccept-Language: " + language))
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head and b"Retry-After: 5" in head
    told = json.loads(body)
    assert (told["type"], told["title"]) == ("/problems/unavailable", title) and told["status"] in (502, 504)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (post(b"Content-Length: 99999999", body=b""), 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    ],
    ids=["a large body", "a long header", "no host", "a long address"],
)
def test_what_the_proxy_refuses_it_refuses_as_the_house_does(proxy: Address, asked: bytes, status: int) -> None:
    head, _, body = answers(proxy, asked)[0].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), head
    assert b"application/problem+json" in head and json.loads(body)["status"] == status


def test_it_writes_down_nobodys_address(proxy: Address, tmp_path_factory: pytest.TempPathFactory) -> None:
    for asked in (FINE, b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n"):
        answers(proxy, asked)
    said = [one.read_text() for one in tmp_path_factory.getbasetemp().glob("proxy*/said")]
    assert said and not any("127.0.0.1" in one for one in said)
