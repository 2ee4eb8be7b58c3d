"""The queues, by urgency: what stands in one never delays another if each has its own worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CODES = "codes"  # one-time codes: somebody is waiting at the door
URGENT = "urgent"  # notices that cannot wait: security, offers about to expire
NOTIFY = "notify"  # everything else that is told to one person
BULK = "bulk"  # what is told to many at once
EFFECTS = "effects"  # what one deed changes elsewhere in the house; short jobs
WEBHOOKS = "webhooks"  # calls to partners, who may be slow
FILES = "files"  # scanning and converting
REPORTS = "reports"  # long jobs


@dataclass(frozen=True)
class Limits:
    """Seconds after which a task is asked to stop, and is stopped."""

    soft: int = 45
    hard: int = 60


QUEUES: Mapping[str, Limits] = {
    CODES: Limits(25, 30),
    URGENT: Limits(),
    NOTIFY: Limits(),
    BULK: Limits(),
    EFFECTS: Limits(),
    WEBHOOKS: Limits(),
    FILES: Limits(120, 150),
    REPORTS: Limits(540, 600),
}
