"""Deeds: signing in and out, and what people say of themselves."""

from asimati.accounts.actions.authenticators import (
    confirm_authenticator,
    drop_authenticator,
    renew_recovery_codes,
    set_up_authenticator,
)
from asimati.accounts.actions.authority import delegate, end_delegation, grant, revoke
from asimati.accounts.actions.awaited import await_code, code_arrived
from asimati.accounts.actions.clearing import clear, end_clearance
from asimati.accounts.actions.codes import purge_codes, request_code, verify_code
from asimati.accounts.actions.consents import asked, consent, withdraw_all, withdraw_consent
from asimati.accounts.actions.household import (
    add_to_household,
    agree,
    ask_guardian,
    decline,
    edit_member,
    end_membership,
    invite,
    judge_guardian,
    lapse_asks,
    leave_households,
)
from asimati.accounts.actions.passkeys import (
    drop_passkey,
    make_passkey,
    passkey_to_make,
    passkey_to_show,
    purge_challenges,
    sign_in_with_passkey,
)
from asimati.accounts.actions.people import (
    drop_device,
    edit_profile,
    ensure_person,
    leave_out,
    prefer,
    put_device,
    rectify,
)
from asimati.accounts.actions.sessions import (
    end_all_sessions,
    end_other_sessions,
    end_session,
    end_sessions_of_person,
    end_sessions_of_staff,
    refresh,
    sign_out,
    start_session,
)
from asimati.accounts.actions.signing_on import fetch_tokens, keep_identity, note_refusal, purge_sign_ons
from asimati.accounts.actions.staff import (
    add_member,
    change_password,
    close_member,
    create_staff,
    identify_member,
    is_password,
    reset_factors,
    reset_password,
    sign_in_staff,
)
from asimati.accounts.actions.telephone import add_phone

__all__ = [
    "add_member", "add_phone", "add_to_household", "agree", "ask_guardian", "asked", "await_code",
    "change_password", "clear", "close_member", "code_arrived", "confirm_authenticator", "consent",
    "create_staff", "decline", "delegate", "drop_authenticator", "drop_device", "drop_passkey", "edit_member",
    "edit_profile", "end_all_sessions", "end_clearance", "end_delegation", "end_membership",
    "end_other_sessions", "end_session", "end_sessions_of_person", "end_sessions_of_staff", "ensure_person",
    "fetch_tokens", "grant", "identify_member", "invite", "is_password", "judge_guardian", "keep_identity",
    "lapse_asks", "leave_households", "leave_out", "make_passkey", "note_refusal", "passkey_to_make",
    "passkey_to_show", "prefer", "purge_challenges", "purge_codes", "purge_sign_ons", "put_device", "rectify",
    "refresh", "renew_recovery_codes", "request_code", "reset_factors", "reset_password", "revoke",
    "set_up_authenticator", "sign_in_staff", "sign_in_with_passkey", "sign_out", "start_session", "verify_code",
    "withdraw_all", "withdraw_consent",
]  # fmt: skip
