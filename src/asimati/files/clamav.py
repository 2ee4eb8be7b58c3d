"""ClamAV's daemon over its socket: the INSTREAM command (clamd(8)).

The content goes in chunks, each behind its length in four bytes of network order; an empty chunk ends it. It
answers `stream: OK`, or `stream: <name> FOUND`, or `… ERROR`.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterable
from urllib.parse import urlsplit

_FOUND = re.compile(r"^stream: (.+) FOUND$")


class ScanFailed(Exception):
    """The scanner could not be asked, or could not say."""


def scan(address: str, content: Iterable[bytes], timeout: float) -> str | None:
    """The name of what was found in a content, or None for a clean one. Raises ScanFailed.

    `address` is unix:///path/of/clamd.ctl or tcp://host:port.
    """
    try:
        with _connected(address, timeout) as wire:
            wire.sendall(b"zINSTREAM\0")
            for piece in content:
                if piece:
                    wire.sendall(struct.pack("!L", len(piece)) + piece)
            wire.sendall(struct.pack("!L", 0))
            said = _answer(wire)
    except (OSError, ValueError) as fault:
        raise ScanFailed(str(fault)) from fault
    if said == "stream: OK":
        return None
    if found := _FOUND.match(said):
        return found[1]
    raise ScanFailed(said)


def _connected(address: str, timeout: float) -> socket.socket:
    where = urlsplit(address)
    if where.scheme == "unix":
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wire.settimeout(timeout)
        wire.connect(where.path)
        return wire
    return socket.create_connection((where.hostname or "", where.port or 3310), timeout)


def _answer(wire: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < 4096:
        piece = wire.recv(1024)
        if not piece:
            break
        said += piece
    return said.rstrip(b"\0\n").decode("utf-8", "replace")
