"""Deeds of the desk."""

from asimati.dataprotection.actions.asking import ask, cancel, carry_out, claim, passed_on, refuse, unblock
from asimati.dataprotection.actions.erasing import erase, erase_again, plan, resume
from asimati.dataprotection.actions.merging import approve_merge, merge_again, merge_plan, propose, refuse_merge
from asimati.dataprotection.actions.purging import due, purge
from asimati.dataprotection.actions.reminding import remind
from asimati.dataprotection.actions.unmasking import unmask

__all__ = [
    "approve_merge", "ask", "cancel", "carry_out", "claim", "due", "erase", "erase_again", "merge_again",
    "merge_plan", "passed_on", "plan", "propose", "purge", "refuse", "refuse_merge", "remind", "resume",
    "unblock", "unmask",
]  # fmt: skip
