"""Keys: sealing what must not lie open, finding it again, signing what others verify.

One master key (or several versions while rotating) gives every purpose its own key by HKDF (RFC 5869). Outside
production it is made at the first start and kept in a file of the home folder.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from asimati.settings import SettingsError, settings


class Unsealable(Exception):
    """The bytes were not sealed by us for this purpose, or were altered."""


@cache
def _masters() -> Mapping[int, bytes]:
    """Master keys by version; the highest seals, all unseal."""
    config = settings().keys
    return ring(config.master, config.file)


def ring(written: str, file: str) -> Mapping[int, bytes]:
    """Master keys by version, as a setting writes them; else those of a file of the home folder, made once."""
    written = written or _made_master(settings().home_folder / file)
    masters = {}
    for number, part in enumerate(reversed(written.split(",")), start=1):
        version, colon, key = part.rpartition(":")
        masters[int(version) if colon else number] = base64.b64decode(key)
    if any(len(key) != 32 for key in masters.values()):
        raise SettingsError("A master key must be base64 of 32 bytes.")
    return masters


def _made_master(path: Path) -> str:
    if not path.exists():
        _make_master(path)
    master: str = json.loads(path.read_text())["master"]
    return master


def _make_master(path: Path) -> None:
    """Whoever is first, thread or process, makes the key; a half-written file is never seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=path.parent)  # readable by its owner alone
    with os.fdopen(handle, "w") as file:
        json.dump({"master": base64.b64encode(os.urandom(32)).decode()}, file)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        Path(fresh).unlink()


@cache
def _key(version: int, purpose: str) -> bytes:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=b"asimati", info=purpose.encode())
    return derive.derive(_masters()[version])


def derived(version: int, purpose: str) -> bytes:
    """32 bytes for one purpose of one master key, for keys that change by a rule of their own (`kit.tokens`)."""
    return _key(version, purpose)


def seal(plain: str, purpose: str) -> bytes:
    """Encrypt (AES-256-GCM) under the newest key of a purpose: version byte, nonce, ciphertext."""
    version, nonce = max(_masters()), os.urandom(12)
    return (
        bytes([version])
        + nonce
        + AESGCM(_key(version, f"seal|{purpose}")).encrypt(nonce, plain.encode(), purpose.encode())
    )


def unseal(sealed: bytes, purpose: str) -> str:
    """The plain text. Raises Unsealable when it was sealed for something else or altered."""
    try:
        cipher = AESGCM(_key(sealed[0], f"seal|{purpose}"))
        return cipher.decrypt(sealed[1:13], sealed[13:], purpose.encode()).decode()
    except (InvalidTag, KeyError, IndexError, ValueError) as fault:
        raise Unsealable(purpose) from fault


def blind_index(value: str, purpose: str, version: int | None = None) -> bytes:
    """A keyed hash for looking a sealed value up: version byte, HMAC. By the newest key unless another is named."""
    chosen = version or newest_version()
    return bytes([chosen]) + hmac.digest(_key(chosen, f"index|{purpose}"), value.encode(), "sha256")


def blind_indexes(value: str, purpose: str) -> list[bytes]:
    """Every index the value may stand under while keys are being rotated; usually one."""
    return [blind_index(value, purpose, version) for version in versions()]


def pseudonym(value: str, purpose: str) -> bytes:
    """A keyed hash that stands for somebody in figures; by the oldest key, as rotation must not double people."""
    return hmac.digest(_key(min(_masters()), f"index|{purpose}"), value.encode(), "sha256")


def mac(parts: Iterable[str], purpose: str) -> bytes:
    """HMAC-SHA256 over parts, each with its length, so that no two lists give the same bytes."""
    body = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.digest(_key(min(_masters()), f"mac|{purpose}"), body, "sha256")


def digest(token: str) -> bytes:
    """What is stored of a random token: its SHA-256; a token of 256 random bits needs no more."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def versions() -> list[int]:
    """The versions of the master key at hand, oldest first."""
    return sorted(_masters())


def newest_version() -> int:
    """The version that seals and signs."""
    return max(_masters())


@cache
def _signing_key(purpose: str, version: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_key(version, f"sign|{purpose}"))


def sign(payload: bytes, purpose: str) -> bytes:
    """An Ed25519 signature (64 bytes) by the newest key; anybody can verify it with `public_key`."""
    return _signing_key(purpose, newest_version()).sign(payload)


def public_key(purpose: str, version: int | None = None) -> bytes:
    """The 32 public bytes for `sign`'s signatures, of the newest key or of one of the versions at hand."""
    key = _signing_key(purpose, version or newest_version())
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def is_signed(payload: bytes, signature: bytes, purpose: str) -> bool:
    """Whether the signature over the payload is ours, by any version at hand."""
    return any(is_signed_by(public_key(purpose, version), payload, signature) for version in versions()[::-1])


def is_signed_by(public: bytes, payload: bytes, signature: bytes) -> bool:
    """Whether the signature over the payload was made by the holder of this public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, payload)
    except (InvalidSignature, ValueError):
        return False
    return True
