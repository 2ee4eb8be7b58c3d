"""Periodic work: what, how often, and in which queue. Beat only ticks; `kit.jobs` decides what a tick does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asimati.accounts.actions import lapse_asks, purge_challenges, purge_codes, purge_sign_ons
from asimati.appointments.actions import remind as remind_of_appointments
from asimati.dataprotection.actions import merge_again
from asimati.dataprotection.actions import purge as purge_retained
from asimati.dataprotection.actions import remind as remind_of_legal_clocks
from asimati.dataprotection.actions import resume as resume_erasures
from asimati.events.actions import lapse_offers, mark_no_shows, tell_of_partners
from asimati.events.actions import remind as remind_of_bookings
from asimati.files import actions as files
from asimati.http import limits, writes
from asimati.impact.actions import sweep
from asimati.impact.proving import reconcile
from asimati.kit import audit, jobs, outbox, reminders
from asimati.kit.db import Session, transaction
from asimati.notifications import broadcasts, digest, sending, webhooks
from asimati.notifications.channels import mailbox
from asimati.service_requests.actions.reminding import remind as remind_of_answers
from asimati.service_requests.actions.reminding import remind_entities
from asimati.service_requests.actions.timing import escalate
from asimati.service_requests.intake.drafts import forget as forget_drafts
from asimati.service_requests.intake.indexing import index_again
from asimati.settings import settings
from asimati.volunteering.actions.claiming import tell_of_missed_check_outs
from asimati.volunteering.actions.closing import send_thanks
from asimati.volunteering.actions.consenting import lapse_guardians
from asimati.volunteering.actions.reminding import remind as remind_of_shifts
from asimati.volunteering.actions.waitlist import lapse_offers as lapse_shift_offers
from workers.app import app
from workers.queues import EFFECTS, REPORTS

log = logging.getLogger(__name__)

TICK = 2.0  # seconds between two ticks
NIGHT = 2  # the governorate's hour at which nightly jobs begin


@dataclass(frozen=True)
class Job:
    """`deed` is called with a transaction; what it returns is logged if it is anything."""

    name: str
    every: timedelta
    deed: Callable[[Session], object]
    queue: str = EFFECTS
    nightly: bool = False

    @property
    def origin(self) -> datetime:
        """A moment at which a period began; a nightly one begins at night where the governorate is."""
        if not self.nightly:
            return jobs.ORIGIN
        return datetime(2000, 1, 1, NIGHT, tzinfo=settings().governorate.time_zone)

    @property
    def patience(self) -> float | None:
        """Seconds one statement may run, where that is longer than a request's."""
        return 500 if self.queue == REPORTS else 30


def purge_outbox(tx: Session) -> int:
    return outbox.purge(tx, settings().outbox.keep_days)


def purge_jobs(tx: Session) -> None:
    jobs.purge(tx, days=30)


def purge_reminders(tx: Session) -> None:
    reminders.purge(tx, days=400)


def verify_audit(tx: Session) -> None:
    """Whoever watches the log is told the morning after, and not at the next inspection."""
    report = audit.verify(tx)
    if not report["ok"]:
        log.critical("the audit trail is broken", extra=report["fault"])


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
JOBS: Sequence[Job] = (
    Job("audit.seal", timedelta(seconds=10), audit.seal),
    Job("audit.anchor", MINUTE, audit.anchor),
    Job("audit.verify", DAY, verify_audit, REPORTS, nightly=True),
    Job("notifications.broadcasts", timedelta(seconds=8), broadcasts.go_on),
    Job("notifications.digest", DAY, digest.gather, REPORTS, nightly=True),
    Job("notifications.purge_mailbox", DAY, mailbox.purge, REPORTS, nightly=True),
    Job("webhooks.wake", timedelta(seconds=10), webhooks.wake),
    Job("notifications.wake", timedelta(seconds=4), sending.wake),
    Job("events.lapse_offers", MINUTE, lapse_offers),
    Job("events.mark_no_shows", 10 * MINUTE, mark_no_shows),
    Job("events.tell_of_partners", 10 * MINUTE, tell_of_partners),
    Job("events.remind", MINUTE, remind_of_bookings),
    Job("appointments.remind", MINUTE, remind_of_appointments),
    Job("volunteering.lapse_offers", MINUTE, lapse_shift_offers),
    Job("volunteering.lapse_guardians", MINUTE, lapse_guardians),
    Job("volunteering.remind", MINUTE, remind_of_shifts),
    Job("volunteering.send_thanks", MINUTE, send_thanks),
    Job("volunteering.tell_of_missed_check_outs", 10 * MINUTE, tell_of_missed_check_outs),
    Job("service_requests.escalate", MINUTE, escalate),
    Job("service_requests.remind", 10 * MINUTE, remind_of_answers),
    Job("service_requests.remind_entities", 10 * MINUTE, remind_entities),
    Job("service_requests.forget_drafts", DAY, forget_drafts, REPORTS, nightly=True),
    Job("service_requests.index_again", MINUTE, index_again, REPORTS),
    Job("files.scan_again", 10 * MINUTE, files.scan_again),
    Job("files.sweep", DAY, files.sweep, REPORTS, nightly=True),
    Job("http.purge_idempotency_keys", HOUR, writes.purge),
    Job("http.purge_spending", HOUR, limits.purge),
    Job("accounts.purge_codes", HOUR, purge_codes),
    Job("accounts.purge_challenges", HOUR, purge_challenges),
    Job("dataprotection.merge_again", HOUR, merge_again),
    Job("dataprotection.remind", 10 * MINUTE, remind_of_legal_clocks),
    Job("accounts.lapse_asks", HOUR, lapse_asks),
    Job("accounts.purge_sign_ons", HOUR, purge_sign_ons),
    Job("kit.purge_outbox", DAY, purge_outbox, REPORTS, nightly=True),
    Job("kit.purge_reminders", DAY, purge_reminders, REPORTS, nightly=True),
    Job("kit.purge_jobs", DAY, purge_jobs, nightly=True),
    Job("dataprotection.purge", DAY, purge_retained, REPORTS, nightly=True),
    Job("dataprotection.resume_erasures", HOUR, resume_erasures, REPORTS),
    Job("impact.sweep", timedelta(seconds=4), sweep),
    Job("impact.reconcile", DAY, reconcile, REPORTS, nightly=True),
)


def run_due(queue: str, table: Sequence[Job] = JOBS) -> list[str]:
    """Do what is due in a queue, each job in its own transaction; the names of those done.

    A job that fails is logged and undone, the others run all the same; the next tick tries it again.
    """
    done = []
    for job in table:
        if job.queue != queue:
            continue
        try:
            with transaction(patience=job.patience) as tx:
                if not jobs.claim(tx, job.name, job.every, job.origin):
                    continue
                result = job.deed(tx)
        except Exception:
            log.exception("job failed", extra={"job": job.name})
            continue
        if result:
            log.info("job done", extra={"job": job.name, "result": repr(result)})
        done.append(job.name)
    return done


# A tick nobody took in time is dropped: with the workers away, ticks must not pile up.
app.conf.beat_schedule = {
    f"tick-{queue}": {
        "task": "schedule.tick",
        "schedule": TICK,
        "args": (queue,),
        "options": {"queue": queue, "expires": 5 * TICK},
    }
    for queue in sorted({job.queue for job in JOBS})
}
