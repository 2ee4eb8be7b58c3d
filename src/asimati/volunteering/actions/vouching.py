"""The passport's credential follows its ledger: renewed when hours are added, ended when hours are taken back."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.accounts.queries import name_of
from asimati.credentials import actions as credentials
from asimati.credentials.writing import Claim
from asimati.kit.policy import Actor
from asimati.settings import settings
from asimati.volunteering import passport_queries as queries
from asimati.volunteering.models import Edition, HoursLine

_DESCRIPTION = {
    "ar": "ساعات تطوع معتمدة من محافظة العاصمة وموزعة على أهداف التنمية المستدامة.",
    "en": "Volunteering hours accredited by the governorate, by Sustainable Development Goal.",
}
_CRITERIA = {
    "ar": "تُحتسب الساعات التي أدّاها المتطوع فعلاً، بعد اعتمادها من شخص ثانٍ.",
    "en": "Hours that were served, each approved by a second person.",
}
TAKEN_BACK = "superseded"  # the public reason of a passport that said more hours than were due


def vouch(tx: Session, actor: Actor, person: UUID, edition_code: str | None) -> None:
    """Sign what a passport says now. Two approvals at once follow each other under the person's row."""
    if edition_code is None:
        return
    _hold(tx, person)
    edition = tx.get_one(Edition, edition_code)
    said = queries.said_of(tx, person, edition)
    claim = Claim(
        kind=queries.PASSPORT,
        subject=queries.passport_subject(person, edition_code),
        title=edition.title,
        description=_DESCRIPTION,
        criteria=_CRITERIA,
        facts=said,
        brief=f"{edition_code[:40]} {said['hours']} h",
    )
    name = name_of(tx, person)
    credentials.issue(tx, actor, claim, person, holder=name["en"] or name["ar"])


def take_back(tx: Session, actor: Actor, person: UUID, edition_code: str | None) -> None:
    """End the credential that said more than is due, and sign anew what remains."""
    if edition_code is None:
        return
    _hold(tx, person)
    if issued := credentials.living(tx, queries.PASSPORT, queries.passport_subject(person, edition_code)):
        credentials.end(tx, actor, issued.id, TAKEN_BACK)
    if float(queries.said_of(tx, person, tx.get_one(Edition, edition_code))["hours"]) > 0:
        vouch(tx, actor, person, edition_code)


def end_second_passports(tx: Session, actor: Actor, kept: UUID, other: UUID) -> None:
    """Two accounts become one: the passports of the other say less than is true from now on."""
    for edition in _editions_of(tx, other):
        if issued := credentials.living(tx, queries.PASSPORT, queries.passport_subject(other, edition)):
            credentials.end(tx, actor, issued.id, TAKEN_BACK)


def vouch_again(tx: Session, actor: Actor, person: UUID) -> None:
    """Sign what the passports of somebody say now."""
    for edition in _editions_of(tx, person):
        take_back(tx, actor, person, edition)


def _editions_of(tx: Session, person: UUID) -> list[str]:
    served = select(HoursLine.edition).where(HoursLine.person_id == person, HoursLine.edition.is_not(None))
    return [one for one in tx.scalars(served.distinct().order_by(HoursLine.edition)) if one is not None]


def _hold(tx: Session, person: UUID) -> None:
    if not settings().without("passport_lock"):
        tx.execute(select(Person.id).where(Person.id == person).with_for_update(key_share=True))
