"""Telling many people at once: draft, preview, a second person's approval, step by step to everybody, stop.

People are found and their notices written in one statement for each step, so that a step's cost is the database's
alone and memory stays flat; a broadcast's words stand once, in its own row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, Text, Time, case, cast, column, func, literal, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.orm import Session

from asimati.accounts.models import Device, Person, Preference
from asimati.kit import audit, clock, outbox
from asimati.kit.errors import Forbidden, IllegalMove, Invalid, NotFound, Stale
from asimati.kit.outbox import Delivered
from asimati.kit.policy import Actor
from asimati.kit.text import sms_segments
from asimati.kit.words import _
from asimati.notifications import audiences, policy
from asimati.notifications.actions import earliest
from asimati.notifications.channels import providers
from asimati.notifications.messages import DUE, BroadcastGoesOn
from asimati.notifications.models import Broadcast, Notification
from asimati.notifications.rendering import unmarked
from asimati.notifications.rules import STAGES, Channel, Lane, Quiet, Stage, Status, require_stage
from asimati.settings import settings

TOPIC = "notifications.broadcast"


# --- staff -----------------------------------------------------------------------------------------------------


def draft(tx: Session, actor: Actor, **said: Any) -> Broadcast:
    """Begin a broadcast. Raises Invalid for an audience nobody offers."""
    _allowed(tx, actor, said)
    made = Broadcast(created_by=actor.id, **said)
    tx.add(made)
    tx.flush()
    audit.record(tx, actor, "notifications.broadcast_drafted", ("broadcast", made.id))
    return made


def edit(tx: Session, actor: Actor, broadcast: UUID, version: int | None, changes: Mapping[str, Any]) -> Broadcast:
    """Change a draft; one that awaited approval is a draft again. Raises Stale, IllegalMove."""
    found = locked(tx, broadcast)
    _allowed(tx, actor, {"critical": found.critical, **changes})
    if version is not None and found.version != version:
        raise Stale
    if found.stage is not Stage.DRAFT:
        require_stage(found.stage, Stage.DRAFT)
    for name, value in changes.items():
        setattr(found, name, value)
    found.stage, found.people = Stage.DRAFT, None
    if actor.id and actor.id not in found.edited_by:
        found.edited_by = [*found.edited_by, actor.id]
    audit.record(tx, actor, "notifications.broadcast_edited", ("broadcast", found.id), fields=sorted(changes))
    tx.flush()
    return found


def submit(tx: Session, actor: Actor, broadcast: UUID) -> Broadcast:
    """Send it off: at once or at its time, or first to a second person when many are told or it is a warning."""
    policy.require(actor, "broadcast")
    found = locked(tx, broadcast)
    found.people = tx.scalar(select(func.count()).select_from(audiences.chosen(found.audience).subquery()))
    needs_approval = found.critical or (found.people or 0) > approve_above()
    after = Stage.AWAITING_APPROVAL if needs_approval else Stage.SCHEDULED
    _expect(found, Stage.DRAFT)
    _move(tx, actor, found, after)
    return found


def approve(tx: Session, actor: Actor, broadcast: UUID, version: int | None = None) -> Broadcast:
    """A second person lets it go.

    Raises Forbidden for whoever wrote any of it; Stale where they read other words.
    """
    policy.require(actor, "approve_broadcast")
    found = locked(tx, broadcast)
    if version is not None and found.version != version:
        raise Stale
    _expect(found, Stage.AWAITING_APPROVAL)
    if actor.id in (found.created_by, *found.edited_by):
        raise Forbidden(deed="approve_broadcast")
    found.approved_by = actor.id
    _move(tx, actor, found, Stage.SCHEDULED)
    return found


def stop(tx: Session, actor: Actor, broadcast: UUID) -> Broadcast:
    """Tell nobody more. Notices that still wait end as stopped when their turn comes; none of them is sent."""
    policy.require(actor, "broadcast")
    found = locked(tx, broadcast)
    _move(tx, actor, found, Stage.STOPPED)
    found.ended_at = func.app_now()
    tx.flush()
    return found


def _allowed(tx: Session, actor: Actor, said: Mapping[str, Any]) -> None:
    policy.require(actor, "warn" if said.get("critical") else "broadcast")
    audiences.require_known(tx, said.get("audience", ()))
    if "channels" in said and not said["channels"]:
        raise Invalid([("/channels", _("Choose at least one channel."))])


def locked(tx: Session, broadcast: UUID) -> Broadcast:
    """The broadcast, held. Raises NotFound."""
    found = tx.get(Broadcast, broadcast, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def _expect(broadcast: Broadcast, stage: Stage) -> None:
    if broadcast.stage is not stage:
        raise IllegalMove(current=broadcast.stage, legal=sorted(STAGES[broadcast.stage]))


def _move(tx: Session, actor: Actor, broadcast: Broadcast, after: Stage) -> None:
    require_stage(broadcast.stage, after)
    broadcast.stage = after
    tx.flush()
    audit.record(tx, actor, f"notifications.broadcast_{after}", ("broadcast", broadcast.id), count=broadcast.people)
    if after is Stage.SCHEDULED and (broadcast.send_at is None or broadcast.send_at <= clock.now(tx)):
        _start(tx, broadcast)


# --- what it costs, and how far it is --------------------------------------------------------------------------


def messaging() -> Mapping[str, Any]:
    """What the pack says of cost and approval."""
    found: Mapping[str, Any] = settings().governorate.facts.get("messaging", {})
    return found


def approve_above() -> int:
    """To how many people one member of staff may write alone."""
    return int(messaging().get("approve_above", 500))


def preview(tx: Session, broadcast: Broadcast) -> dict[str, Any]:
    """How many people by channel and language, the parts of a text message, and what they cost."""
    people = _people(audiences.chosen(broadcast.audience)).cte("people")
    channels = _channels(broadcast)
    reached = select(channels.c.channel, people.c.language, func.count()).select_from(people.join(channels, true()))
    counts = tx.execute(
        reached.where(_reaches(people, channels.c.channel, broadcast)).group_by(
            channels.c.channel, people.c.language
        )
    ).all()
    words = broadcast.sms or broadcast.text
    segments = {language: sms_segments(unmarked(words.get(language) or "")) for language in ("ar", "en")}
    parts = sum(count * segments[language] for channel, language, count in counts if channel == Channel.SMS)
    reach = {str(channel): 0 for channel in broadcast.channels}
    for channel, _language, count in counts:
        reach[channel] += count
    everybody = tx.scalar(select(func.count()).select_from(people)) or 0
    return {
        "people": everybody,
        "reach": reach,
        "segments": segments,
        "sms_parts": parts,
        **cost_of(parts),
        "needs_approval": broadcast.critical or everybody > approve_above(),
    }


def cost_of(parts: int) -> dict[str, Any]:
    """What so many parts of text messages cost by the pack; None where it does not say."""
    price = messaging().get("sms_part")
    return {
        "cost": f"{float(price) * parts:.3f}" if price is not None else None,
        "currency": messaging().get("currency"),
    }


def progress(tx: Session, broadcast: UUID) -> dict[str, dict[str, int]]:
    """How many notices of each channel stand where."""
    of_it = select(Notification.channel, Notification.status, func.count())
    counts: dict[str, dict[str, int]] = {}
    for channel, status, count in tx.execute(
        of_it.where(Notification.message_id == broadcast).group_by(Notification.channel, Notification.status)
    ):
        counts.setdefault(str(channel), {})[str(status)] = count
    return counts


# --- step by step ----------------------------------------------------------------------------------------------


def go_on(tx: Session) -> int:
    """Start what is due, and end what has told everybody; how many moved."""
    now = clock.now(tx)
    waiting = select(Broadcast).where(Broadcast.stage == Stage.SCHEDULED, Broadcast.send_at <= now)
    started = tx.scalars(waiting.with_for_update(key_share=True, skip_locked=True)).all()
    for one in started:
        _start(tx, one)
    pending = select(Notification.id).where(
        Notification.message_id == Broadcast.id, Notification.status == Status.PENDING
    )
    done = update(Broadcast).where(Broadcast.stage == Stage.SENDING, Broadcast.all_reached, ~pending.exists())
    ended = tx.scalars(done.values(stage=Stage.SENT, ended_at=func.app_now()).returning(Broadcast.id)).all()
    return len(started) + len(ended)


def _start(tx: Session, broadcast: Broadcast) -> None:
    broadcast.stage, broadcast.started_at = Stage.SENDING, func.app_now()
    tx.flush()
    outbox.publish(tx, BroadcastGoesOn(broadcast=broadcast.id))


def fan_out(tx: Session, delivered: Delivered) -> None:
    """Write the notices of the next people; a further message asks for those after them."""
    broadcast = locked(tx, delivered.message.broadcast)  # type: ignore[attr-defined]
    if broadcast.stage is not Stage.SENDING or broadcast.all_reached:
        return
    people, last = step(tx, broadcast)
    broadcast.reached = last or broadcast.reached
    broadcast.all_reached = people < settings().notifications.fan_out
    tx.flush()
    if not broadcast.all_reached:
        outbox.publish(tx, BroadcastGoesOn(broadcast=broadcast.id))
    for channel in broadcast.channels:
        if channel != Channel.INBOX:
            outbox.publish(tx, DUE[_lane(broadcast)](channel=channel))


def step(tx: Session, broadcast: Broadcast) -> tuple[int, UUID | None]:
    """The next people of a broadcast and their notices, in one statement: how many people, and the last of them."""
    chosen = audiences.chosen(broadcast.audience).order_by(Person.id).limit(settings().notifications.fan_out)
    if broadcast.reached:
        chosen = chosen.where(Person.id > broadcast.reached)
    people, channels = _people(chosen).cte("people"), _channels(broadcast)
    in_house = channels.c.channel == Channel.INBOX
    now = clock.now(tx)
    rows = select(
        func.gen_random_uuid(),
        literal(broadcast.id),
        people.c.id,
        channels.c.channel,
        literal(_lane(broadcast).value),
        literal(TOPIC),
        case((in_house, Status.SENT.value), else_=Status.PENDING.value),
        case((in_house, now), else_=_due(tx, people, broadcast, now)),
        case((in_house, now)),
    ).select_from(people.join(channels, true()))
    names = ["id", "message_id", "person", "channel", "lane", "topic", "status", "due_at", "sent_at"]
    written = insert(Notification).from_select(
        names, rows.where(_reaches(people, channels.c.channel, broadcast)), include_defaults=False
    )
    made = written.on_conflict_do_nothing().returning(literal(1)).cte("made")
    last = select(people.c.id).order_by(people.c.id.desc()).limit(1).scalar_subquery()
    count = select(func.count()).select_from(people).scalar_subquery()
    found = tx.execute(select(count, last).add_cte(made)).one()
    return int(found[0]), found[1]


def _lane(broadcast: Broadcast) -> Lane:
    return Lane.URGENT if broadcast.critical else Lane.BULK


def _people(chosen: Any) -> Any:
    """The chosen with all that decides by which channels and when they are told."""
    ids = chosen.subquery("chosen")
    people = select(
        Person.id,
        cast(Person.language, Text).label("language"),
        Person.email.is_not(None).label("has_email"),
        Preference.channels,
        Preference.topics,
        Preference.digest,
        Preference.quiet_from,
        Preference.quiet_to,
        Preference.friday_prayer,
    ).select_from(ids.join(Person, Person.id == ids.c.id).outerjoin(Preference, Preference.person_id == Person.id))
    return people.where(Person.erased_at.is_(None))


def _channels(broadcast: Broadcast) -> Any:
    """The broadcast's channels that somebody carries, as a table of one column."""
    carried = [one for one in broadcast.channels if one == Channel.INBOX or providers(one)]
    return (
        func.unnest(cast(carried, ARRAY(Text))).table_valued(column("channel", String)).render_derived("channels")
    )


def _reaches(people: Any, channel: Any, broadcast: Broadcast) -> Any:
    """As `Recipient.reached_by` and `.wants`, for all rows of a statement."""
    has_device = select(Device.person_id).where(Device.person_id == people.c.id).exists()
    there = case(
        (channel == Channel.EMAIL, people.c.has_email), (channel == Channel.PUSH, has_device), else_=true()
    )
    if broadcast.critical:
        return there
    topics = people.c.topics
    wished = func.coalesce(topics[TOPIC], topics["notifications"], func.to_jsonb(people.c.channels))
    wants = func.coalesce(cast(wished, JSONB).has_key(channel), True) & ~func.coalesce(people.c.digest, False)
    return there & ((channel == Channel.INBOX) | wants)


def _due(tx: Session, people: Any, broadcast: Broadcast, now: datetime) -> Any:
    """When each may be told: reckoned once for each different wish, not once for each person."""
    usual = earliest(now, Quiet(), critical=broadcast.critical)
    if broadcast.critical or not settings().notifications.quiet_hours:
        return literal(usual)
    own = (Preference.quiet_from, Preference.quiet_to, Preference.friday_prayer)
    cases = [
        (_same(people, wish), earliest(now, Quiet(*wish), critical=False))
        for wish in tx.execute(select(*own).distinct()).all()
    ]
    return case(*cases, else_=usual) if cases else literal(usual)


def _same(people: Any, wish: Sequence[Any]) -> Any:
    columns = (people.c.quiet_from, people.c.quiet_to, people.c.friday_prayer)
    start, end, prayer = wish
    times = [one.is_not_distinct_from(cast(at, Time)) for one, at in zip(columns[:2], (start, end), strict=True)]
    return times[0] & times[1] & columns[2].is_(prayer)
