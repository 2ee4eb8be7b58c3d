"""Deeds of the desk."""

from asimati.dataprotection.actions.asking import ask, cancel, carry_out, claim, passed_on, refuse, unblock
from asimati.dataprotection.actions.erasing import erase, erase_again, plan, resume
from asimati.dataprotection.actions.purging import due, purge
from asimati.dataprotection.actions.unmasking import unmask

__all__ = [
    "ask", "cancel", "carry_out", "claim", "due", "erase", "erase_again", "passed_on", "plan", "purge", "refuse",
    "resume", "unblock", "unmask",
]  # fmt: skip
