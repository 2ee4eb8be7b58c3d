"""Tickets: small signed tokens that a device at the door verifies without asking anybody.

A token is base64url without padding of 98 bytes: one byte version (1), the booking's and the event's UUID (16 bytes
each, in network order), one byte party size, and the Ed25519 signature (RFC 8032) over those 34 bytes. The public
key is at `GET /tickets/key`. Signing is deterministic, so a ticket is made anew whenever it is shown, and kept
nowhere. A device offline believes the signature and the event; whether the booking was cancelled meanwhile only we
know.
"""

from __future__ import annotations

import base64
import binascii
import io
import struct
from dataclasses import dataclass
from uuid import UUID

import segno

from asimati.kit import secrets

PURPOSE = "ticket"
_VERSION = 1
_FORM = struct.Struct("!B16s16sB")
_SIGNATURE = 64


@dataclass(frozen=True)
class Ticket:
    booking: UUID
    event: UUID
    party_size: int


def issue(ticket: Ticket) -> str:
    """The token of a ticket."""
    payload = _FORM.pack(_VERSION, ticket.booking.bytes, ticket.event.bytes, ticket.party_size)
    return _written(payload + secrets.sign(payload, PURPOSE))


def read(token: str) -> Ticket | None:
    """The ticket, if we signed it."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    payload, signature = raw[: _FORM.size], raw[_FORM.size :]
    if len(signature) != _SIGNATURE or not secrets.is_signed(payload, signature, PURPOSE):
        return None
    version, booking, event, party_size = _FORM.unpack(payload)
    return Ticket(UUID(bytes=booking), UUID(bytes=event), party_size) if version == _VERSION else None


def public_jwk() -> dict[str, str]:
    """The key that verifies tickets, as a JWK (RFC 8037)."""
    point = _written(secrets.public_key(PURPOSE))
    return {"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "use": "sig", "x": point}


def qr(token: str) -> bytes:
    """The token as a QR code in SVG, with the quiet zone scanners need; error correction M (15 %)."""
    picture = io.BytesIO()
    segno.make(token, error="m", micro=False).save(picture, kind="svg", scale=4, border=4, light="#ffffff")
    return picture.getvalue()


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
