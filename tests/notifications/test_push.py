"""Push: the RFC's own example, a small push service that opens what it gets, and FCM with its token server."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from asimati.kit import outside
from asimati.notifications.channels import Letter, Outcome, configured, webpush
from asimati.notifications.channels.webpush import Subscription, encrypt
from asimati.settings import settings

LETTER = Letter("0192aaaa-0000-7000-8000-000000000001", "token-1", "عنوان", "نص الرسالة", "ar", platform="android")

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_the_example_of_rfc_8291_comes_out_as_printed() -> None:
    """RFC 8291, Appendix A."""
    own = ec.derive_private_key(int.from_bytes(raw("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), ec.SECP256R1())
    to = Subscription(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        raw("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        raw("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    body = encrypt(b"When I grow up, I want to be a watermelon", to, raw("DGv6ra1nlYgDCS1FRnbzlw"), own)
    assert text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
        "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


class Services(BaseHTTPRequestHandler):
    """A push service, FCM and its token server at one address; all calls are kept."""

    status = 201
    body: Any = {}
    calls: list[tuple[str, dict[str, str], bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        token = self.path == "/token"
        self.send_response(200 if token else self.status)
        self.send_header("Location", "http://127.0.0.1:1/inside")
        answer = json.dumps({"access_token": "at-1", "expires_in": 3600} if token else self.body).encode()
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Services]]]:
    Services.status, Services.body, Services.calls = 201, {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Services)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setitem(settings().values["testing"], "without", ["public_addresses"])
    yield f"http://127.0.0.1:{server.server_port}", Services
    server.shutdown()


class Browser:
    """A subscriber who opens messages by the RFC's receiving side, written here a second time."""

    def __init__(self, endpoint: str) -> None:
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
        self.public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": text(self.public), "auth": text(self.auth)}
        self.token = json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": keys})

    def opened(self, body: bytes) -> Any:
        salt, sender, sealed = body[:16], body[21 : 21 + body[20]], body[21 + body[20] :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))

        def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
            return HKDF(hashes.SHA256(), length, salt, info).derive(secret)

        key = derived(shared, self.auth, b"WebPush: info\0" + self.public + sender, 32)
        opener = AESGCM(derived(key, salt, b"Content-Encoding: aes128gcm\0", 16))
        plain = opener.decrypt(derived(key, salt, b"Content-Encoding: nonce\0", 12), sealed, None)
        assert plain.endswith(b"\x02")
        return json.loads(plain[:-1])


def test_a_browser_opens_what_was_pushed_and_the_service_knows_who_pushed(
    services: tuple[str, type[Services]], client: FlaskClient
) -> None:
    at, seen = services
    browser = Browser(f"{at}/push/1")
    receipt = webpush.send("mailto:it@asimati.example", replace(LETTER, to=browser.token))
    assert receipt.outcome is Outcome.SENT
    _path, headers, body = seen.calls[0]
    assert browser.opened(body) == {"title": "عنوان", "text": "نص الرسالة", "reference": LETTER.reference}
    assert "نص".encode() not in body
    assert (headers["content-encoding"], headers["ttl"]) == ("aes128gcm", "86400")
    assert len(headers["topic"]) == 32
    token, key = (part.partition("=")[2] for part in headers["authorization"].removeprefix("vapid ").split(", "))
    assert key == client.get("/api/v1/push-key").json["public_key"]
    jwk = {"kty": "EC", "crv": "P-256", "x": text(raw(key)[1:33]), "y": text(raw(key)[33:])}
    claims = jwt.decode(token, ECKey.import_key(jwk), algorithms=["ES256"]).claims
    assert (claims["aud"], claims["sub"]) == (at, "mailto:it@asimati.example")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(404, "wrong_address"), (410, "wrong_address"), (413, "refused"), (429, "again"), (500, "unknown"),
     (302, "refused")],
)  # fmt: skip
def test_what_a_push_service_says(services: tuple[str, type[Services]], status: int, outcome: str) -> None:
    at, seen = services
    seen.status = status
    assert webpush.send("mailto:a@b.example", replace(LETTER, to=Browser(at).token)).outcome == outcome
    assert len(seen.calls) == 1  # a redirect was not followed


@pytest.mark.parametrize(
    "token",
    ["", "[]", "{}", "no json", '{"endpoint": "https://a.example", "keys": {"p256dh": "AA", "auth": "AA"}}'],
)
def test_what_is_no_subscription_is_a_wrong_address(token: str) -> None:
    assert webpush.send("mailto:a@b.example", replace(LETTER, to=token)).outcome is Outcome.WRONG_ADDRESS


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://example.org:8443/", "https://u:p@example.org/", "ftp://example.org",
     "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.8/", "https://169.254.169.254/latest",
     "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[::7f00:1]/",
     "https://[64:ff9b:1::a00:1]/", "https://[::ffff:0:a00:1]/", "https://[fec0::1]/", "https://localhost/", "https://0.0.0.0/",
     "https://[fe80::1]/", "https://224.0.0.1/", "https://2130706433/"],
)  # fmt: skip
def test_nothing_leads_inside(url: str) -> None:
    with pytest.raises(outside.NotAllowed):
        outside.post(url, b"", {}, timeout=1)


def test_a_name_is_checked_where_the_connection_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers with a public address first and with a private one at the next look gains nothing."""
    looks: list[str] = []

    def changing(host: str, port: int, **_: Any) -> Any:
        looks.append(host)
        return [(2, 1, 6, "", ("93.184.216.34" if len(looks) == 1 else "127.0.0.1", port))]

    connected: list[str] = []

    def connect(self: Any, host: str, *_: Any, **__: Any) -> Any:
        connected.append(host)
        raise outside.NotReached("as if nobody were there")

    monkeypatch.setattr(outside.socket, "getaddrinfo", changing)
    monkeypatch.setattr(outside.httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(outside.NotReached):
        outside.post("https://rebinding.example/", b"", {}, timeout=1)
    assert (looks, connected) == (["rebinding.example"], ["93.184.216.34"])
    with pytest.raises(outside.NotAllowed):
        outside.post("https://rebinding.example/", b"", {}, timeout=1)


@pytest.fixture
def fcm(services: tuple[str, type[Services]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    at, _ = services
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    account = {
        "type": "service_account", "project_id": "asimati-test", "private_key": pem, "private_key_id": "k1",
        "client_email": "house@asimati-test.example", "token_uri": f"{at}/token", "client_id": "1",
    }  # fmt: skip
    (tmp_path / "account.json").write_text(json.dumps(account))
    file = tmp_path / "providers.toml"
    file.write_text(
        f'[[provider]]\nname = "fcm"\nchannel = "push"\nkind = "fcm"\nurl = "{at}"\n'
        f'account = "{tmp_path}/account.json"\n[[provider]]\nname = "web"\nchannel = "push"\nkind = "webpush"\n'
    )
    monkeypatch.setattr(settings().providers, "file", str(file))
    made, _web = configured.providers("push")
    return made, key


def test_fcm_is_called_with_a_token_from_the_accounts_own_server(fcm: Any, services: Any) -> None:
    provider, key = fcm
    _at, seen = services
    seen.status, seen.body = 200, {"name": "projects/asimati-test/messages/77"}
    for _ in range(2):
        receipt = provider.carry(LETTER)
        assert (receipt.outcome, receipt.reference) == (Outcome.SENT, "projects/asimati-test/messages/77")
    token, first, _second = seen.calls  # one token serves both
    assertion = parse_qs(token[2].decode())["assertion"][0]
    claims = jwt.decode(assertion, RSAKey.import_key(key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)), algorithms=["RS256"]).claims  # fmt: skip
    assert (claims["iss"], claims["scope"]) == ("house@asimati-test.example", SCOPE)
    assert first[0] == "/v1/projects/asimati-test/messages:send"
    assert first[1]["authorization"] == "Bearer at-1"
    message = json.loads(first[2])["message"]
    assert (message["token"], message["notification"]["title"]) == ("token-1", "عنوان")
    assert message["android"]["collapse_key"] == LETTER.reference


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [(404, "UNREGISTERED", "wrong_address"), (403, "SENDER_ID_MISMATCH", "wrong_address"),
     (400, "INVALID_ARGUMENT", "refused"), (429, "QUOTA_EXCEEDED", "again"), (503, "UNAVAILABLE", "again"),
     (500, "INTERNAL", "unknown"), (401, "", "again")],
)  # fmt: skip
def test_what_fcm_says(fcm: Any, services: Any, status: int, code: str, outcome: str) -> None:
    provider, _key = fcm
    _at, seen = services
    seen.status, seen.body = status, {"error": {"status": "X", "details": [{"errorCode": code}]}}
    assert provider.carry(LETTER).outcome == outcome


def test_fcm_serves_phones_and_web_push_browsers(fcm: Any) -> None:
    phones, browsers = configured.providers("push")
    assert (phones.serves(LETTER), browsers.serves(LETTER)) == (True, False)
    assert (phones.serves(replace(LETTER, platform="web")), browsers.serves(replace(LETTER, platform="web"))) == (
        False, True,
    )  # fmt: skip
