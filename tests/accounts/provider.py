"""An OpenID provider that does as it is told: honest unless a test makes it lie, over real HTTP.

It checks what a provider must (redirect address, client and its secret, PKCE, each code once), so that a client
that forgets one of them fails here too.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT, SECRET = "asimati", "between us and nobody else"


@dataclass
class HostileProvider:
    """`people`: claims by subject. `lie` changes a token's claims, `sign` how it is signed, `documents` what is
    answered at a path instead of the truth."""

    issuer: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    lie: Callable[[dict[str, Any]], dict[str, Any]] = dict
    sign: Callable[[dict[str, Any]], str] | None = None
    documents: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    wait: threading.Event | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def rotate(self, name: str) -> None:
        """Sign with another key from now on, and publish it alone."""
        self.keys = {name: RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, auto_kid=False)}

    def approve(self, subject: str, address: str) -> str:
        """Somebody says yes on the provider's page: where their browser is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked | {"sub": subject}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        request = Request(environ)
        self.asked.append(f"{request.method} {request.path}")
        if self.wait is not None:
            self.wait.wait(5)
        return self._answer(request)(environ, start)

    def _answer(self, request: Request) -> Response:
        if request.path in self.documents:
            said = self.documents[request.path]
            return said if isinstance(said, Response) else _json(said)
        match request.path:
            case "/.well-known/openid-configuration":
                return _json(self.discovery())
            case "/keys":
                public = [key.as_dict(private=False) for key in self.keys.values()]
                return _json({"keys": [{"kty": "new", "kid": "of a kind nobody knows yet"}, *public]})
            case "/token":
                return self._token(request)
            case "/userinfo":
                return self._userinfo(request)
        return Response(status=404)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }

    def _token(self, request: Request) -> Response:
        form, asked = request.form, self.codes.pop(request.form.get("code", ""), None)
        given = request.authorization
        known = given is not None and (given.username, given.password) == (CLIENT, quote(SECRET))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        right = (
            asked is not None
            and known
            and challenge == asked["code_challenge"]
            and form["redirect_uri"] == asked["redirect_uri"]
            and form["grant_type"] == "authorization_code"
        )
        if not right or asked is None:
            return _json({"error": "invalid_grant"}, 400)
        return _json(
            {"access_token": f"for {asked['sub']}", "token_type": "Bearer", "id_token": self._id_token(asked)}
        )

    def _id_token(self, asked: Mapping[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": asked["sub"], "aud": CLIENT, "iat": now, "exp": now + 300, "auth_time": now,
            "nonce": asked["nonce"], **self.people.get(asked["sub"], {}),
        }  # fmt: skip
        claims = self.lie(claims)
        if self.sign is not None:
            return self.sign(claims)
        kid, key = next(iter(self.keys.items()))
        return signed(claims, key, kid)

    def _userinfo(self, request: Request) -> Response:
        subject = request.headers.get("Authorization", "").removeprefix("Bearer for ")
        return _json({"sub": subject, **self.people.get(f"info of {subject}", {})})


def signed(claims: Mapping[str, Any], key: RSAKey | ECKey | OctKey, kid: str | None, alg: str = "RS256") -> str:
    """A token under a key and an algorithm of one's choice."""
    header = {"alg": alg} | ({"kid": kid} if kid else {})
    registry = jws.JWSRegistry(algorithms=[alg])
    return jwt.encode(header, dict(claims), key, registry=registry)


def unsigned(claims: Mapping[str, Any]) -> str:
    """A token that says it needs no signature."""
    parts = [json.dumps({"alg": "none"}), json.dumps(dict(claims))]
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts) + "."


@contextmanager
def running() -> Iterator[HostileProvider]:
    """A provider on a port of its own, until the block ends."""
    provider = HostileProvider()
    provider.rotate("first")
    server = make_server("localhost", 0, provider, threaded=True)
    provider.issuer = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, mimetype="application/json")
