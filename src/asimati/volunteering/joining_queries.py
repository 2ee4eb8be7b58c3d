"""Questions about what is asked of volunteers before they serve, and about a guardian's consents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.accounts import household
from asimati.accounts.models import HouseholdMember, Person
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.volunteering import rules
from asimati.volunteering.actions.readiness import Readiness, missing, readiness, terms_of
from asimati.volunteering.joining_rules import ConsentStatus, OrientationRule, is_under
from asimati.volunteering.models import (
    Charter,
    Edition,
    Enrolment,
    GuardianConsent,
    Opportunity,
    Shift,
    SignUp,
)
from asimati.volunteering.queries import edition_on
from asimati.volunteering.refusals import GuardianNeeded

_LIVE = SignUp.status.in_([str(one) for one in rules.LIVE])


def charter(tx: Session) -> dict[str, Any]:
    """The charter as it reads now. Raises NotFound where there is none."""
    found = tx.scalar(select(Charter).order_by(Charter.version.desc()).limit(1))
    if found is None:
        raise NotFound
    return {"version": found.version, "title": found.title, "text": found.text}


def standing(tx: Session, person: UUID) -> dict[str, Any]:
    """What of all that is asked somebody has done, for the edition of today."""
    today = clock.local_day(clock.now(tx))
    edition = edition_on(tx, today)
    known = readiness(tx, person, edition)
    told: dict[str, Any] = {
        "edition": edition.code if edition else None,
        "charter": {"version": known.charter, "accepted": known.accepted} if known.charter is not None else None,
        **dict.fromkeys(("orientation", "enrolment", "guardian")),
    }
    if edition is not None:
        told |= {
            "orientation": {"required": edition.orientation, "attended": known.oriented},
            "enrolment": {"required": edition.enrolment, "category": _category(tx, person, edition.code)},
        }
        if is_under(known.born, today, edition.guardian_below):
            told["guardian"] = _guardian(tx, person, edition)
    return told | {"missing": list(_missing(known, edition, told))}


def _missing(known: Readiness, edition: Edition | None, told: dict[str, Any]) -> Iterable[str]:
    terms = terms_of(edition, 0, OrientationRule.AS_EDITION)
    yield from (refusal.slug for refusal in missing(known, terms))
    if told["guardian"] is not None and not told["guardian"]["guardians"]:
        yield GuardianNeeded.slug


def _category(tx: Session, person: UUID, edition: str) -> str | None:
    return tx.scalar(select(Enrolment.category).where(Enrolment.person_id == person, Enrolment.edition == edition))


def _guardian(tx: Session, person: UUID, edition: Edition) -> dict[str, Any]:
    newest = select(GuardianConsent.status).where(
        GuardianConsent.person_id == person, GuardianConsent.edition == edition.code
    )
    return {
        "below": edition.guardian_below,
        "guardians": len(household.guardians_of(tx, person)),
        "status": tx.scalar(newest.order_by(GuardianConsent.asked_at.desc(), GuardianConsent.id.desc()).limit(1)),
    }


def consents(tx: Session, actor: Actor, page: PageArgs) -> Page:
    """Consents asked of a guardian, newest first: of everybody whose guardian they are today."""
    tied = select(HouseholdMember.person_id).where(
        HouseholdMember.holder_id == actor.person, HouseholdMember.person_id.is_not(None), household.OPEN
    )
    wards = [one for one in tx.scalars(tied) if one and household.is_guardian_of(tx, actor.person, one)]
    statement = select(GuardianConsent).where(GuardianConsent.person_id.in_(wards))
    found = paginate(tx, statement, [GuardianConsent.asked_at.desc(), GuardianConsent.id.desc()], page)
    return Page(_shown(tx, found.items), found.next)


def consent(tx: Session, found: GuardianConsent) -> dict[str, Any]:
    """One consent as its guardian reads it."""
    return _shown(tx, [found])[0]


def _shown(tx: Session, rows: list[GuardianConsent]) -> list[dict[str, Any]]:
    wards = {one.person_id for one in rows}
    names = {one.id: one for one in tx.scalars(select(Person).where(Person.id.in_(wards)))}
    titles = {row.code: row.title for row in tx.execute(select(Edition.code, Edition.title))}
    places = _places(tx, wards)
    return [
        {
            "id": one.id,
            "volunteer": {
                "id": one.person_id,
                "name": {"ar": names[one.person_id].name_ar, "en": names[one.person_id].name_latin},
            },
            "edition": one.edition,
            "title": titles[one.edition],
            "status": one.status,
            "asked_at": one.asked_at,
            "answered_at": one.answered_at,
            "places": places[one.person_id] if one.status in (ConsentStatus.ASKED, ConsentStatus.GIVEN) else [],
            "version": one.version,
        }
        for one in rows
    ]


def _places(tx: Session, people: set[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    coming = (
        select(SignUp.person_id, SignUp.guardian_by, Shift.starts_at, Shift.ends_at, Opportunity)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .where(SignUp.person_id.in_(people), _LIVE, Shift.starts_at > func.app_now())
        .order_by(Shift.starts_at, SignUp.id)
    )
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in tx.execute(coming):
        found[row.person_id].append(
            {
                "title": row.Opportunity.title,
                "location": row.Opportunity.location,
                "starts_at": row.starts_at,
                "ends_at": row.ends_at,
                "answer_by": row.guardian_by,
            }
        )
    return found
