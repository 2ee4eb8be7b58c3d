"""Reporting without a name, and answering without knowing whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.integrity import policy, vault
from asimati.integrity.models import IntegrityMessage, IntegrityReport
from asimati.integrity.rules import By, Category, Outcome, Status
from asimati.kit import audit, clock
from asimati.kit.errors import Conflict, NotFound
from asimati.kit.ids import new_id, new_reference
from asimati.kit.policy import ANONYMOUS, Actor
from asimati.kit.words import _


class ReportClosed(Conflict):
    slug = "report-closed"
    title = _("This report is closed")
    detail = _("Make a new one if there is more to say.")


def report(tx: Session, category: Category, words: str, code: str) -> IntegrityReport:
    """Keep a report under a return code; the same code again makes no second one.

    The trail says that a report came, and nothing of whoever sent it, whether they were signed in or not.
    """
    row = {"id": new_id(), "reference": new_reference("IR"), "category": category, "code_index": vault.index(code)}
    made = tx.scalar(insert(IntegrityReport).values(**row).on_conflict_do_nothing().returning(IntegrityReport.id))
    if made is not None:
        _write(tx, made, By.REPORTER, words)
        audit.record(tx, ANONYMOUS, "integrity.reported", ("integrity_report", row["reference"]), category=category)
    return followed(tx, code)


def followed(tx: Session, code: str) -> IntegrityReport:
    """The report of a return code. Raises NotFound."""
    index = vault.index(code)
    known = IntegrityReport.code_index.in_([index, *vault.former_indexes(code)])
    found = tx.scalar(select(IntegrityReport).where(known))
    if found is None:
        raise NotFound
    found.code_index = index  # from now on no key is needed to find it
    return found


def add(tx: Session, code: str, words: str) -> IntegrityReport:
    """Say more about one's report. Raises NotFound, ReportClosed."""
    found = _open(followed(tx, code))
    _write(tx, found.id, By.REPORTER, words)
    audit.record(tx, ANONYMOUS, "integrity.added", ("integrity_report", found.reference))
    return found


def answer(tx: Session, actor: Actor, reference: str, words: str) -> IntegrityReport:
    """Write to whoever has the code; what was just said is not said twice. Raises NotFound, ReportClosed."""
    found = _open(_locked(tx, actor, reference))
    if _is_last(tx, found, words):
        return found
    found.status = Status.STUDIED
    _write(tx, found.id, By.OFFICER, words)
    audit.record(tx, actor, "integrity.answered", ("integrity_report", reference))
    tx.flush()
    return found


def close(tx: Session, actor: Actor, reference: str, outcome: Outcome, words: str) -> IntegrityReport:
    """End a report with what came of it. A repeat changes nothing. Raises NotFound, ReportClosed."""
    found = _locked(tx, actor, reference)
    if found.outcome is outcome and _is_last(tx, found, words):
        return found
    found = answer(tx, actor, reference, words)
    found.status, found.outcome, found.closed_at = Status.CLOSED, outcome, clock.now(tx)
    audit.record(tx, actor, "integrity.closed", ("integrity_report", reference), outcome=outcome)
    tx.flush()
    return found


def messages(tx: Session, found: IntegrityReport) -> list[dict[str, Any]]:
    """What the two wrote to each other, in order."""
    written = select(IntegrityMessage).where(IntegrityMessage.report_id == found.id).order_by(IntegrityMessage.id)
    return [{"by": one.by, "at": one.at, "text": vault.unseal(one.words)} for one in tx.scalars(written)]


def _is_last(tx: Session, found: IntegrityReport, words: str) -> bool:
    """Whether this is what the officer said last: no answer is kept for a repeat, as it would hold the report."""
    last = messages(tx, found)[-1]
    return last["by"] is By.OFFICER and last["text"] == words


def _write(tx: Session, report_id: UUID, by: By, words: str) -> None:
    tx.add(IntegrityMessage(report_id=report_id, by=by, words=vault.seal(words)))
    tx.flush()


def _locked(tx: Session, actor: Actor, reference: str) -> IntegrityReport:
    policy.require(actor, "read")
    found = tx.scalar(select(IntegrityReport).where(IntegrityReport.reference == reference).with_for_update())
    if found is None:
        raise NotFound
    return found


def _open(found: IntegrityReport) -> IntegrityReport:
    if found.status is Status.CLOSED:
        raise ReportClosed
    return found
