"""Fair use: who repeatedly keeps a seat and does not come waits behind others for a stated time, and may appeal."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from asimati.accounts.staff_queries import require_not_own
from asimati.events import messages, policy, rules
from asimati.events.actions.moves import told
from asimati.events.models import Booking, Deferral, Event
from asimati.events.rules import BookingStatus, DeferralStatus, FairUse
from asimati.kit import audit, clock
from asimati.kit.errors import NotFound
from asimati.kit.outbox import publish
from asimati.kit.policy import SYSTEM, Actor
from asimati.settings import settings


def fair_use() -> FairUse:
    """What the pack states as fair."""
    return FairUse(**settings().governorate.facts.get("fair_use", {}))


def is_deferred(tx: Session, person: UUID) -> bool:
    """Whether somebody waits behind others at this moment."""
    return _in_force(tx, person) is not None


def reckon(tx: Session, person: UUID) -> bool:
    """Defer somebody who has missed too much of late, once at a time; lift what rests on events they came to.

    Whether they were deferred now, and so told.
    """
    fair = fair_use()
    missed, held = _missed(tx, person, fair), _in_force(tx, person)
    if held is None and missed >= fair.missed and not _decided_lately(tx, person, fair):
        _defer(tx, person, missed, fair)
        return True
    if held is not None and missed < held.missed and held.status is not DeferralStatus.UPHELD:
        held.status = DeferralStatus.LIFTED
        audit.record(tx, SYSTEM, "events.deferral_lifted", ("deferral", held.id), [person], missed=missed)
    return False


def _defer(tx: Session, person: UUID, missed: int, fair: FairUse) -> None:
    ends_at = clock.now(tx) + timedelta(days=fair.days)
    made = Deferral(person_id=person, status=DeferralStatus.IN_FORCE, missed=missed, ends_at=ends_at)
    tx.add(made)
    tx.flush()
    audit.record(tx, SYSTEM, "events.deferred", ("deferral", made.id), [person], missed=missed)
    about = {"type": "deferral", "reference": str(made.id)}
    publish(tx, messages.Deferred(person=person, about=about, missed=missed, ends_at=made.ends_at))


def reckon_missed(tx: Session, event: Event, booking: Booking) -> None:
    """Somebody missed an event: they are told once, whichever weighs most of deferred, warned, and noted.

    A place given up too late was told as cancelled already; there only the warning is added.
    """
    person, fair = booking.person_id, fair_use()
    if reckon(tx, person):
        return
    missed, deferred = _missed(tx, person, fair), is_deferred(tx, person)
    if missed == fair.missed - 1 and not deferred:
        about = told(event, booking)
        warning = messages.LastMissWarned(**about, missed=missed, within_days=fair.within_days, days=fair.days)
        publish(tx, warning)
    elif booking.status is BookingStatus.NO_SHOW:
        publish(tx, messages.NoShowRecorded(**told(event, booking), missed=missed))


def appeal(tx: Session, actor: Actor, deferral_id: UUID, text: str) -> Deferral:
    """Ask a human to look. Raises NotFound, AppealDecided."""
    found = _held(tx, deferral_id)
    if found.person_id != actor.person:
        raise NotFound
    if found.status is not DeferralStatus.IN_FORCE or found.ends_at <= clock.now(tx):
        raise rules.AppealDecided
    found.status, found.appeal, found.appealed_at = DeferralStatus.APPEALED, text, clock.now(tx)
    audit.record(tx, actor, "events.deferral_appealed", ("deferral", found.id), [found.person_id])
    return found


def decide_appeal(tx: Session, actor: Actor, deferral_id: UUID, *, lift: bool, note: dict[str, str]) -> Deferral:
    """A human's yes or no to an appeal; the person is told. Raises NotFound, OwnAffair, AppealDecided."""
    policy.require_in(actor, "decide", None)  # it is about all the programmes together
    found = _held(tx, deferral_id)
    require_not_own(tx, actor, found.person_id)
    if found.status is not DeferralStatus.APPEALED:
        raise rules.AppealDecided
    found.status = DeferralStatus.LIFTED if lift else DeferralStatus.UPHELD
    found.note, found.decided_at = note.get("ar") or note.get("en"), clock.now(tx)
    audit.record(tx, actor, f"events.deferral_{found.status}", ("deferral", found.id), [found.person_id])
    about = {"type": "deferral", "reference": str(found.id)}
    publish(
        tx,
        messages.AppealDecided(
            person=found.person_id, about=about, status=found.status, note=note, ends_at=found.ends_at
        ),
    )
    return found


def _held(tx: Session, deferral_id: UUID) -> Deferral:
    found = tx.get(Deferral, deferral_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def _in_force(tx: Session, person: UUID) -> Deferral | None:
    holds = (Deferral.status != DeferralStatus.LIFTED, Deferral.ends_at > func.app_now())
    return tx.scalars(select(Deferral).where(Deferral.person_id == person, *holds)).first()


def _decided_lately(tx: Session, person: UUID, fair: FairUse) -> bool:
    """The same missed events do not count twice, nor against a human's word."""
    lately = Deferral.made_at > clock.now(tx) - timedelta(days=fair.within_days)
    last_one = (
        select(Event.ends_at)
        .join(Booking)
        .where(Booking.person_id == person, _counts())
        .order_by(Event.ends_at.desc())
    )
    last = tx.scalar(last_one.limit(1))
    newest = tx.scalar(select(func.max(Deferral.made_at)).where(Deferral.person_id == person, lately))
    return newest is not None and (last is None or last <= newest)


def _missed(tx: Session, person: UUID, fair: FairUse) -> int:
    since = clock.now(tx) - timedelta(days=fair.within_days)
    found = select(func.count()).select_from(Booking).join(Event)
    return tx.scalar(found.where(Booking.person_id == person, Event.ends_at > since, _counts())) or 0


def _counts() -> ColumnElement[bool]:
    late = and_(Booking.status == BookingStatus.CANCELLED, Booking.late)
    return or_(Booking.status == BookingStatus.NO_SHOW, late)
