"""Tickets: what a device at the door can know by itself."""

from __future__ import annotations

import base64
import re
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from asimati.events import tickets
from asimati.events.tickets import Ticket


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@given(st.uuids(), st.uuids(), st.integers(1, 100))
def test_a_ticket_is_read_as_it_was_written(booking: UUID, event: UUID, party_size: int) -> None:
    ticket = Ticket(booking, event, party_size)
    assert tickets.read(tickets.issue(ticket)) == ticket


def test_a_device_verifies_with_nothing_but_the_published_key() -> None:
    ticket = Ticket(UUID(int=1), UUID(int=2), 3)
    token = raw(tickets.issue(ticket))
    key = Ed25519PublicKey.from_public_bytes(raw(tickets.public_jwk()["x"]))
    key.verify(token[34:], token[:34])
    assert (token[0], token[1:17], token[17:33], token[33]) == (1, ticket.booking.bytes, ticket.event.bytes, 3)


@given(st.integers(0, 97), st.integers(1, 255))
def test_no_altered_byte_gets_through(place: int, change: int) -> None:
    token = bytearray(raw(tickets.issue(Ticket(UUID(int=1), UUID(int=2), 3))))
    token[place] ^= change
    assert tickets.read(base64.urlsafe_b64encode(token).decode()) is None


@given(st.text(max_size=300))
def test_anything_else_is_no_ticket(text: str) -> None:
    assert tickets.read(text) is None


def test_the_code_is_a_small_picture() -> None:
    token = tickets.issue(Ticket(UUID(int=1), UUID(int=2), 3))
    assert re.fullmatch(r"[A-Za-z0-9_-]{131}", token)
    assert b"<svg" in tickets.qr(token)
