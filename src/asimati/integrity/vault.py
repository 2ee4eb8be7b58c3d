"""The channel's own keys: who holds the house's master key reads no report, and the other way round."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from asimati.kit import secrets
from asimati.kit.errors import Unavailable
from asimati.kit.ids import ALPHABET
from asimati.settings import settings

WORDS = "words"  # the purpose of the key that seals them
CODE = 30  # characters of a return code: 150 bits, more than anybody guesses


def newest_version() -> int:
    """The version of the key that seals. Raises Unavailable."""
    return max(_masters())


def seal(plain: str, purpose: str = WORDS) -> bytes:
    """Encrypt (AES-256-GCM) under the newest key: version byte, nonce, ciphertext. Raises Unavailable."""
    version, nonce = newest_version(), os.urandom(12)
    return bytes([version]) + nonce + AESGCM(_key(version, purpose)).encrypt(nonce, plain.encode(), b"integrity")


def unseal(sealed: bytes, purpose: str = WORDS) -> str:
    """What was sealed. Raises Unsealable where its key is gone, or it was altered; Unavailable."""
    try:
        cipher = AESGCM(_key(sealed[0], purpose))
        return cipher.decrypt(sealed[1:13], sealed[13:], b"integrity").decode()
    except (InvalidTag, KeyError, IndexError, ValueError) as fault:
        raise secrets.Unsealable(purpose) from fault


def index(code: str) -> bytes:
    """What stands in the table instead of a return code: its hash alone, which outlives every key.

    A code is random and long, so nobody finds it by trying; and whoever holds it alone could make its index anew.
    """
    return hashlib.sha256(b"asimati integrity code|" + normal(code).encode()).digest()


def former_indexes(code: str) -> list[bytes]:
    """Under what codes stood before: a keyed hash, by the version that was then the oldest."""
    return [hmac.digest(_key(version, "code"), normal(code).encode(), "sha256") for version in _masters()]


def normal(code: str) -> str:
    """A return code as it may be written: hyphens, spaces and small letters do not matter."""
    return "".join(one for one in code.upper() if one in ALPHABET)


def new_code(seed: bytes | None) -> str:
    """A return code, in groups of five. One seed gives one code: a repeated request makes no second report."""
    made = hmac.digest(_key(min(_masters()), "seed"), seed, hashlib.sha256) if seed else os.urandom(32)
    letters = "".join(ALPHABET[byte % 32] for byte in made[:CODE])
    return "-".join(letters[start : start + 5] for start in range(0, CODE, 5))


@cache
def _masters() -> Mapping[int, bytes]:
    config = settings().keys
    if settings().profile == "production" and not config.integrity:
        raise Unavailable
    return secrets.ring(config.integrity, config.integrity_file)


@cache
def _key(version: int, purpose: str) -> bytes:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=b"asimati integrity", info=purpose.encode())
    return derive.derive(_masters()[version])
