"""Push to browsers: Web Push (RFC 8030), encrypted for the subscriber (RFC 8291), signed (RFC 8292).

A device's push token is the browser's subscription as JSON: `{"endpoint", "keys": {"p256dh", "auth"}}`. Its
endpoint is an address somebody sent us, so it is called like one (`kit.outside`).
"""

from __future__ import annotations

import base64
import json
import os
import time
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from asimati.kit import outside, secrets
from asimati.notifications.channels import Letter, Outcome, Receipt
from asimati.notifications.rendering import unmarked
from asimati.settings import settings

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)
RECORD = 4096  # bytes; a message is one record
DAY = 86_400
LONGEST = 3000  # bytes of words; a push service takes 4,096 of ciphertext


@dataclass(frozen=True)
class Subscription:
    """Where a browser takes messages, and the keys only it can open them with."""

    endpoint: str
    public: bytes
    auth: bytes

    @classmethod
    def read(cls, token: str) -> Subscription:
        """From a device's push token. Raises ValueError or KeyError for anything else."""
        found = json.loads(token)
        keys = found["keys"]
        return cls(str(found["endpoint"]), _bytes(keys["p256dh"]), _bytes(keys["auth"]))


def send(contact: str, letter: Letter) -> Receipt:
    """Hand one letter to the browser's push service. `contact` (mailto: or https:) is whom it may complain to."""
    try:
        to = Subscription.read(letter.to)
        body = {"title": unmarked(letter.subject), "text": _short(letter.text), "reference": letter.reference}
        sealed = encrypt(json.dumps(body, ensure_ascii=False).encode(), to)
    except (ValueError, KeyError, TypeError) as fault:
        return Receipt(Outcome.WRONG_ADDRESS, error=type(fault).__name__)
    headers = {
        "Authorization": f"vapid t={_token(to.endpoint, contact)}, k={public_key()}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(DAY),
        "Topic": letter.reference.replace("-", "").partition(".")[0],  # a repetition takes the place of the first
    }
    try:
        status, _answer = outside.post(to.endpoint, sealed, headers, timeout=settings().providers.timeout)
    except outside.NotAllowed as fault:
        return Receipt(Outcome.WRONG_ADDRESS, error=str(fault))
    except outside.NotReached as fault:
        return Receipt(Outcome.AGAIN, error=str(fault))
    except outside.NotAnswered as fault:
        return Receipt(Outcome.UNKNOWN, error=str(fault))
    return judged(status)


def judged(status: int) -> Receipt:
    """What a push service's answer means (RFC 8030, 5 and 7.3)."""
    if 200 <= status < 300:
        return Receipt(Outcome.SENT)
    outcome = Outcome.UNKNOWN if status >= 500 else Outcome.REFUSED
    if status in (404, 410):
        outcome = Outcome.WRONG_ADDRESS
    elif status in (401, 403, 429, 503):
        outcome = Outcome.AGAIN
    return Receipt(outcome, error=f"HTTP {status}")


def encrypt(
    plain: bytes, to: Subscription, salt: bytes | None = None, own: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """The message body for a subscription, in one record of aes128gcm (RFC 8188, RFC 8291).

    `salt` and `own` are for the RFC's example; otherwise they are new for each message. Raises ValueError for keys
    that are none.
    """
    salt, own = salt or os.urandom(16), own or ec.generate_private_key(CURVE)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.public)
    mine = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own.exchange(ec.ECDH(), theirs)
    key = _derived(shared, to.auth, b"WebPush: info\0" + to.public + mine, 32)
    content_key = _derived(key, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(key, salt, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(content_key).encrypt(nonce, plain + b"\x02", None)  # 2: the last record
    return salt + RECORD.to_bytes(4, "big") + bytes([len(mine)]) + mine + sealed


@cache
def _own_key() -> ec.EllipticCurvePrivateKey:
    """The key this house is known by to push services: derived from the master key, the same in every process."""
    return ec.derive_private_key(int.from_bytes(secrets.mac(["vapid"], "web-push")) % (ORDER - 1) + 1, CURVE)


def public_key() -> str:
    """What a browser must be given to subscribe (`applicationServerKey`)."""
    return _text(_own_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _token(endpoint: str, contact: str) -> str:
    """A VAPID token for the push service of an endpoint (RFC 8292, 2); good for twelve hours."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + DAY // 2, "sub": contact}
    pem = _own_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, ECKey.import_key(pem))


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _short(words: str) -> str:
    return unmarked(words).encode()[:LONGEST].decode(errors="ignore")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
