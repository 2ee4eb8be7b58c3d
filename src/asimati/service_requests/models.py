"""Tables: the catalogue, the entities cases are referred to, and the cases with all that happened to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from asimati.kit.db import Base, bilingual, is_object, one_of, primary_id, timestamp, version_column
from asimati.service_requests import wording
from asimati.service_requests.eligibility import conditions
from asimati.service_requests.rules import (
    CLOSED,
    TURNS,
    Assurance,
    Channel,
    Domain,
    EntityKind,
    Kind,
    Move,
    Party,
    Place,
    Status,
    Turn,
    Workflow,
    is_public,
    legal_moves,
    workflow_of,
)
from asimati.service_requests.searching import EDITION

_OPEN_ROW = text("closed_at IS NULL")


def _updated() -> Any:
    """The moment of the row's last change, for clients that ask what is new."""
    return mapped_column(DateTime(timezone=True), server_default=func.app_now(), onupdate=func.app_now())


class Service(Base):
    """What a resident can ask for. Written by the pack; a service that leaves the pack is retired, not deleted."""

    __tablename__ = "service"

    id: Mapped[UUID] = primary_id()
    code: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[Kind] = one_of(Kind, name="kind")
    domain: Mapped[Domain] = one_of(Domain, name="domain")
    title: Mapped[dict[str, str]] = bilingual()
    description: Mapped[dict[str, str]] = bilingual()
    assurance: Mapped[Assurance] = one_of(Assurance, name="assurance")
    confidential: Mapped[bool]
    target_time: Mapped[str] = mapped_column(Text)  # ISO 8601: P5D working days, PT4H working time
    documents: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    fee: Mapped[dict[str, str] | None] = bilingual(nullable=True)
    location: Mapped[Place] = one_of(Place, name="location")
    targets: Mapped[list[str]] = mapped_column(JSONB)  # SDG targets, such as "11.1"
    usual_entity: Mapped[str | None] = mapped_column(Text)  # code of whom such cases mostly go to: a hint for staff
    department: Mapped[str | None] = mapped_column(Text)  # whose work it is, for roles that hold in a department
    workflow: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")  # how it differs from the default
    eligibility: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")  # whom it is for
    search: Mapped[str] = mapped_column(Text)  # folded title and description
    form_number: Mapped[int]  # the version of the form new requests are filed with
    retired_at: Mapped[datetime | None] = timestamp(nullable=True)
    updated_at: Mapped[datetime] = _updated()
    version: Mapped[int] = version_column()

    form: Mapped[ServiceForm] = relationship(
        primaryjoin="and_(ServiceForm.service_id == Service.id, ServiceForm.number == Service.form_number)",
        viewonly=True,
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def conditions(self) -> list[dict[str, Any]]:
        """Whom it is for, in words."""
        return conditions(self.eligibility)

    @property
    def available(self) -> bool:
        return self.retired_at is None


class ServiceForm(Base):
    """One version of a service's form. Never edited: what was answered under it stays readable."""

    __tablename__ = "service_form"

    id: Mapped[UUID] = primary_id()
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"))
    number: Mapped[int]
    schema: Mapped[dict[str, Any]] = mapped_column(JSONB)
    ui: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = timestamp(default=True)

    __table_args__ = (UniqueConstraint("service_id", "number"), is_object("schema"), is_object("ui"))


class Entity(Base):
    """Whom a case can be referred to, with the time it has."""

    __tablename__ = "entity"

    id: Mapped[UUID] = primary_id()
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[dict[str, str]] = bilingual()
    kind: Mapped[EntityKind] = one_of(EntityKind, name="kind")
    target_time: Mapped[str] = mapped_column(Text)
    calendar: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # none: ours (`calendars`)
    contacts: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")  # email, name, language
    by_staff: Mapped[bool] = mapped_column(server_default="false")  # what staff wrote, no pack overwrites
    retired_at: Mapped[datetime | None] = timestamp(nullable=True)
    version: Mapped[int] = version_column()

    __mapper_args__ = {"version_id_col": version}


class ServiceRequest(Base):
    """One case, from any channel. `due_at` is what the resident was promised, moved only by the pauses."""

    __tablename__ = "service_request"

    id: Mapped[UUID] = primary_id()
    reference: Mapped[str] = mapped_column(Text, unique=True)
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"), index=True)
    form_id: Mapped[UUID] = mapped_column(ForeignKey("service_form.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))  # none: filed anonymously
    channel: Mapped[Channel] = one_of(Channel, name="channel")
    external_ref: Mapped[str | None] = mapped_column(Text)  # its number in the system it came from
    taken_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))  # who wrote it down for someone
    confidential: Mapped[bool]
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    block: Mapped[str | None] = mapped_column(ForeignKey("block.number"))
    building: Mapped[str | None] = mapped_column(Text)
    road: Mapped[str | None] = mapped_column(Text)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    status: Mapped[Status] = one_of(Status, name="status")
    claimed_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    proposal: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # the answer to be approved
    appealed_from: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))  # who may not decide again
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("service_request.id"), index=True)
    target_time: Mapped[str] = mapped_column(Text)  # the promise at submission; a later pack does not change it
    submitted_at: Mapped[datetime] = timestamp()
    clock_started_at: Mapped[datetime] = timestamp()  # submitted, or last reopened
    due_at: Mapped[datetime] = timestamp()
    closed_at: Mapped[datetime | None] = timestamp(nullable=True)
    search: Mapped[str] = mapped_column(Text)  # folded reference, service, place and answers
    search_edition: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=EDITION)
    stars: Mapped[int | None] = mapped_column(SmallInteger)
    comment: Mapped[str | None] = mapped_column(Text)
    rated_at: Mapped[datetime | None] = timestamp(nullable=True)
    updated_at: Mapped[datetime] = _updated()
    version: Mapped[int] = version_column()

    service: Mapped[Service] = relationship(lazy="joined", innerjoin=True)
    form: Mapped[ServiceForm] = relationship(lazy="select")
    hops: Mapped[list[Hop]] = relationship(order_by="(Hop.started_at, Hop.id)")
    entries: Mapped[list[RequestEntry]] = relationship(order_by="(RequestEntry.at, RequestEntry.id)")
    messages: Mapped[list[RequestMessage]] = relationship(order_by="(RequestMessage.at, RequestMessage.id)")
    subject: Mapped[CaseSubject | None] = relationship()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        UniqueConstraint("channel", "external_ref"),
        is_object("answers"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point"),
        CheckConstraint(
            "(closed_at IS NOT NULL) = (status IN ({}))".format(", ".join(f"'{one}'" for one in sorted(CLOSED))),
            name="closed",
        ),
        CheckConstraint("(merged_into IS NOT NULL) = (status = 'merged')", name="merged"),
        CheckConstraint("(proposal IS NOT NULL) = (status = 'proposed')", name="proposed"),
        CheckConstraint("status <> 'in_review' OR claimed_by IS NOT NULL", name="reviewed_by_somebody"),
        Index(
            "service_request_words_idx",
            text("array_to_tsvector(string_to_array(search, ' '))"),
            postgresql_using="gin",
        ),
        Index("service_request_person_idx", "person_id", "submitted_at", "id"),
        Index("service_request_edition_idx", "search_edition"),  # who is to be indexed again
        # Similar open cases, by block and by point.
        Index("service_request_block_idx", "service_id", "block", postgresql_where=_OPEN_ROW),
        Index(
            "service_request_point_idx",
            "service_id",
            "lat",
            postgresql_where=text("closed_at IS NULL AND lat IS NOT NULL"),
        ),
        Index("service_request_queue_idx", "status", "due_at", "id", postgresql_where=_OPEN_ROW),
        Index("service_request_mine_idx", "claimed_by", "due_at", "id", postgresql_where=_OPEN_ROW),
        Index("service_request_due_idx", "due_at", "id", postgresql_where=_OPEN_ROW),
        Index("service_request_filed_idx", "submitted_at", "id", postgresql_where=_OPEN_ROW),
        Index("service_request_changed_idx", "updated_at", "id", postgresql_where=_OPEN_ROW),
    )

    @property
    def turn(self) -> Turn:
        return TURNS[self.status]

    @property
    def people(self) -> tuple[UUID | None, ...]:
        """The accounts it concerns: whoever filed it, and for whom."""
        return self.person_id, self.subject.person_id if self.subject else None

    @property
    def promised_at(self) -> datetime | None:
        """When the resident may expect the answer; none while the clock stands still for them."""
        return None if self.turn is Turn.RESIDENT else self.due_at

    @property
    def history(self) -> list[RequestEntry]:
        """What the resident sees of what happened."""
        return [entry for entry in self.entries if is_public(entry.status_before, entry.status)]

    @property
    def location(self) -> dict[str, Any] | None:
        names = ("block", "building", "road", "lat", "lon")
        return {name: getattr(self, name) for name in names} if self.block else None

    @property
    def rating(self) -> dict[str, Any] | None:
        return {"stars": self.stars, "comment": self.comment, "at": self.rated_at} if self.rated_at else None

    @property
    def clock_in_words(self) -> dict[str, str]:
        """Whose turn it is, since when and until when, as a resident reads it."""
        return wording.clock(self)

    @property
    def moves_of_resident(self) -> list[Move]:
        return legal_moves(self.status, Party.RESIDENT, self.flow)

    @property
    def moves_of_staff(self) -> list[Move]:
        return legal_moves(self.status, Party.STAFF, self.flow)

    @property
    def flow(self) -> Workflow:
        """The moves of its service."""
        return workflow_of(self.service.workflow)


# What the index of words is on; `searching` says what stands in it.
WORDS = func.array_to_tsvector(func.string_to_array(ServiceRequest.search, literal_column("' '")))


class Hop(Base):
    """One stretch of a case: with us, with an entity, with the resident. At most one is open."""

    __tablename__ = "hop"

    id: Mapped[UUID] = primary_id()
    request_id: Mapped[UUID] = mapped_column(ForeignKey("service_request.id"))
    who: Mapped[Turn] = one_of(Turn, name="who")
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("entity.id"), index=True)
    started_at: Mapped[datetime] = timestamp()
    ended_at: Mapped[datetime | None] = timestamp(nullable=True)
    paused: Mapped[bool]  # the promised time stands still in it
    target: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[datetime | None] = timestamp(nullable=True)

    entity: Mapped[Entity | None] = relationship(lazy="joined")

    __table_args__ = (
        CheckConstraint("ended_at >= started_at", name="order"),
        CheckConstraint("(who = 'entity') = (entity_id IS NOT NULL)", name="whom"),
        Index("hop_open_key", "request_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("hop_request_idx", "request_id", "started_at"),
        Index("hop_due_idx", "due_at", postgresql_where=text("ended_at IS NULL")),
    )


class RequestEntry(Base):
    """One line of a case's history: the move, what the resident reads about it, what staff noted."""

    __tablename__ = "request_entry"

    id: Mapped[UUID] = primary_id()
    request_id: Mapped[UUID] = mapped_column(ForeignKey("service_request.id"))
    at: Mapped[datetime] = timestamp()
    move: Mapped[Move] = one_of(Move, name="move")
    status_before: Mapped[Status | None] = one_of(Status, name="status_before", nullable=True)
    status: Mapped[Status] = one_of(Status, name="status")
    text: Mapped[dict[str, str | None] | None] = bilingual(nullable=True)
    note: Mapped[str | None] = mapped_column(Text)  # never shown to the resident
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]

    __table_args__ = (Index("request_entry_request_idx", "request_id", "at"),)


class RequestMessage(Base):
    """One message between the resident and us about a case."""

    __tablename__ = "request_message"

    id: Mapped[UUID] = primary_id()
    request_id: Mapped[UUID] = mapped_column(ForeignKey("service_request.id"))
    at: Mapped[datetime] = timestamp()
    sender: Mapped[Party] = one_of(Party, name="sender")
    sender_id: Mapped[UUID | None]
    text: Mapped[dict[str, str | None]] = bilingual()

    __table_args__ = (Index("request_message_request_idx", "request_id", "at"),)


class Interest(Base):
    """That a member of staff has declared an interest in a case: they take no further part in it."""

    __tablename__ = "request_interest"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("service_request.id"), primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), primary_key=True)
    at: Mapped[datetime] = timestamp()


class CaseSubject(Base):
    """Of whom a case is that somebody filed for a member of their household; the words are of that day."""

    __tablename__ = "request_subject"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("service_request.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("household_member.id"), index=True)
    # The member's own account, if they had one: they may read the case too.
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[dict[str, Any]] = bilingual()


class Follower(Base):
    """Somebody who is told the answer of a case that is not theirs: the same matter was theirs too."""

    __tablename__ = "request_follower"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("service_request.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    at: Mapped[datetime] = timestamp()


class Escalation(Base):
    """That a stretch of a case was found late: once for each level and due time, however late or often we look."""

    __tablename__ = "request_escalation"

    hop_id: Mapped[UUID] = mapped_column(ForeignKey("hop.id"), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    at: Mapped[datetime] = timestamp()
