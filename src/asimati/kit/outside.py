"""HTTP to addresses that others chose (webhooks, push subscriptions), with no way to reach inside our networks.

The name is resolved once, every address it has must be a public one, and the connection goes to the very address
that was checked: a name that changes between the look and the call gains nothing. Redirects are not followed, and
an answer has an end in bytes and in seconds.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore

from asimati.settings import settings

PORTS = (80, 443)
LONGEST_ANSWER = 65_536  # bytes of an answer that are read
NAT64 = ipaddress.ip_network("64:ff9b::/96")
UNICAST = ipaddress.ip_network("2000::/3")  # all that was ever given out of the IPv6 internet (RFC 4291)


class NotAllowed(Exception):
    """The address leads where we do not call: inside a network, to another port, or it is no http(s) address."""


class NotReached(Exception):
    """No connection was made: the call surely had no effect."""


class NotAnswered(Exception):
    """The call was made and not answered in time: it may have had its effect."""


def post(url: str, content: bytes, headers: Mapping[str, str], *, timeout: float) -> tuple[int, bytes]:
    """One POST; the answer's status and the beginning of its body. Raises the three above."""
    check_form(url)
    return call("POST", url, content, headers, timeout=timeout)


def call(
    method: str,
    url: str,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float,
    longest: int = LONGEST_ANSWER,
    private: bool = False,
) -> tuple[int, bytes]:
    """One call to an address whose form the caller has judged; the status and up to `longest` bytes of the body.

    `private`: the operator named this very host as one of their own, so it may stand in a private network. Raises
    NotAllowed, NotReached, NotAnswered.
    """
    limits = {"connect": min(3.0, timeout), "read": timeout, "write": timeout, "pool": 3.0}
    given = list((headers or {}).items())
    try:
        with _pool(private).stream(
            method, url, headers=given, content=content, extensions={"timeout": limits}
        ) as answer:
            return answer.status, _body(answer.iter_stream(), longest, time.monotonic() + timeout)
    except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as fault:
        raise NotReached(type(fault).__name__) from fault
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as fault:
        raise NotAnswered(type(fault).__name__) from fault


def _body(pieces: Iterable[bytes], longest: int, until: float) -> bytes:
    """The beginning of a body. Raises NotAnswered when it drips past its time."""
    body = b""
    for piece in pieces:
        body += piece
        if len(body) > longest:
            break
        if time.monotonic() > until:
            raise NotAnswered("too slow")
    return body[:longest]


def check_form(url: str) -> None:
    """Raises NotAllowed for an address we would not call whatever its name resolves to."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise NotAllowed("not an address") from None
    if settings().without("public_addresses"):
        return
    if parts.scheme != "https" or not parts.hostname or parts.username or port not in PORTS:
        raise NotAllowed("only https addresses without a password, on the usual port")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet; what carries another address inside is judged by that."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if found not in UNICAST:
            return False
    return found.is_global and not found.is_multicast


def resolved(host: str, port: int) -> str:
    """An address of the name. Raises NotAllowed when any of its addresses is not public, NotReached for no name."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise NotReached("no such name") from fault
    addresses = [str(answer[4][0]) for answer in answers]
    if not settings().without("public_addresses") and not all(map(is_public, addresses)):
        raise NotAllowed("the name leads into a private network")
    return addresses[0]


class _Checked(httpcore.NetworkBackend):
    """Connects to the address that was checked; TLS still asks for the name."""

    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return self._plain.connect_tcp(resolved(host, port), port, timeout, local_address, socket_options)


@cache
def _pool(private: bool) -> httpcore.ConnectionPool:
    """No connection is kept: each call is resolved and checked anew."""
    return httpcore.ConnectionPool(
        ssl_context=ssl.create_default_context(),
        network_backend=httpcore.SyncBackend() if private else _Checked(),
        max_connections=100,
        max_keepalive_connections=0,
    )
