"""Deeds: what residents and staff do with cases."""

from asimati.service_requests.actions.residents import rate, reopen, withdraw, write
from asimati.service_requests.actions.reviewing import (
    ask,
    assign,
    claim,
    decline,
    note,
    refer,
    release,
    resolve,
    return_,
)
from asimati.service_requests.actions.submitting import intake, submit

__all__ = [
    "ask", "assign", "claim", "decline", "intake", "note", "rate", "refer", "release", "reopen", "resolve",
    "return_", "submit", "withdraw", "write",
]  # fmt: skip
