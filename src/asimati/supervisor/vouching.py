"""`python -m asimati.supervisor.vouching <port>`: a provider to try sign-on with. It asks for no password.

It runs beside a house in the development profile alone (`sign_on.local`), listens on this machine alone, and knows
the people below; whoever types another name comes without a personal number and is refused.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

PEOPLE: dict[str, dict[str, Any]] = {
    "maryam": {
        "acr": "high", "cpr": "910301045", "name": "Maryam", "name_ar": "مريم", "birthdate": "1991-03-01",
        "gender": "female",
    },
    "ali": {"acr": "substantial", "cpr": "880102033", "name": "Ali", "name_ar": "علي", "gender": "male"},
    **{
        f"{name}@asimati.example": {
            "email": f"{name}@asimati.example", "email_verified": True, "amr": ["pwd", "mfa"],
        }
        for name in ("reviewer", "supervisor", "coordinator", "auditor", "privacy", "integrity", "admin")
    },
}  # fmt: skip


class _Quiet(WSGIRequestHandler):
    """Says nothing of single requests: their addresses hold codes."""

    def log(self, *_said: Any, **_more: Any) -> None:
        pass


def provider() -> Any:
    """The WSGI application. Its library does not say when people showed who they are; ours always did just now."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    library: Any = importlib.import_module("oidc_provider_mock")
    stored: Any = importlib.import_module("oidc_provider_mock._storage")
    stored.AuthorizationCode.get_auth_time = lambda _code: int(time.time())
    people = [library.User(sub=name, claims=dict(claims)) for name, claims in PEOPLE.items()]
    made = library.app(user_claims=people)
    made.debug = False
    return made


def server(port: int) -> Any:
    """The provider, ready to serve on this machine alone."""
    return make_server("localhost", port, provider(), threaded=True, request_handler=_Quiet)


if __name__ == "__main__":
    server(int(sys.argv[1])).serve_forever()
