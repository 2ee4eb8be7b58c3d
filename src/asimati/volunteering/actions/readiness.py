"""What is asked of whoever signs up: age, charter, orientation, category, and of minors a guardian's consent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.accounts import household
from asimati.accounts.models import Person
from asimati.kit import audit, clock
from asimati.kit.errors import Conflict, NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import SYSTEM, Actor
from asimati.kit.words import _
from asimati.settings import settings
from asimati.volunteering import joining_rules as rules
from asimati.volunteering import messages, policy
from asimati.volunteering.joining_rules import ConsentStatus, OrientationRule
from asimati.volunteering.models import (
    Charter,
    CharterAcceptance,
    Edition,
    Enrolment,
    GuardianConsent,
    Opportunity,
    Orientation,
    Shift,
    SignUp,
    Volunteer,
)
from asimati.volunteering.queries import edition_on, least_age
from asimati.volunteering.refusals import (
    CharterChanged,
    CharterNotAccepted,
    GuardianNeeded,
    NotEnrolled,
    OrientationNeeded,
    SkillNeeded,
    TooYoung,
)
from asimati.volunteering.role_rules import Role, named

audit.SUBJECTS["guardian_consent"] = _("a guardian's consent to volunteering")


NO_ROLE: Role = {"skills": [], "minimum_age": None}


@dataclass(frozen=True)
class Readiness:
    """What is known of somebody on the day of a shift, in one question."""

    born: date | None
    charter: int | None  # the present version
    accepted: int | None  # the newest version they accepted
    oriented: bool
    enrolled: bool


@dataclass(frozen=True)
class Terms:
    """What a shift asks of whoever serves on it, by its opportunity and by its edition (its code; None in none)."""

    minimum_age: int
    orientation: OrientationRule | str
    edition: str | None = None
    edition_orientation: bool | None = False
    enrolment: bool | None = False


def require_ready(known: Readiness, terms: Terms, day: date) -> None:
    """Raise the first that is missing: TooYoung, CharterNotAccepted, OrientationNeeded or NotEnrolled."""
    if rules.is_under(known.born, day, terms.minimum_age):  # whoever has not said their age is taken at their word
        raise TooYoung(minimum_age=terms.minimum_age)
    for refusal in missing(known, terms):
        raise refusal


def missing(known: Readiness, terms: Terms) -> Iterator[Conflict]:
    """What somebody has not done yet, as the refusals that say so."""
    if known.charter is not None and known.accepted != known.charter:
        yield CharterNotAccepted(version=known.charter)
    if terms.edition is None:
        return
    wants = rules.wants_orientation(
        OrientationRule(terms.orientation), edition_wants=bool(terms.edition_orientation)
    )
    if wants and not known.oriented:
        yield OrientationNeeded(edition=terms.edition)
    if terms.enrolment and not known.enrolled:
        yield NotEnrolled(edition=terms.edition)


def require_ready_for(
    tx: Session, person: UUID, shift: Shift, opportunity: Opportunity, role: str | None = None
) -> None:
    """The same for somebody who takes a place on a shift in another way than by signing up; and SkillNeeded."""
    day = clock.local_day(shift.starts_at)
    edition = edition_on(tx, day)
    asked = shift.roles[role] if role else NO_ROLE
    terms = terms_of(edition, least_age(opportunity, edition, asked), opportunity.orientation)
    require_ready(readiness(tx, person, edition), terms, day)
    require_skill(tx, person, asked)


def require_skill(tx: Session, person: UUID, role: Role) -> None:
    """Raise SkillNeeded where a role asks for skills and somebody's profile names none of them."""
    if not role["skills"]:
        return
    said = tx.scalar(select(Volunteer.skills).where(Volunteer.person_id == person)) or []
    if set(said).isdisjoint(role["skills"]):
        raise SkillNeeded(skills=role["skills"])


def terms_of(edition: Edition | None, minimum_age: int, orientation: OrientationRule) -> Terms:
    """What an edition asks, for an opportunity of that minimum age and rule of orientation."""
    if edition is None:
        return Terms(minimum_age, orientation)
    return Terms(minimum_age, orientation, edition.code, edition.orientation, edition.enrolment)


def readiness(tx: Session, person: UUID, edition: Edition | None) -> Readiness:
    """What of all that is asked somebody has done."""
    code = edition.code if edition else None
    accepted = select(func.max(CharterAcceptance.version)).where(CharterAcceptance.person_id == person)
    oriented = select(1).where(Orientation.person_id == person, Orientation.edition == code)
    enrolled = select(1).where(Enrolment.person_id == person, Enrolment.edition == code)
    found = tx.execute(
        select(
            Person.birth_date,
            select(func.max(Charter.version)).scalar_subquery(),
            accepted.scalar_subquery(),
            oriented.exists(),
            enrolled.exists(),
        ).where(Person.id == person)
    ).one()
    return Readiness(*found)


def consent_awaited(
    tx: Session, person: UUID, born: date | None, starts_at: datetime, code: str | None, below: int | None
) -> datetime | None:
    """Until when a guardian must answer for a place on a shift; None where nobody needs to.

    `code` names the shift's edition, if there is one, and `below` is its `guardian_below`. A standing consent is
    held, so that one who takes it back at this moment finds this sign-up, or is found by it. Raises GuardianNeeded
    for a minor without a guardian.
    """
    if code is None or below is None or not rules.is_under(born, clock.local_day(starts_at), below):
        return None
    guardians = household.guardians_of(tx, person)
    if not guardians:
        raise GuardianNeeded(below=below)
    found = _open_consent(tx, person, code)
    if found is not None and found.status is ConsentStatus.GIVEN:
        if found.guardian_id in guardians:
            return None
        found.status, found.ended_at = ConsentStatus.WITHDRAWN, clock.now(tx)  # they are no guardian any more
        tx.flush()
    tx.execute(insert(GuardianConsent).values(person_id=person, edition=code).on_conflict_do_nothing())
    hours = settings().governorate.facts.get("volunteering", {}).get("guardian_hours", rules.GUARDIAN_HOURS)
    return rules.answer_by(clock.now(tx), starts_at, hours)


def consent_awaited_of(tx: Session, person: UUID, shift: Shift) -> datetime | None:
    """The same for somebody who takes a place on a shift in another way than by signing up."""
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    born = tx.scalar(select(Person.birth_date).where(Person.id == person))
    terms = (edition.code, edition.guardian_below) if edition else (None, None)
    return consent_awaited(tx, person, born, shift.starts_at, *terms)


def ask_guardians(tx: Session, found: SignUp, shift: Shift, opportunity: Opportunity) -> None:
    """Tell every guardian that a place is held until one of them answers; nothing where nobody needs to."""
    if found.guardian_by is None:
        return
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    consent = _open_consent(tx, found.person_id, edition.code) if edition else None
    if consent is None:
        return
    for guardian in household.guardians_of(tx, found.person_id):
        publish(
            tx,
            messages.GuardianAskedToConsent(
                person=guardian,
                about={"type": "guardian-consent", "reference": str(consent.id)},
                title=named(opportunity.title, shift.roles, found.role),
                starts_at=shift.starts_at,
                location=opportunity.location,
                answer_by=found.guardian_by,
            ),
        )
    about = ("guardian_consent", consent.id)
    audit.record(tx, SYSTEM, "volunteering.guardian_asked", about, [found.person_id], sign_up=found.id)


def accept_charter(tx: Session, actor: Actor, version: int) -> CharterAcceptance:
    """Accept the charter as it was read. Repeating it changes nothing. Raises NotFound, CharterChanged."""
    present = tx.scalar(select(func.max(Charter.version)))
    if present is None:
        raise NotFound
    if version != present:
        raise CharterChanged(version=present)
    receipt = {"person_id": actor.person, "version": version}
    made = tx.scalar(
        insert(CharterAcceptance).values(**receipt).on_conflict_do_nothing().returning(CharterAcceptance.version)
    )
    if made is not None:
        audit.record(tx, actor, "volunteering.charter_accepted", ("person", actor.person), version=version)
    return tx.get_one(CharterAcceptance, receipt)


def _open_consent(tx: Session, person: UUID, edition: str) -> GuardianConsent | None:
    wanted = select(GuardianConsent).where(
        GuardianConsent.person_id == person, GuardianConsent.edition == edition, GuardianConsent.ended_at.is_(None)
    )
    return tx.scalar(wanted.with_for_update(read=True).execution_options(populate_existing=True))


def note_served(tx: Session, found: SignUp, shift: Shift) -> None:
    """Somebody served on a shift; where that is the edition's orientation, they have attended it."""
    opportunity = tx.get_one(Opportunity, shift.opportunity_id)
    edition = edition_on(tx, clock.local_day(shift.starts_at))
    if opportunity.orientation is not OrientationRule.HELD or edition is None:
        return
    row = {"person_id": found.person_id, "edition": edition.code, "sign_up_id": found.id}
    tx.execute(insert(Orientation).values(**row).on_conflict_do_nothing())


def note_orientation(tx: Session, actor: Actor, person: UUID, code: str | None = None) -> Orientation:
    """Note that somebody attended the orientation of an edition, the present one unless another is named.

    Repeating it changes nothing. Raises NotFound, OwnHours.
    """
    policy.require(actor, "organise")
    policy.require_not_own(tx, actor, person)
    edition = _edition(tx, code)
    if tx.scalar(select(Person.id).where(Person.id == person, Person.erased_at.is_(None))) is None:
        raise NotFound
    row = {"person_id": person, "edition": edition.code, "noted_by": actor.id}
    made = tx.scalar(insert(Orientation).values(**row).on_conflict_do_nothing().returning(Orientation.person_id))
    if made is not None:
        audit.record(tx, actor, "volunteering.orientation_noted", ("person", person), edition=edition.code)
    return tx.get_one(Orientation, {"person_id": person, "edition": edition.code})


def unnote_orientation(tx: Session, actor: Actor, person: UUID, code: str | None = None) -> None:
    """Take the note back: it was a mistake. Raises NotFound, OwnHours."""
    policy.require(actor, "organise")
    policy.require_not_own(tx, actor, person)
    edition = _edition(tx, code)
    found = tx.get(Orientation, {"person_id": person, "edition": edition.code})
    if found is None:
        raise NotFound
    tx.delete(found)
    audit.record(tx, actor, "volunteering.orientation_unnoted", ("person", person), edition=edition.code)


def _edition(tx: Session, code: str | None) -> Edition:
    found = tx.get(Edition, code) if code else edition_on(tx, clock.local_day(clock.now(tx)))
    if found is None:
        raise NotFound
    return found
