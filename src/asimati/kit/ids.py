"""Identifiers: time-ordered UUIDs for rows, short references for people."""

from __future__ import annotations

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

# Crockford's base 32: no I, L, O or U, so that a reference survives being read out on the phone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562): later rows sort after earlier ones, which keeps indexes dense."""
    value: UUID = uuid7()
    return value


def new_reference(prefix: str) -> str:
    """A reference such as `SR-7K3M9QWZ`: 40 random bits, unique by the column's own constraint."""
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(8))
