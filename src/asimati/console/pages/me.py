"""One's own sign-in: the second factor, the password, where one is signed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g, jsonify, request
from markupsafe import Markup

from asimati.console import session
from asimati.console.asking import ask, listed, need
from asimati.console.forms import form_of, secret_of
from asimati.console.frame import act, back, blp, page
from asimati.kit.words import _


@blp.get("/me")
def me() -> Any:
    """What one signs in with, and where one is signed in."""
    return _shown()


@blp.post("/me/authenticator")
def begin_authenticator() -> Any:
    """Show the secret to scan; it counts after the app's first code."""
    answer = ask("POST", "/staff/me/authenticator", key=request.form.get("key"))
    if not answer.ok:
        return _shown(refused=answer), answer.status
    return _shown(begun={**answer.body, "qr": Markup(answer.body["qr"])})  # noqa: S704 - made by our own API


@blp.post("/me/authenticator/confirm")
def confirm_authenticator() -> Any:
    """The app's first code; the recovery codes are shown this once."""
    answer = ask("POST", "/staff/me/authenticator/confirm", payload=form_of("code"))
    if not answer.ok:
        return _shown(refused=answer, confirming=True), answer.status
    return _shown(codes=answer.body["recovery_codes"])


@blp.post("/me/authenticator/drop")
def drop_authenticator() -> Any:
    """Do without the app."""
    act("DELETE", "/staff/me/authenticator", done=_("The app is asked for no more."))
    return back("me")


@blp.post("/me/recovery-codes")
def renew_recovery_codes() -> Any:
    """New recovery codes, shown this once."""
    answer = ask("POST", "/staff/me/recovery-codes", key=request.form.get("key"))
    return _shown(codes=answer.body["recovery_codes"]) if answer.ok else (_shown(refused=answer), answer.status)


@blp.post("/me/passkeys/options")
def passkey_options() -> Any:
    """What this browser needs to make a passkey."""
    answer = ask("POST", "/staff/me/passkeys/options")
    return jsonify(answer.body), answer.status


@blp.post("/me/passkeys")
def make_passkey() -> Any:
    """Keep the passkey this browser made."""
    answer = ask("POST", "/staff/me/passkeys", payload=request.get_json())
    return jsonify(answer.body), answer.status


@blp.post("/me/passkeys/<uuid:passkey_id>/drop")
def drop_passkey(passkey_id: UUID) -> Any:
    """Forget a passkey."""
    act("DELETE", f"/staff/me/passkeys/{passkey_id}", done=_("Forgotten."))
    return back("me")


@blp.post("/me/password")
def change_password() -> Any:
    """Choose another password."""
    answer = ask("POST", "/staff/me/password", payload=secret_of("current", "chosen"))
    if not answer.ok:
        return _shown(refused=answer), answer.status
    return _shown(told=_("The password is changed; your other sign-ins have ended."))


@blp.post("/me/sessions/<uuid:session_id>/end")
def end_session(session_id: UUID) -> Any:
    """End one of one's own sign-ins."""
    act("DELETE", f"/auth/sessions/{session_id}", done=_("Signed out there."))
    return back("me")


@blp.post("/sign-in/passkey/options")
def passkey_sign_in_options() -> Any:
    """What this browser needs to sign somebody in with a passkey."""
    answer = ask("POST", "/auth/staff/passkey/options")
    return jsonify(answer.body), answer.status


@blp.post("/sign-in/passkey")
def passkey_sign_in() -> Any:
    """Sign in with what a passkey signed."""
    answer = ask("POST", "/auth/staff/passkey", payload=request.get_json())
    if answer.ok:
        session.begin(answer)
        return jsonify({})
    return jsonify({"problem": answer.problem}), answer.status


def _shown(**facts: Any) -> str:
    return page(
        "me.html",
        title=_("My sign-in"),
        **{"refused": None, "begun": None, "codes": None, "confirming": False, "told": None, **facts},
        me=need("/staff/me"),
        factors=need("/staff/me/factors"),
        sessions=listed("/auth/sessions", limit=20),
        own=g.staff,
    )
