"""Whom programmes and events know: those with a live booking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from asimati.events.models import Booking, Event, Programme
from asimati.events.rules import LIVE
from asimati.kit import audiences
from asimati.kit.audiences import Kind, Role, Values
from asimati.kit.words import _

Choices = Sequence[tuple[str, dict[str, Any]]]


def _booked() -> Select[Any]:
    return select(Booking.person_id).join(Event).where(Booking.status.in_(LIVE))


def of_programme(values: Values) -> Select[Any]:
    return _booked().where(Event.programme.in_(values)) if values else _booked()


def of_event(values: Values) -> Select[Any]:
    return _booked().where(Event.id.in_(audiences.uuids(values))) if values else _booked()


def programmes(tx: Session) -> Choices:
    known = select(Programme.slug, Programme.title).order_by(Programme.slug)
    return [(row.slug, row.title) for row in tx.execute(known)]


def events(tx: Session) -> Choices:
    return [(str(row.id), row.title) for row in tx.execute(select(Event.id, Event.title).order_by(Event.starts_at))]


audiences.register(Kind("programme", _("Booked an event of the programme"), of_programme, programmes))
audiences.register(Kind("event", _("Booked the event"), of_event, events))
audiences.register_role(Role("participant", _("Participants"), _booked))
