"""An edition's end: its ranking is frozen and signed, and the volunteers are thanked."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, insert, literal, select, text
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.credentials import actions as credentials
from asimati.credentials.writing import Claim
from asimati.kit import audit, clock, reminders
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering import entities, messages, policy, rankings, rules
from asimati.volunteering.models import (
    Dispute,
    Edition,
    EntityRankingRow,
    HoursClaim,
    HoursLine,
    RankingRow,
    Shift,
    SignUp,
    Snapshot,
)
from asimati.volunteering.refusals import EditionFrozen, EditionOpen, EditionRunning, HoursWaiting, Thanked
from asimati.volunteering.rules import ClaimStatus, DisputeStatus

KIND = "volunteering-ranking"
_PATIENCE = 300  # seconds: a year of a hundred thousand volunteers takes longer than a page may
MEDALS = 3  # places that are told apart in the thanks
_THANKED_WITHIN = timedelta(days=30)  # of being asked for; far less than reminders are remembered
_DESCRIPTION = {
    "ar": "ترتيب المتطوعين عند ختام الدورة. ما يُصحَّح بعده لا يغيّره، ويُذكر إلى جانبه.",
    "en": "The ranking of volunteers at the end of an edition. What is corrected later stands beside it.",
}
_CRITERIA = {
    "ar": "يطابق البصمة (SHA-256) ملف الترتيب الذي لدى المحافظة.",
    "en": "The digest (SHA-256) is that of the ranking's file, which the governorate keeps.",
}


def freeze(tx: Session, actor: Actor, code: str, *, despite: bool = False) -> Snapshot:
    """Let an edition's ranking stand, signed. `despite`: hours that still wait will be listed beside it.

    Raises EditionRunning, EditionFrozen, HoursWaiting. Lines being written now are waited for and counted; lines
    that come after know that they are late.
    """
    policy.require(actor, "close")
    tx.connection().execution_options(patience=_PATIENCE + 2)
    tx.execute(text(f"SET LOCAL statement_timeout = {_PATIENCE * 1000}"))
    edition = tx.get(Edition, code, with_for_update=True, populate_existing=True)
    if edition is None:
        raise NotFound
    if edition.frozen_at:
        raise EditionFrozen
    if clock.local_day(clock.now(tx)) <= edition.ends_on:
        raise EditionRunning(ends_on=edition.ends_on)
    if not despite:
        _require_none_waiting(tx, edition)
    made = _write_down(tx, actor, edition)
    edition.frozen_at = made.frozen_at
    audit.record(tx, actor, "volunteering.edition_frozen", ("edition", code), rows=made.rows)
    tx.flush()
    return made


def thank(tx: Session, actor: Actor, code: str) -> Snapshot:
    """Have everybody in a frozen ranking thanked. Raises EditionOpen, Thanked."""
    policy.require(actor, "close")
    rankings.edition_of(tx, code)
    found = tx.get(Snapshot, code, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise EditionOpen
    if found.thanks_at:
        raise Thanked
    found.thanks_at = clock.now(tx)
    audit.record(tx, actor, "volunteering.thanks_asked", ("edition", code), rows=found.rows)
    return found


def send_thanks(tx: Session) -> int:
    """Thank some of those who wait to be thanked, each once; how many."""
    asked = (
        select(RankingRow, Edition)
        .join(Snapshot, Snapshot.edition == RankingRow.edition)
        .join(Edition, Edition.code == RankingRow.edition)
        .join(Person, Person.id == RankingRow.person_id)
        .where(Snapshot.thanks_at > func.app_now() - _THANKED_WITHIN)
    )
    due = reminders.due_after(tx, "thanks", asked, thing=RankingRow.person_id, at=Snapshot.thanks_at)
    for row, edition in due:
        publish(tx, _thanks(row, edition))
    return len(due)


def _thanks(row: RankingRow, edition: Edition) -> messages.Thanked:
    kind = messages.Won if row.place <= MEDALS else messages.Thanked
    return kind(
        person=row.person_id,
        about={"type": "passport", "reference": edition.code},
        title=edition.title,
        hours=rules.hours(row.minutes),
        place=row.place,
        category=rankings.title_of(edition.categories, row.category),
    )


def _require_none_waiting(tx: Session, edition: Edition) -> None:
    zone = settings().governorate.time_zone
    first = datetime.combine(edition.starts_on, time(), zone)
    last = datetime.combine(edition.ends_on + timedelta(days=1), time(), zone)
    pending = (
        select(func.count())
        .select_from(HoursClaim)
        .join(SignUp, SignUp.id == HoursClaim.sign_up_id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .where(HoursClaim.status == ClaimStatus.PENDING, Shift.starts_at >= first, Shift.starts_at < last)
    )
    of_edition = select(HoursLine.id).where(
        HoursLine.claim_id == Dispute.claim_id, HoursLine.edition == edition.code
    )
    disputed = select(func.count()).where(Dispute.status == DisputeStatus.OPEN, of_edition.exists())
    claims, disputes = tx.scalars(pending).one(), tx.scalars(disputed).one()
    if claims or disputes:
        raise HoursWaiting(claims=claims, disputes=disputes)


def _write_entities_down(tx: Session, edition: Edition) -> int:
    """The places of entities; how many."""
    table, names = entities.standing(edition), ("category", "entity_id", "place", "minutes", "shifts")
    rows: Any = select(literal(edition.code), *(table.c[name] for name in names))
    tx.execute(insert(EntityRankingRow).from_select(["edition", *names], rows))
    return tx.scalars(select(func.count()).where(EntityRankingRow.edition == edition.code)).one()


def _write_down(tx: Session, actor: Actor, edition: Edition) -> Snapshot:
    table, now = rankings.standing(edition), clock.now(tx)
    names = ("category", "person_id", "place", "minutes", "shifts")
    rows: Any = select(literal(edition.code), *(table.c[name] for name in names))
    tx.execute(insert(RankingRow).from_select(["edition", *names], rows))
    number = tx.scalars(select(func.count()).where(RankingRow.edition == edition.code)).one()
    number += _write_entities_down(tx, edition)
    digest = rankings.digest(tx, edition.code)
    claim = Claim(
        kind=KIND,
        subject=f"ranking:{edition.code}",
        title=edition.title,
        description=_DESCRIPTION,
        criteria=_CRITERIA,
        facts={"edition": edition.code, "rows": number, "digest": f"sha256:{digest}"},
        brief=f"{edition.code[:30]} {digest[:32]}",
    )
    signed = credentials.issue(tx, actor, claim, None)
    made = Snapshot(
        edition=edition.code, frozen_at=now, frozen_by=actor.id, rows=number, digest=digest, credential_id=signed.id
    )
    tx.add(made)
    return made
