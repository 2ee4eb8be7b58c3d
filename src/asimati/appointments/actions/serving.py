"""At the desk: who came, who was served, who did not come."""

from __future__ import annotations

from sqlalchemy.orm import Session

from asimati.accounts.queries import demographics
from asimati.appointments import messages, policy, queries, rules
from asimati.appointments.actions.holding import hold, locked, recorded, release, tell
from asimati.appointments.models import Appointment
from asimati.appointments.refusals import TooEarly
from asimati.appointments.rules import Move, Status
from asimati.kit import clock
from asimati.kit.outbox import publish
from asimati.kit.policy import Actor


def arrive(tx: Session, actor: Actor, reference: str, *, version: int | None = None) -> Appointment:
    """Note that the person is here; also one who was marked as missing, if the time is still free (SlotTaken)."""
    made = _at_the_desk(tx, actor, reference, version)
    came_late = made.status is Status.NO_SHOW
    made.status, made.arrived_at = rules.after(made.status, Move.ARRIVE), clock.now(tx)
    tx.flush()
    if came_late:
        hold(tx, made)
    recorded(tx, actor, "arrived", made)
    return made


def serve(tx: Session, actor: Actor, reference: str, *, version: int | None = None) -> Appointment:
    """Note that the person was served; it counts."""
    made = _at_the_desk(tx, actor, reference, version)
    made.status, made.served_at = rules.after(made.status, Move.SERVE), clock.now(tx)
    recorded(tx, actor, "served", made)
    day, offered = clock.local_day(made.starts_at), queries.offered(tx, made.service)
    publish(
        tx,
        messages.AppointmentKept(
            source=f"appointments.kept:{made.id}", on=day, group=demographics(tx, made.person_id, day),
            targets=offered.targets if offered else [], service=made.service, walk_in=made.walk_in,
            priority=made.priority,
        ),
    )  # fmt: skip
    return made


def no_show(tx: Session, actor: Actor, reference: str, *, version: int | None = None) -> Appointment:
    """Note that nobody came, a while after the beginning: the time is free for others. Raises TooEarly."""
    made = _at_the_desk(tx, actor, reference, version)
    status = rules.after(made.status, Move.NO_SHOW)
    if clock.now(tx) < made.starts_at + queries.minutes("grace_minutes"):
        raise TooEarly
    made.status = status
    release(tx, made)
    recorded(tx, actor, "missed", made)
    tell(tx, messages.AppointmentMissed, made)
    return made


def _at_the_desk(tx: Session, actor: Actor, reference: str, version: int | None) -> Appointment:
    made = locked(tx, actor, reference, version)
    policy.require(actor, "serve", made.service)
    return made
