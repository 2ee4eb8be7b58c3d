"""Whether somebody may file for a service, and what the form can know of them already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from asimati.accounts.household import Member, member_for, written_of
from asimati.accounts.models import Person
from asimati.accounts.queries import profile_of
from asimati.accounts.sign_on.attempts import ways
from asimati.kit import clock, forms
from asimati.kit.policy import Actor
from asimati.places.models import Block
from asimati.service_requests import eligibility
from asimati.service_requests.eligibility import Known
from asimati.service_requests.models import CaseSubject, Service, ServiceRequest
from asimati.service_requests.refusals import ConditionsNotMet, ProfileIncomplete
from asimati.service_requests.rules import Place

PLACE = ("building", "road", "block")
EARLIER = 20  # cases of one's own that are looked through for an answer given before
SAME = ("type", "format", "enum", "pattern", "items")  # what makes two fields ask for the same thing


def standing(
    tx: Session, service: Service, person: UUID | None, member: Member | None = None
) -> list[dict[str, Any]]:
    """The service's conditions as this person meets them, or the member of their household it is for."""
    if not service.eligibility:
        return []
    known = _known(tx, person) if member is None else _known_of(member)
    here = (
        set(tx.scalars(select(Block.number).where(~Block.retired))) if "lives_here" in service.eligibility else ()
    )
    return eligibility.judged(service.eligibility, known, clock.local_day(clock.now(tx)), here)


def _known(tx: Session, person: UUID | None) -> Known:
    wanted = select(Person.birth_date, Person.block, Person.cpr_index.is_not(None)).where(Person.id == person)
    row = tx.execute(wanted).one_or_none()
    return Known(*row) if row else Known()


def _known_of(member: Member) -> Known:
    return Known(member.birth_date, member.block, member.personal_number)


def require_eligible(
    tx: Session, service: Service, person: UUID | None, member: Member | None = None, *, strict: bool = True
) -> None:
    """Raise ConditionsNotMet, or (`strict`) ProfileIncomplete where the profile does not say.

    Whoever takes a case down for somebody sees their papers: what the profile does not say is theirs to judge.
    """
    found = standing(tx, service, person, member)
    if unmet := [one for one in found if one["met"] is False]:
        raise ConditionsNotMet(unmet=[{"code": one["code"], "text": one["text"]} for one in unmet])
    if strict and (missing := [one for one in found if one["met"] is None]):
        raise ProfileIncomplete(missing=[{"pointer": one["pointer"], "text": one["text"]} for one in missing])


def shown(tx: Session, actor: Actor, service: Service, member: UUID | None = None) -> dict[str, Any]:
    """Before filing: whether one may, for oneself or a member of one's household, and if not, what is in the way.

    Raises NotFound for nobody of the household.
    """
    concerned = member_for(tx, actor.person, member) if member else None
    found = standing(tx, service, actor.person, concerned)
    enough = actor.assured(service.assurance)
    verdicts = {one["met"] for one in found}
    fits = False if False in verdicts else None if None in verdicts else True
    return {
        "service": service.code,
        "eligible": fits,
        "assurance": {
            "needed": service.assurance,
            "present": actor.assurance,
            "enough": enough,
            "ways": [] if enough else ways(service.assurance),
        },
        "may_file": service.available and enough and fits is True,
        "conditions": found,
    }


# --- what is known already -------------------------------------------------------------------------------------


def prefilled(tx: Session, actor: Actor, service: Service, member: UUID | None = None) -> dict[str, Any]:
    """Answers to begin with: from one's profile, and from what one answered before, as the form's fields ask.

    A field asks by `prefill` in its `ui`; nothing is put in that the form would refuse. For a `member` of the
    household it is what is written of them, and one's own address and telephone. Raises NotFound.
    """
    profile, schema = profile_of(tx, actor.person), service.form.schema
    if member:
        profile |= written_of(tx, actor.person, member)
    profile["name"] = profile["name_ar"] or profile["name_latin"]
    asked = {name: ui["prefill"] for name, ui in service.form.ui.items() if ui.get("prefill")}
    before = _earlier(tx, actor, service, member) if "earlier" in asked.values() else []
    answers, sources = {}, {}
    for name, source in asked.items():
        value = _answered(before, schema, name) if source == "earlier" else _plain(profile.get(source))
        if value is not None and _fits(schema, name, value):
            answers[name], sources[name] = value, "earlier" if source == "earlier" else "profile"
    place = {name: profile[name] for name in PLACE if profile[name]}
    home = place if service.location is not Place.NONE and "block" in place else None
    return {"answers": answers, "sources": sources, "location": home}


def _earlier(tx: Session, actor: Actor, service: Service, member: UUID | None) -> list[ServiceRequest]:
    """One's own cases for oneself or for that member, the newest first.

    What was said in confidence is offered to the same service alone.
    """
    wanted = select(ServiceRequest).options(joinedload(ServiceRequest.form)).where(
        ServiceRequest.person_id == actor.person,
        _filed_for(member),
        or_(ServiceRequest.confidential.is_(False), ServiceRequest.service_id == service.id),
    )  # fmt: skip
    newest = wanted.order_by(ServiceRequest.submitted_at.desc(), ServiceRequest.id.desc())
    return list(tx.scalars(newest.limit(EARLIER)))


def _filed_for(member: UUID | None) -> ColumnElement[bool]:
    theirs = select(CaseSubject.request_id).where(CaseSubject.request_id == ServiceRequest.id)
    return theirs.where(CaseSubject.member_id == member).exists() if member else ~theirs.exists()


def _answered(before: list[ServiceRequest], schema: Mapping[str, Any], name: str) -> Any:
    asks = _asks(schema, name)
    found = (one.answers[name] for one in before if name in one.answers and _asks(one.form.schema, name) == asks)
    return next(found, None)


def _asks(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    field = schema["properties"].get(name, {})
    return {part: field.get(part) for part in SAME}


def _fits(schema: Mapping[str, Any], name: str, value: Any) -> bool:
    found = forms.faults({**schema, "required": []}, {name: value})
    return not any(pointer == f"/answers/{name}" or pointer.startswith(f"/answers/{name}/") for pointer, _ in found)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
