"""Deeds: what residents and staff do with cases."""

from asimati.service_requests.actions.answering import approve, decline, decline_reasons, merge, resolve
from asimati.service_requests.actions.residents import appeal, rate, reopen, withdraw, write
from asimati.service_requests.actions.reviewing import (
    ask,
    assign,
    claim,
    declare_interest,
    hand_over,
    note,
    refer,
    release,
    return_,
)
from asimati.service_requests.actions.submitting import intake, submit

__all__ = [
    "appeal", "approve", "ask", "assign", "claim", "declare_interest", "decline", "decline_reasons", "hand_over",
    "intake", "merge", "note", "rate", "refer", "release", "reopen", "resolve", "return_", "submit", "withdraw",
    "write",
]  # fmt: skip
