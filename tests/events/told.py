"""An event told with plain lists: what the tables must say after every deed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

DOORS = timedelta(hours=2)
LATE_UPLOADS = timedelta(hours=2)
SEATED = ("confirmed", "offered", "checked_in", "no_show")
LIVE = (*SEATED, "waitlisted")


@dataclass
class Party:
    person: int
    size: int
    status: str
    expires_at: datetime | None = None
    newcomer: bool = False
    gathers_until: datetime | None = None
    id: UUID | None = None


@dataclass
class Told:
    """The event as lists: all bookings by reference, and the line."""

    capacity: int
    starts_at: datetime
    ends_at: datetime
    parties: dict[str, Party] = field(default_factory=dict)
    line: list[str] = field(default_factory=list)

    @property
    def free(self) -> int:
        return self.capacity - sum(party.size for party in self.parties.values() if party.status in SEATED)

    def settle(self, now: datetime) -> None:
        late = [p for p in self.parties.values() if p.status == "offered" and p.expires_at and p.expires_at <= now]
        for party in late:
            party.status = "lapsed"
        if late or self.line:
            self.hand_on(now)

    def hand_on(self, now: datetime) -> None:
        """Strictly in turn, until the head needs more than there is; past it when that has lasted long enough."""
        if now >= self.starts_at or not self.free:
            return
        head = self.parties[self.line[0]] if self.line else None
        past_the_head = head and head.gathers_until and head.gathers_until <= now
        for reference in list(self.line):
            party = self.parties[reference]
            if party.size <= self.free:
                self.line.remove(reference)
                party.status, party.gathers_until = "offered", None
            elif not past_the_head:
                break
        if self.line and not self.free:  # used up: what comes free from now on is gathered anew
            self.parties[self.line[0]].gathers_until = None

    def place(self, reference: str, person: int, size: int, now: datetime) -> str:
        seated = not self.line and size <= self.free
        newcomer = person % 3 > 0
        self.parties[reference] = Party(person, size, "confirmed" if seated else "waitlisted", newcomer=newcomer)
        if not seated:
            ahead = sum(1 for one in self.line if self.parties[one].newcomer or not newcomer)
            self.line.insert(ahead, reference)
            self.hand_on(now)
        return self.parties[reference].status

    def leave(self, reference: str, now: datetime) -> None:
        party = self.parties[reference]
        if party.status not in ("confirmed", "offered", "waitlisted"):
            return
        if party.status == "waitlisted":
            self.line.remove(reference)
        party.status = "declined" if party.status == "offered" else "cancelled"
        party.gathers_until = None
        self.hand_on(now)

    def scanned(self, reference: str, at: datetime, *, same_day: bool) -> str:
        """What the door says; whoever is admitted is in from then on."""
        party = self.parties[reference]
        if party.status == "checked_in":
            return "already-in"
        if party.status not in LIVE:
            return "cancelled"
        if party.status not in ("confirmed", "no_show"):
            return "not-confirmed"
        if self.starts_at - DOORS <= at < self.ends_at:
            party.status = "checked_in"
            return "admitted"
        if not same_day:
            return "wrong-day"
        return "too-early" if at < self.starts_at else "too-late"

    def walked_in(self, reference: str, person: int, size: int) -> None:
        self.parties[reference] = Party(person, size, "checked_in")

    def closed(self, now: datetime) -> None:
        """After the event: who kept a seat and was not let in."""
        for party in self.parties.values():
            if party.status == "confirmed" and now >= self.ends_at + LATE_UPLOADS:
                party.status = "no_show"
