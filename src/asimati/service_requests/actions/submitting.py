"""How a case begins: filed by a resident, or written down by staff for whoever came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from asimati.accounts.actions import ensure_person
from asimati.accounts.household import Member, member_for
from asimati.accounts.models import Person
from asimati.accounts.sign_on.attempts import require_level
from asimati.accounts.staff_queries import require_not_own
from asimati.kit import clock, forms
from asimati.kit.errors import Forbidden, Invalid, NotFound
from asimati.kit.ids import new_id, new_reference
from asimati.kit.phones import NoPhone, phone_number
from asimati.kit.policy import Actor
from asimati.kit.text import western_digits
from asimati.kit.words import _
from asimati.places.queries import agrees, block_known, locate
from asimati.service_requests import messages, policy
from asimati.service_requests.actions import telling
from asimati.service_requests.actions.moving import Said, begin
from asimati.service_requests.intake.standing import require_eligible
from asimati.service_requests.models import CaseSubject, Service, ServiceForm, ServiceRequest
from asimati.service_requests.refusals import AlreadyTakenIn, FormChanged
from asimati.service_requests.rules import Channel, Move, Place, Status
from asimati.service_requests.searching import EDITION, indexed

LATEST, AHEAD = timedelta(days=90), timedelta(minutes=5)  # how late a case is written down; how fast clocks run
SEARCHED = 8_000  # characters of a case that search looks at


def submit(
    tx: Session,
    actor: Actor,
    *,
    service: str,
    form_version: int,
    answers: Mapping[str, Any],
    location: Mapping[str, Any] | None = None,
    member: UUID | None = None,
) -> ServiceRequest:
    """File a case in one's own name, for a member of one's household, or in nobody's where the service allows it.

    Raises AssuranceTooLow, ConditionsNotMet, ProfileIncomplete, FormChanged, or Invalid with a pointer to each
    answer that needs correcting.
    """
    if actor.is_staff:
        raise Forbidden
    offered = _offered(tx, service)
    require_level(actor, offered.assurance)
    if form_version != offered.form_number:
        raise FormChanged(form_version=offered.form_number)
    person = actor.id if actor.is_resident else None
    concerned = household_member(tx, person, member)
    require_eligible(tx, offered, person, concerned)
    return _begin(
        tx, actor, offered, offered.form, answers, location, concerned=concerned, person_id=person,
        channel=Channel.APP,
    )  # fmt: skip


def intake(
    tx: Session,
    actor: Actor,
    *,
    service: str,
    channel: Channel,
    form_version: int,
    answers: Mapping[str, Any],
    location: Mapping[str, Any] | None = None,
    person: UUID | None = None,
    phone: str | None = None,
    member: UUID | None = None,
    external_ref: str | None = None,
    note: str | None = None,
    received_at: datetime | None = None,
) -> ServiceRequest:
    """Write a case down for someone, from any channel: a person, whoever has the phone, or nobody known; it may be
    for a `member` of that person's household.

    What was taken down outside, under a form that has changed since, is taken as it is, and our clock runs from
    when it was. Raises OwnAffair, since no level of assurance is asked for here; ConditionsNotMet,
    AlreadyTakenIn, FormChanged for a version there never was, or Invalid.
    """
    policy.require(actor, "intake")
    offered, where = _offered(tx, service), placed(tx, location or {})
    policy.require_at(actor, "intake", offered, where.get("block"))
    form: ServiceForm | None = offered.form
    if form_version != offered.form_number:
        form = tx.scalar(select(ServiceForm).filter_by(service_id=offered.id, number=form_version))
    if form is None:
        raise FormChanged(form_version=offered.form_number)
    same = select(ServiceRequest.id).filter_by(channel=channel, external_ref=external_ref)
    if external_ref and tx.scalar(same):
        raise AlreadyTakenIn
    whose = _on_behalf_of(tx, person, phone)
    concerned = household_member(tx, whose, member)
    require_not_own(tx, actor, whose, concerned.person if concerned else None)
    if whose:
        require_eligible(tx, offered, whose, concerned, strict=False)
    return _begin(
        tx, actor, offered, form, answers, where, Said(note=note), concerned=concerned, person_id=whose,
        channel=channel, submitted_at=_received(tx, received_at), external_ref=external_ref,
        taken_by=actor.id if actor.is_staff else None,
    )  # fmt: skip


def _received(tx: Session, at: datetime | None) -> datetime:
    """When we got a case that is written down now. Raises Invalid for the future, and for what is long past."""
    now = clock.now(tx)
    if at is not None and not now - LATEST <= at <= now + AHEAD:
        raise Invalid(
            [("/received_at", _("This is not a time within the last {days} days.").format(days=LATEST.days))]
        )
    return min(at or now, now)


def _on_behalf_of(tx: Session, person: UUID | None, phone: str | None) -> UUID | None:
    """Whose case it is; somebody whose phone is new becomes known by it. Raises Invalid."""
    if person and tx.get(Person, person) is None:
        raise Invalid([("/person", _("There is nobody with this identifier."))])
    if person or not phone:
        return person
    try:
        return ensure_person(tx, phone_number(phone, forms.home_country())).id
    except NoPhone:
        raise Invalid([("/phone", forms.NO_PHONE)]) from None


def household_member(tx: Session, holder: UUID | None, member: UUID | None) -> Member | None:
    """The member of somebody's household a case is for; None where none is named. Raises Invalid."""
    if member is None:
        return None
    try:
        if holder is None:
            raise NotFound
        return member_for(tx, holder, member)
    except NotFound:
        raise Invalid([("/member", _("This is nobody of the household."))]) from None


def _offered(tx: Session, code: str) -> Service:
    offered = select(Service).where(Service.code == code, Service.retired_at.is_(None))
    service = tx.scalar(offered.options(joinedload(Service.form)))
    if service is None:
        raise Invalid([("/service", _("There is no such service."))])
    return service


def _begin(
    tx: Session,
    actor: Actor,
    service: Service,
    form: ServiceForm,
    answers: Mapping[str, Any],
    location: Mapping[str, Any] | None,
    said: Said = Said(),
    concerned: Member | None = None,
    **more: Any,
) -> ServiceRequest:
    kept, where = forms.tidy(form.schema, answers), placed(tx, location or {})
    if wrong := [*forms.faults(form.schema, kept, form.ui), *_misplaced(tx, service, where)]:
        raise Invalid(wrong)
    now = clock.now(tx)
    request = ServiceRequest(
        id=new_id(), reference=new_reference("SR"), service_id=service.id, service=service, form_id=form.id,
        form=form, answers=kept, confidential=service.confidential, status=Status.SUBMITTED,
        target_time=service.target_time, search_edition=EDITION, updated_at=now,
        **({"submitted_at": now} | where | more),
    )  # fmt: skip
    request.subject = _subject(request, concerned)
    request.search = searched(request, service)
    counted = telling.counted(tx, request, request.id, Move.SUBMIT, request.submitted_at)

    def told() -> messages.RequestSubmitted:
        return messages.RequestSubmitted(**telling.of(request), **counted, due_at=request.due_at)

    begin(tx, actor, request, said, told)
    return request


def _subject(request: ServiceRequest, concerned: Member | None) -> CaseSubject | None:
    if concerned is None:
        return None
    return CaseSubject(
        request_id=request.id, member_id=concerned.id, person_id=concerned.person, name=dict(concerned.name)
    )


def _misplaced(tx: Session, service: Service, where: Mapping[str, Any]) -> list[forms.Fault]:
    """What is wrong with the place: it is asked for or not, and its block is one of the governorate's."""
    if not where:
        return [("/location/block", _("This is required."))] if service.location is Place.REQUIRED else []
    if service.location is Place.NONE:
        return [("/location", _("This service does not ask for a place."))]
    if (where.get("lat") is None) != (where.get("lon") is None):
        return [("/location", _("A point needs both lat and lon."))]
    if "block" not in where:
        return [("/location/block", _("This is required."))]
    if not block_known(tx, where["block"]):
        return [("/location/block", _("This block is not in the governorate."))]
    if where.get("lat") is not None and not agrees(tx, where["block"], (where["lat"], where["lon"])):
        return [("/location", _("This point is not in the block you named."))]
    return []


def placed(tx: Session, location: Mapping[str, Any]) -> dict[str, Any]:
    """The place as it is kept: the block in Western digits, and that of the point where none is named."""
    where = dict(location)
    if "block" in where:
        where["block"] = western_digits(where["block"].strip())
    elif where.get("lat") is not None and where.get("lon") is not None:
        found = locate(tx, point=(where["lat"], where["lon"])).block
        where |= {"block": found.number} if found else {}
    return where


def searched(request: ServiceRequest, service: Service) -> str:
    """The folded text a case is found by: its reference, service, place and answers."""
    place = (request.block, request.building, request.road)
    words = [request.reference, request.external_ref, *service.title.values(), *place, *_texts(request.answers)]
    return indexed(" ".join(word for word in words if word), SEARCHED)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
