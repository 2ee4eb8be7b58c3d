"""The audit trail: who did what to what, written in the deed's own transaction, chained and signed afterwards.

`record` and `opened` write lines; `seal` chains them by SHA-256 and signs the end of the chain (a checkpoint);
`anchor` copies checkpoints to a file beside the data; `verify` finds what was edited, removed, reordered, cut off.
"""

from asimati.kit.audit.anchors import anchor, anchored
from asimati.kit.audit.chain import AuditCheckpoint, AuditKey, seal, verify
from asimati.kit.audit.guard import guard
from asimati.kit.audit.lines import SUBJECTS, AuditLine, as_row, opened, record

__all__ = [
    "SUBJECTS",
    "AuditCheckpoint",
    "AuditKey",
    "AuditLine",
    "anchor",
    "anchored",
    "as_row",
    "guard",
    "opened",
    "record",
    "seal",
    "verify",
]
