"""A load generator light enough to share two cores with what it measures: raw sockets, keep-alive, no parsing."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What a run saw: how many answers a second, and how many of each status."""

    per_second: float
    statuses: Counter[int]
    median_ms: float
    p99_ms: float


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of one HTTP/1.1 request to a server on loopback."""
    given = (f"{name}: {value}" for name, value in headers.items())
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *given]
    if method != "GET":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(port: int, plans: Sequence[Sequence[bytes]], *, processes: int = 2) -> Result:
    """Send every client's plan of requests, one client a connection, all at once; wait for all."""
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        started = time.perf_counter()
        shares = [(port, plans[share::processes]) for share in range(processes)]
        parts = pool.starmap(_share, shares)
        elapsed = time.perf_counter() - started
    statuses: Counter[int] = sum((part[0] for part in parts), Counter())
    times = sorted(taken for part in parts for taken in part[1])
    return Result(
        statuses.total() / elapsed, statuses, times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    )


def _share(port: int, plans: Sequence[Sequence[bytes]]) -> tuple[Counter[int], list[float]]:
    statuses: Counter[int] = Counter()
    times: list[float] = []
    lock = threading.Lock()

    def client(plan: Sequence[bytes]) -> None:
        seen, taken = _talk(port, plan)
        with lock:
            statuses.update(seen)
            times.extend(taken)

    clients = [threading.Thread(target=client, args=(plan,)) for plan in plans]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return statuses, times


def _talk(port: int, plan: Sequence[bytes]) -> tuple[Counter[int], list[float]]:
    seen: Counter[int] = Counter()
    taken: list[float] = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for sent in plan:
            started = time.perf_counter()
            line.sendall(sent)
            seen[_answer(line)] += 1
            taken.append(time.perf_counter() - started)
    return seen, taken


def _answer(line: socket.socket) -> int:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(line)
    head, _, rest = data.partition(b"\r\n\r\n")
    length = 0
    for field in head.split(b"\r\n")[1:]:
        name, _, value = field.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        rest += _more(line)
    return int(head[9:12])


def _more(line: socket.socket) -> bytes:
    data = line.recv(65536)
    if not data:
        raise ConnectionError("the server hung up")
    return data
