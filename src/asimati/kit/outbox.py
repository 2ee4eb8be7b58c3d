"""The outbox: what others should know, written in the transaction of the deed.

A message row commits with the deed or not at all. The relay gives every listener of its topic a *delivery* and
leases it to a worker; the worker's effect and the delivery's `done` commit together. So the broker is only a hint:
an emptied Redis, a killed worker or a lost publish costs a lease's time, never a message, and never doubles one.
Ids are given before commits land, so nothing here reads "after the last id": rows are claimed by state, skipping
what another relay has locked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Self, get_type_hints
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from asimati.kit.db import Base, one_of, primary_id, timestamp
from asimati.kit.ids import new_id
from asimati.kit.trace import request_id

TOPICS: dict[str, type[Message]] = {}


@dataclass(frozen=True, kw_only=True)
class Message:
    """A fact in the past tense. Fields are ids, enums, numbers, times and public titles; never personal data."""

    topic: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if cls.topic:
            TOPICS[cls.topic] = cls

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        """The message from its stored payload; a field it does not know (a newer writer's) is left aside."""
        hints = _hints(cls)  # type: ignore[arg-type]
        known = {f.name for f in fields(cls)} & payload.keys()
        return cls(**{name: _typed(payload[name], hints[name]) for name in known})


class DeliveryStatus(StrEnum):
    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


class OutboxMessage(Base):
    __tablename__ = "message"

    id: Mapped[UUID] = primary_id()
    topic: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = timestamp(default=True)
    dispatched_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (Index("message_waiting_idx", "id", postgresql_where=text("dispatched_at IS NULL")),)


class Delivery(Base):
    """One message for one listener: ready → leased → done, or dead after too many runs."""

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    listener: Mapped[str] = mapped_column(Text)
    status: Mapped[DeliveryStatus] = one_of(DeliveryStatus, name="status", server_default="ready")
    runs: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = timestamp(default=True)
    token: Mapped[UUID | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = timestamp(nullable=True)

    __table_args__ = (
        Index("delivery_message_listener_key", "message_id", "listener", unique=True),
        Index("delivery_due_idx", "due_at", postgresql_where=text("status IN ('ready', 'leased')")),
        Index("delivery_dead_idx", "id", postgresql_where=text("status = 'dead'")),
    )


@dataclass(frozen=True)
class Leased:
    """A delivery handed to a worker: it must show the token to be heard."""

    id: int
    listener: str
    token: UUID


@dataclass(frozen=True)
class Delivered:
    """What a listener receives: the message, its id (for natural keys), and whose request it came from."""

    id: UUID
    message: Message
    request_id: str


def as_row(message: Message) -> dict[str, Any]:
    """The message as a row, for statements that insert it together with the deed."""
    return {
        "id": new_id(),
        "topic": message.topic,
        "payload": json.loads(json.dumps(asdict(message), default=_plain)),
        "request_id": request_id.get(),
    }


def publish(tx: Session, message: Message) -> None:
    """Tell the house, if and when this transaction commits."""
    tx.execute(insert(OutboxMessage).values(**as_row(message)))


# --- the relay's side ------------------------------------------------------------------------------------------

_FAN_OUT = text(
    """
    WITH picked AS (
      SELECT id, topic FROM message WHERE dispatched_at IS NULL AND topic = ANY(:topics)
      ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED
    ), marked AS (
      UPDATE message SET dispatched_at = app_now() FROM picked WHERE message.id = picked.id
    )
    INSERT INTO delivery (message_id, listener, status, token, due_at)
    SELECT picked.id, listener.name, 'leased', gen_random_uuid(), app_now() + make_interval(secs => :lease)
    FROM picked
    JOIN jsonb_each(CAST(:listeners AS jsonb)) AS entry ON entry.key = picked.topic
    CROSS JOIN LATERAL jsonb_array_elements_text(entry.value) AS listener(name)
    RETURNING id, listener, token
    """
)
# A lease that ran out is offered again like one that is ready: its worker died, or its publish was lost.
_LEASE_AGAIN = text(
    """
    UPDATE delivery SET status = 'leased', token = gen_random_uuid(),
           due_at = app_now() + make_interval(secs => :lease)
    WHERE id IN (
      SELECT id FROM delivery WHERE status IN ('ready', 'leased') AND due_at <= app_now()
      AND (CAST(:again AS text[]) IS NULL OR listener = ANY(:again))
      ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED)
    RETURNING id, listener, token
    """
)


def lease(
    tx: Session,
    listeners: Mapping[str, Sequence[str]],
    *,
    batch: int,
    seconds: float,
    again: Sequence[str] | None = None,
) -> list[Leased]:
    """Claim what is due: new messages, one delivery for each listener of their topic, then older deliveries, of the
    listeners named in `again` alone if it is given."""
    limits = {"batch": batch, "lease": seconds}
    fresh = tx.execute(_FAN_OUT, {**limits, **_known(listeners)}).all()
    old = tx.execute(_LEASE_AGAIN, {**limits, "again": None if again is None else list(again)}).all()
    return [Leased(*row) for row in (*old, *fresh)]


def handed_out(tx: Session, most: int) -> int:
    """How many deliveries workers hold or have before them, counted to `most`."""
    held = "SELECT FROM delivery WHERE status = 'leased' AND due_at > app_now() LIMIT :most"
    return int(tx.scalar(text(f"SELECT count(*) FROM ({held}) AS held"), {"most": most}) or 0)  # noqa: S608


def _known(listeners: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Only topics this relay knows: in a roll-out, a newer release's messages wait for a newer relay."""
    return {
        "topics": list(listeners),
        "listeners": json.dumps({topic: list(to) for topic, to in listeners.items()}),
    }


def give_back(tx: Session, leased: Sequence[Leased], seconds: float) -> None:
    """Return leases that could not be handed out (the broker is away), to be offered again soon."""
    tx.execute(
        text(
            "UPDATE delivery SET status = 'ready', due_at = app_now() + make_interval(secs => :wait)"
            " WHERE id = ANY(:ids) AND token = ANY(:tokens) AND status = 'leased'"
        ),
        {"wait": seconds, "ids": [one.id for one in leased], "tokens": [one.token for one in leased]},
    )


def take_over(tx: Session, leased: Sequence[Leased], seconds: float) -> list[Leased]:
    """Lease anew what was handed out but nobody has begun; a worker that comes for it later finds it taken."""
    rows = tx.execute(
        text(
            "UPDATE delivery SET token = gen_random_uuid(), due_at = app_now() + make_interval(secs => :lease)"
            " WHERE id = ANY(:ids) AND token = ANY(:tokens) AND status = 'leased' AND runs = 0"
            " RETURNING id, listener, token"
        ),
        {"lease": seconds, "ids": [one.id for one in leased], "tokens": [one.token for one in leased]},
    )
    return [Leased(*row) for row in rows]


# --- the worker's side -----------------------------------------------------------------------------------------

# Runs are counted before the work, in a transaction of their own: a message that kills its worker is bounded too.
_BEGIN = text(
    """
    UPDATE delivery SET runs = runs + 1,
           status = CASE WHEN runs >= :attempts THEN 'dead' ELSE status END,
           last_error = CASE WHEN runs >= :attempts THEN coalesce(last_error, 'the worker died') ELSE last_error END
    WHERE id = :id AND token = :token AND status = 'leased'
    RETURNING status = 'leased'
    """
)
_CLAIM = text(
    """
    SELECT message.id, topic, payload, request_id FROM delivery JOIN message ON message.id = message_id
    WHERE delivery.id = :id AND token = :token AND status = 'leased' FOR UPDATE OF delivery
    """
)
# Several at once: each with its own token, locked in the order of their ids, whoever else does the same.
_BEGIN_ALL = text(
    """
    WITH held AS (
      SELECT delivery.id
      FROM unnest(CAST(:ids AS bigint[]), CAST(:tokens AS uuid[])) AS mine(id, token)
      JOIN delivery ON delivery.id = mine.id AND delivery.token = mine.token
      WHERE status = 'leased' AND runs = 0 ORDER BY delivery.id FOR UPDATE OF delivery)
    UPDATE delivery SET runs = 1 FROM held WHERE delivery.id = held.id RETURNING delivery.id
    """
)
_CLAIM_ALL = text(
    """
    SELECT delivery.id AS delivery, message.id, topic, payload, request_id
    FROM unnest(CAST(:ids AS bigint[]), CAST(:tokens AS uuid[])) AS mine(id, token)
    JOIN delivery ON delivery.id = mine.id AND delivery.token = mine.token
    JOIN message ON message.id = message_id
    WHERE status = 'leased' ORDER BY delivery.id FOR UPDATE OF delivery
    """
)
_FAIL = text(
    """
    UPDATE delivery SET last_error = :error,
           status = CASE WHEN runs >= :attempts THEN 'dead' ELSE 'ready' END,
           due_at = app_now() + make_interval(secs => least(power(2, runs), 3600) * (0.5 + random()))
    WHERE id = :id AND token = :token AND status = 'leased'
    """
)


def begin(tx: Session, delivery: int, token: UUID, attempts: int) -> bool:
    """Count a run. False when the lease is not ours any more, or the delivery is now dead."""
    return bool(tx.scalar(_BEGIN, {"id": delivery, "token": token, "attempts": attempts}))


def claim(tx: Session, delivery: int, token: UUID) -> Delivered | None:
    """Lock the delivery for this transaction and read its message; None when someone else did it."""
    row = tx.execute(_CLAIM, {"id": delivery, "token": token}).one_or_none()
    if row is None:
        return None
    return Delivered(row.id, TOPICS[row.topic].read(row.payload), row.request_id)


def begin_all(tx: Session, leased: Sequence[Leased]) -> list[Leased]:
    """Count the first run of each that had none, and whose lease is still ours; these."""
    begun = set(tx.scalars(_BEGIN_ALL, _pairs(leased)))
    return [one for one in leased if one.id in begun]


def claim_all(tx: Session, leased: Sequence[Leased]) -> dict[int, Delivered]:
    """Lock deliveries for this transaction, in the order of their ids, and read their messages."""
    rows = tx.execute(_CLAIM_ALL, _pairs(leased)).all()
    return {row.delivery: Delivered(row.id, TOPICS[row.topic].read(row.payload), row.request_id) for row in rows}


def _pairs(leased: Sequence[Leased]) -> dict[str, Any]:
    return {"ids": [one.id for one in leased], "tokens": [one.token for one in leased]}


def renew(tx: Session, delivery: int, token: UUID, seconds: float) -> None:
    """Keep a lease that work in rounds may outlast."""
    kept = update(Delivery).where(Delivery.id == delivery, Delivery.token == token, Delivery.status == "leased")
    tx.execute(kept.values(due_at=func.app_now() + timedelta(seconds=seconds)))


def done(tx: Session, *deliveries: int) -> None:
    """Mark deliveries done, in the transaction of their effect."""
    tx.execute(
        text("UPDATE delivery SET status = 'done', done_at = app_now(), last_error = NULL WHERE id = ANY(:ids)"),
        {"ids": list(deliveries)},
    )


def absorb(tx: Session, message: Message, listener: str, keep: int) -> int:
    """Mark deliveries of the same message done that nobody has begun, but for `keep` of them; how many.

    For hints alone (`something is due`): whoever has just begun with one sees all that the others were about.
    """
    statement = text(
        """
        UPDATE delivery SET status = 'done', done_at = app_now() WHERE id IN (
          SELECT delivery.id FROM delivery JOIN message ON message.id = message_id
          WHERE listener = :listener AND delivery.status IN ('ready', 'leased') AND runs = 0
            AND payload = CAST(:payload AS jsonb)
          ORDER BY delivery.id OFFSET :keep FOR UPDATE OF delivery SKIP LOCKED)
        RETURNING id
        """
    )
    payload = json.dumps(asdict(message), default=_plain)
    return len(tx.execute(statement, {"listener": listener, "payload": payload, "keep": keep}).all())


def fail(tx: Session, delivery: int, token: UUID, error: str, attempts: int) -> None:
    """Put the delivery back with growing delay, or park it as dead after the last attempt."""
    tx.execute(_FAIL, {"id": delivery, "token": token, "error": error[:500], "attempts": attempts})


def dead(tx: Session, limit: int = 100) -> list[dict[str, Any]]:
    """Deliveries that were parked after too many runs, the oldest first; never what their message says."""
    parked = select(
        Delivery.id,
        OutboxMessage.topic,
        Delivery.listener,
        Delivery.runs,
        Delivery.last_error,
        OutboxMessage.created_at,
    ).join(OutboxMessage, OutboxMessage.id == Delivery.message_id)
    rows = tx.execute(parked.where(Delivery.status == DeliveryStatus.DEAD).order_by(Delivery.id).limit(limit))
    return [dict(row._mapping) for row in rows]


def revive(tx: Session, listener: str | None = None, delivery: int | None = None) -> int:
    """Put parked deliveries back, with all their runs before them; how many. For when the cause is mended."""
    parked = update(Delivery).where(Delivery.status == DeliveryStatus.DEAD)
    parked = parked.where(Delivery.listener == listener) if listener else parked
    parked = parked.where(Delivery.id == delivery) if delivery is not None else parked
    revived = parked.values(status=DeliveryStatus.READY, runs=0, due_at=func.app_now()).returning(Delivery.id)
    return len(tx.scalars(revived).all())


def health(tx: Session) -> dict[str, float]:
    """Age in seconds of the oldest undelivered message, and how many deliveries wait or are dead."""
    row = tx.execute(
        text(
            """
            SELECT coalesce(extract(epoch FROM app_now() - least(
                     (SELECT min(created_at) FROM message WHERE dispatched_at IS NULL),
                     (SELECT min(m.created_at) FROM delivery d JOIN message m ON m.id = d.message_id
                      WHERE d.status IN ('ready', 'leased')))), 0)::float8 AS oldest_seconds,
                   (SELECT count(*) FROM delivery WHERE status IN ('ready', 'leased')) AS waiting,
                   (SELECT count(*) FROM delivery WHERE status = 'dead') AS dead
            """
        )
    ).one()
    return dict(row._mapping)


def undelivered(tx: Session, topic: str, **facts: str) -> int:
    """How many messages of a topic, with these facts, are on their way."""
    return int(
        tx.scalar(
            text(
                """
                SELECT (SELECT count(*) FROM message WHERE dispatched_at IS NULL AND topic = :topic
                        AND payload @> CAST(:facts AS jsonb))
                     + (SELECT count(*) FROM delivery JOIN message ON message.id = message_id
                        WHERE delivery.status IN ('ready', 'leased') AND topic = :topic
                        AND payload @> CAST(:facts AS jsonb))
                """
            ),
            {"topic": topic, "facts": json.dumps(facts)},
        )
        or 0
    )


def purge(tx: Session, days: int) -> int:
    """Forget messages whose deliveries are all done and older than `days`."""
    result = tx.execute(
        text(
            """
            DELETE FROM message WHERE dispatched_at < app_now() - make_interval(days => :days)
            AND NOT EXISTS (SELECT FROM delivery WHERE message_id = message.id AND status <> 'done')
            """
        ),
        {"days": days},
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _typed(value: Any, hint: Any) -> Any:
    if value is None or not isinstance(value, str):
        return value
    named = str(hint)
    if hint is UUID or "UUID" in named:
        return UUID(value)
    if hint is datetime or "datetime.datetime" in named:
        return datetime.fromisoformat(value)
    if hint is date or "datetime.date" in named:
        return date.fromisoformat(value)
    return value
