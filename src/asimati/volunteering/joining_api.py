"""Routes of what is asked before somebody serves: charter, orientation, a guardian's consent."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from asimati.accounts.refusals import AssuranceTooLow
from asimati.http import access
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit.db import Session
from asimati.kit.errors import IllegalMove, NotFound
from asimati.kit.pages import Page
from asimati.kit.policy import Actor
from asimati.volunteering import joining_queries, policy
from asimati.volunteering import joining_schemas as schemas
from asimati.volunteering.actions import consenting, readiness
from asimati.volunteering.models import CharterAcceptance, Orientation
from asimati.volunteering.refusals import CharterChanged, OwnHours

blp = Blueprint("volunteer_joining", __name__, description="Charter, orientation, and a guardian's consent")
may = partial(access.staff_who, policy.MAY)

Dict = dict[str, Any]
ONE = "/me/guardian-consents/<uuid:consent_id>"


@blp.get("/volunteering/charter", who=access.anyone, gives=schemas.CharterOut, kept=True, refuses=[NotFound])
def charter(tx: Session, actor: Actor) -> Dict:
    """The volunteers' charter as it reads now; 404 where there is none."""
    return joining_queries.charter(tx)


@blp.put(
    "/me/volunteer/charter",
    who=access.residents,
    takes=schemas.CharterIn,
    gives=schemas.CharterAcceptedOut,
    refuses=[NotFound, CharterChanged],
)
def accept_charter(tx: Session, actor: Actor, payload: Dict) -> CharterAcceptance:
    """Accept the charter one has read; a new version is asked about before the next sign-up."""
    return readiness.accept_charter(tx, actor, payload["version"])


@blp.get("/me/volunteer/standing", who=access.residents, gives=schemas.StandingOut)
def standing(tx: Session, actor: Actor) -> Dict:
    """What one has done of what is asked before serving, and what is missing."""
    return joining_queries.standing(tx, actor.person)


@blp.get("/me/guardian-consents", who=access.residents, query=PageQuery, gives=page_of(schemas.GuardianConsentOut))
def guardian_consents(tx: Session, actor: Actor, query: Dict) -> Page:
    """Minors whose guardian one is, and what they wish to do."""
    return joining_queries.consents(tx, actor, query["page"])


@blp.post(
    f"{ONE}/give", who=access.residents, gives=schemas.GuardianConsentOut, refuses=[IllegalMove, AssuranceTooLow]
)
def give_consent(tx: Session, actor: Actor, consent_id: UUID) -> Dict:
    """Agree that they volunteer in this edition."""
    return joining_queries.consent(tx, consenting.give(tx, actor, consent_id))


@blp.post(f"{ONE}/refuse", who=access.residents, gives=schemas.GuardianConsentOut, refuses=[IllegalMove])
def refuse_consent(tx: Session, actor: Actor, consent_id: UUID) -> Dict:
    """Say no; places that were held go to others."""
    return joining_queries.consent(tx, consenting.refuse(tx, actor, consent_id))


@blp.post(f"{ONE}/withdraw", who=access.residents, gives=schemas.GuardianConsentOut, refuses=[IllegalMove])
def withdraw_consent(tx: Session, actor: Actor, consent_id: UUID) -> Dict:
    """Take consent back: coming shifts are given up, what was served stays counted."""
    return joining_queries.consent(tx, consenting.withdraw(tx, actor, consent_id))


@blp.put(
    "/staff/volunteers/<uuid:person_id>/orientation",
    who=may("organise"),
    takes=schemas.OrientationIn,
    gives=schemas.OrientationOut,
    refuses=[OwnHours],
)
def note_orientation(tx: Session, actor: Actor, payload: Dict, person_id: UUID) -> Orientation:
    """Note that a volunteer attended the orientation of an edition."""
    return readiness.note_orientation(tx, actor, person_id, payload.get("edition"))


@blp.delete("/staff/volunteers/<uuid:person_id>/orientation", who=may("organise"), refuses=[OwnHours])
def unnote_orientation(tx: Session, actor: Actor, person_id: UUID) -> None:
    """Take back the note for the present edition."""
    readiness.unnote_orientation(tx, actor, person_id)
