"""`make demo`: the three journeys over HTTP against the running house, step by step, as a person would read them.

Nothing is reached into: every step is a request any client could send. A step that does not answer as it should stops
the demonstration with what was expected and what came.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console

PASSWORD = "asimati-demo"  # noqa: S105 - exists in the development profile only
show = Console(highlight=False)


class Unexpected(Exception):
    """A step did not answer as it should."""


@dataclass
class Person:
    """Somebody with a telephone or a desk, and what the house gave them to come in with."""

    name: str
    http: httpx.Client
    token: str = ""
    answers: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        """One request; its JSON. Raises Unexpected for any other status."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        headers |= more.pop("headers", {})
        answer = self.http.request(method, f"/api/v1{path}", headers=headers, **more)
        if answer.status_code != expect:
            raise Unexpected(f"{method} {path}: expected {expect}, got {answer.status_code}\n{answer.text[:800]}")
        return answer.json() if answer.content else None


def step(words: str, result: object = "") -> None:
    """Say what was done and what came of it."""
    show.print(f"  [green]✓[/] {words}" + (f"  [dim]{result}[/]" if result != "" else ""))


def wait_for(what: str, look: Callable[[], Any], seconds: float = 20) -> Any:
    """Look until there is something: workers need a moment. Raises Unexpected when it does not come."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.2)
    raise Unexpected(f"waited {seconds:.0f} s for {what}")


@dataclass
class Town:
    """The running house and the people of the demonstration."""

    address: str

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.address, timeout=15, headers={"Accept-Language": "en"})

    def resident(self, name: str, phone: str | None = None) -> Person:
        """A resident who signs in as residents do: with the code that the mailbox shows."""
        phone = phone or f"+97333{random.randint(0, 999_999):06}"
        person = Person(name, self.http)
        asked = person.ask("POST", "/auth/otp", expect=202, json={"phone": phone})
        code = wait_for("the code in the mailbox", lambda: self._code(phone))
        tokens = person.ask("POST", "/auth/otp/verify", json={"challenge_id": asked["challenge_id"], "code": code})
        person.token = tokens["access_token"]
        return person

    def staff(self, name: str) -> Person:
        """A member of the seeded staff, with the demonstration's password."""
        person = Person(name, self.http)
        mail = f"{name}@asimati.example"
        person.token = person.ask("POST", "/auth/staff", json={"email": mail, "password": PASSWORD})["access_token"]
        return person

    def _code(self, phone: str) -> str | None:
        items = self.http.get("/dev/mailbox", params={"to": phone}).json()["items"]
        digits = [word for word in (items[0]["text"].split() if items else []) if word.strip(".:،").isdigit()]
        return digits[0].strip(".:،") if digits else None


def told(person: Person, topic: str) -> Any:
    """The newest notice on a topic in the person's inbox, once the workers have put it there."""

    def look() -> Any:
        items = person.ask("GET", "/notifications")["items"]
        return next((item for item in items if item["topic"] == topic), None)

    return wait_for(f"the notice {topic}", look)


def profile(person: Person, **facts: Any) -> None:
    """Fill in who somebody is: figures by sex, age and block come from here."""
    answer = person.http.get("/api/v1/me", headers={"Authorization": f"Bearer {person.token}"})
    person.ask("PATCH", "/me", json=facts, headers={"If-Match": answer.headers["ETag"]})


def entrepreneur(town: Town) -> None:
    """Journey three: a small workshop fills, a seat comes free, the next in line takes it and is let in."""
    coordinator = town.staff("coordinator")
    starts = datetime.now(UTC) + timedelta(hours=1)
    programme = coordinator.ask("GET", "/programmes")["items"][0]
    step("The programme is there", programme["title"]["ar"])
    details = {
        "programme": programme["slug"], "type": "workshop", "language": "ar", "mode": "in_person", "capacity": 2,
        "title": {"ar": "ورشة نموذج العمل التجاري", "en": "Business model workshop"}, "block": "317",
        "venue": {"ar": "قاعة التدريب", "en": "Training hall"}, "targets": ["8.3"],
        "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    event = coordinator.ask("POST", "/staff/events", expect=201, json=details)
    read = town.http.get(
        f"/api/v1/staff/events/{event['id']}", headers={"Authorization": f"Bearer {coordinator.token}"}
    )
    match = {"If-Match": read.headers["ETag"]}
    coordinator.ask("PATCH", f"/staff/events/{event['id']}", json={"status": "published"}, headers=match)
    step("A coordinator opens a workshop for two", details["title"]["ar"])

    people = [town.resident(name) for name in ("Maryam", "Ali", "Noor")]
    for number, person in enumerate(people):
        profile(person, sex=("female", "male", "female")[number], birth_date=f"199{number}-05-01", block="317")
    bookings = [p.ask("POST", f"/events/{event['id']}/bookings", expect=201, json={"party_size": 1}) for p in people]
    if [b["status"] for b in bookings] != ["confirmed", "confirmed", "waitlisted"]:
        raise Unexpected(f"three bookings for two seats: {[b['status'] for b in bookings]}")
    step("Three book: two have a seat, the third waits", f"position {bookings[2]['position']}")
    people[0].ask("DELETE", f"/bookings/{bookings[0]['reference']}")
    offered = people[2].ask("GET", f"/bookings/{bookings[2]['reference']}")
    if offered["status"] != "offered":
        raise Unexpected(f"the seat was not offered to the next in line: {offered['status']}")
    step("The first gives the seat up; it is held for the third", f"until {offered['offer_expires_at']}")
    step("and the third is told", told(people[2], "events.booking_offered")["text"]["ar"])
    accepted = people[2].ask("POST", f"/bookings/{bookings[2]['reference']}/accept")
    step("The third accepts and has a ticket", accepted["ticket"][:40] + "…")
    scan = {"ticket": accepted["ticket"], "nonce": str(uuid4()), "at": datetime.now(UTC).isoformat()}
    first = coordinator.ask("POST", "/staff/check-ins", json=scan)
    again = coordinator.ask("POST", "/staff/check-ins", json={**scan, "nonce": str(uuid4())})
    if (first["outcome"], again["outcome"]) != ("admitted", "already-in"):
        raise Unexpected(f"at the door: {first['outcome']}, then {again['outcome']}")
    step("At the door: admitted once, and the second scan says so", again["outcome"])
