"""Deeds: signing in and out, and what people say of themselves."""

from asimati.accounts.actions.authority import delegate, end_delegation, grant, revoke
from asimati.accounts.actions.codes import purge_codes, request_code, verify_code
from asimati.accounts.actions.people import drop_device, edit_profile, ensure_person, prefer, put_device
from asimati.accounts.actions.sessions import (
    end_other_sessions,
    end_session,
    end_sessions_of_staff,
    refresh,
    sign_out,
    start_session,
)
from asimati.accounts.actions.staff import create_staff, sign_in_staff

__all__ = [
    "create_staff", "delegate", "drop_device", "edit_profile", "end_delegation", "end_other_sessions",
    "end_session", "end_sessions_of_staff", "ensure_person", "grant", "prefer", "purge_codes", "put_device",
    "refresh", "request_code", "revoke", "sign_in_staff", "sign_out", "start_session", "verify_code",
]  # fmt: skip
