"""What cases keep of people, and for how long."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select

from asimati.kit.privacy import BEFORE_ERASURE, Fate, Group, Standing, Together, holds, knows_nobody
from asimati.kit.words import _
from asimati.service_requests.actions.attaching import ABOUT
from asimati.service_requests.actions.residents import forget_subject
from asimati.service_requests.intake.models import CapturedKey, Draft
from asimati.service_requests.letters.models import Letter
from asimati.service_requests.models import (
    CaseSubject,
    Follower,
    Hop,
    RequestEntry,
    RequestMessage,
    Service,
    ServiceRequest,
)
from asimati.service_requests.rules import Domain, Kind

_WORDS_GO = _("Your words are deleted; what remains counts a case without saying whose it was.")
_SOMETHING_LEFT = or_(ServiceRequest.answers != {}, ServiceRequest.person_id.is_not(None))
_SECURITY = select(Service.id).where(Service.domain == Domain.SECURITY)


def _of_kind(kind: Kind) -> ColumnElement[bool]:
    ours = select(Service.id).where(Service.kind == kind, Service.domain != Domain.SECURITY)
    return and_(ServiceRequest.service_id.in_(ours), _SOMETHING_LEFT)


holds(
    ServiceRequest,
    Group.CASE,
    _("Your requests"),
    of="person_id",
    personal={
        **dict.fromkeys(("answers", "search", "comment", "external_ref", "proposal"), Group.CASE),
        **dict.fromkeys(("building", "road", "lat", "lon"), Group.ADDRESS),
    },
    plain=["reference", "target_time"],
    fate=Fate.REDACT,
    why=_WORDS_GO,
    unless=[
        Standing(
            ServiceRequest.closed_at.is_(None), _("It is still being worked on. Withdraw it first."), waits=True
        ),
        Standing(
            ServiceRequest.service_id.in_(_SECURITY),
            _("A security matter is kept for its period by law; then it is emptied too."),
        ),
    ],
    blanks={"person_id": None},
    files=ABOUT,
    periods={**{str(kind): _of_kind(kind) for kind in Kind},
             "security": and_(ServiceRequest.service_id.in_(_SECURITY), _SOMETHING_LEFT)},
    aged=ServiceRequest.closed_at,
    hidden=["search", "proposal", "target_time"],
)  # fmt: skip
holds(
    RequestEntry,
    Group.CASE,
    _("What happened to your requests"),
    of="request_id",
    personal=["text", "note", "facts"],
    plain=["actor_kind"],
    fate=Fate.REDACT,
    why=_WORDS_GO,
    hidden=["note", "facts"],
)
holds(
    RequestMessage,
    Group.CASE,
    _("Messages about your requests"),
    of="request_id",
    personal=["text"],
    fate=Fate.REDACT,
    why=_WORDS_GO,
)
holds(
    Letter,
    Group.CASE,
    _("Letters issued to you"),
    of="request_id",
    personal=["text", "title", "link"],
    plain=["reason"],
    fate=Fate.REDACT,
    why=_("They are emptied with their request. Its number in the year's list stays."),
    blanks={"person_id": None},
)
holds(
    CaseSubject,
    Group.CASE,
    _("For whom you filed, and what was filed for you"),
    of=lambda person: or_(
        CaseSubject.person_id == person,
        CaseSubject.request_id.in_(select(ServiceRequest.id).where(ServiceRequest.person_id == person)),
    ),
    personal=["name"],
    fate=Fate.REDACT,
    why=_("The name goes. The request is kept or emptied as its own rules say."),
    blanks={"person_id": None},
    parent="service_request",
    link="request_id",
)
BEFORE_ERASURE.append(forget_subject)
holds(
    Follower,
    Group.CASE,
    _("Requests you follow"),
    of="person_id",
    fate=Fate.DELETE,
    why=_("It is deleted."),
    together=Together.ONE,
)
holds(
    Draft,
    Group.CASE,
    _("Requests you have not sent yet"),
    of="person_id",
    personal=["answers", "location"],
    fate=Fate.DELETE,
    why=_("It is deleted."),
)
knows_nobody(CapturedKey, "key", "fingerprint", why="a device's own number for what it sent")
knows_nobody(Hop, "target", why="the time an entity has")
