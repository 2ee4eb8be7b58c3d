"""`make demo`: the three journeys over HTTP against the running house, step by step, as a person would read them.

Nothing is reached into: every step is a request any client could send. A step that does not answer as it should
stops the demonstration with what was expected and what came.
"""

from __future__ import annotations

import base64
import hashlib
import os
import random
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console
from rich.panel import Panel

PASSWORD = "asimati-demo"  # noqa: S105 - exists in the development profile only
FRIENDS = 4  # so that figures are about five people, and may be told
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
        phone = phone or a_telephone()
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


def a_telephone() -> str:
    return f"+97333{random.randint(100_000, 999_999)}"  # noqa: S311 - nobody's secret


def told(person: Person, topic: str) -> Any:
    """The newest notice on a topic in the person's inbox, once the workers have put it there."""

    def look() -> Any:
        items = person.ask("GET", "/notifications")["items"]
        return next((item for item in items if item["topic"] == topic), None)

    return wait_for(f"the notice {topic}", look)


def change(person: Person, path: str, **facts: Any) -> None:
    """Edit a thing as it stands now: its version is read first."""
    read = person.http.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {person.token}"})
    person.ask("PATCH", path, json=facts, headers={"If-Match": read.headers["ETag"]})


def profile(person: Person, **facts: Any) -> None:
    """Fill in who somebody is: figures by sex, age and block come from here."""
    change(person, "/me", **facts)


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
    staff_path = f"/staff/events/{event['id']}"
    change(coordinator, staff_path, status="published")
    step("A coordinator opens a workshop for two", details["title"]["ar"])

    people = [town.resident(name) for name in ("Maryam", "Ali", "Noor")]
    for number, person in enumerate(people):
        profile(person, sex=("female", "male", "female")[number], birth_date=f"199{number}-05-01", block="317")
    at = f"/events/{event['id']}/bookings"
    bookings = [person.ask("POST", at, expect=201, json={"party_size": 1}) for person in people]
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
    change(coordinator, staff_path, capacity=2 + FRIENDS)
    for _ in range(FRIENDS):
        come = {"phone": a_telephone(), "party_size": 1}
        coordinator.ask("POST", f"{staff_path}/walk-ins", expect=201, json=come)
    step("The room is larger than thought: more are let in without a booking", f"{FRIENDS} people")


def resident(town: Town) -> None:
    """Journey one: a complaint is filed, claimed, referred, answered, told and rated."""
    maryam = town.resident("Maryam")
    step("Maryam signs in with the code from her messages")
    profile(maryam, name_ar="مريم", sex="female", birth_date="1991-03-01", block="317")
    found = maryam.ask("GET", "/services", params={"q": "الطَّريق"})["items"]
    if "road-damage" not in [service["code"] for service in found]:
        raise Unexpected("searching الطَّريق did not find the service written الطريق")
    service = maryam.ask("GET", "/services/road-damage")
    step("She looks for الطَّريق in the catalogue and finds", service["title"]["ar"])
    where = {"block": "317", "road": "1704", "lat": 26.2412, "lon": 50.5893}
    answers = {"kind": "pothole", "details": "حفرة عميقة أمام مدخل المبنى", "danger": True}
    filing = {"service": "road-damage", "form_version": service["form"]["version"], "location": where}
    wrong = maryam.ask(
        "POST", "/service-requests", expect=422, json=filing | {"answers": {**answers, "kind": "sinkhole"}}
    )
    step("A wrong answer is named", wrong["errors"][0]["pointer"])
    case = maryam.ask("POST", "/service-requests", expect=201, json=filing | {"answers": answers})
    step("She files it", f"{case['reference']}, due {case['due_at']}")

    reviewer = town.staff("reviewer")
    queue = reviewer.ask("GET", "/staff/queues/unassigned", params={"limit": 100})["items"]
    if case["reference"] not in [item["reference"] for item in queue]:
        raise Unexpected("the case is not in the reviewers' queue")
    at = f"/staff/service-requests/{case['reference']}"
    reviewer.ask("POST", f"{at}/claim", json={})
    step("A reviewer sees it in the queue and claims it")
    reviewer.ask("POST", f"{at}/refer", json={"entity": "works"})
    step("refers it to the Ministry of Works", told(maryam, "service_requests.request_referred")["text"]["ar"])
    reviewer.ask("POST", f"{at}/return", json={"note": "تمت الصيانة"})
    answer = {"ar": "أُصلحت الحفرة وأُعيد رصف الموقع.", "en": "The pothole has been repaired."}
    reviewer.ask("POST", f"{at}/resolve", json={"message": answer})
    step("and answers when it is done", told(maryam, "service_requests.request_resolved")["title"]["ar"])
    seen = maryam.ask("GET", f"/service-requests/{case['reference']}")
    step("She sees its history and whose turn it was", " → ".join(hop["who"] for hop in seen["hops"]))
    rating = {"stars": 5, "comment": "شكرًا"}
    maryam.ask("POST", f"/service-requests/{case['reference']}/rating", expect=201, json=rating)
    step("and rates the answer", "5 stars")


def volunteer(town: Town) -> None:
    """Journey two: a shift, an overlap refused, check-in and check-out, hours approved, the passport by goal."""
    coordinator = town.staff("coordinator")
    listed = coordinator.ask("GET", "/opportunities", params={"q": "ساحل"})["items"]
    step("Opportunities are there", listed[0]["title"]["ar"])
    starts = datetime.now(UTC) - timedelta(minutes=90)
    times = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=3)).isoformat(), "places": 5}
    shift = coordinator.ask("POST", "/staff/shifts", expect=201, json={"opportunity": listed[0]["id"], **times})
    other = coordinator.ask("POST", "/staff/shifts", expect=201, json={"opportunity": listed[0]["id"], **times})
    ali = town.resident("Ali")
    profile(ali, sex="male", birth_date="2000-01-01", block="436")
    charter = ali.ask("GET", "/volunteering/charter")
    ali.ask("PUT", "/me/volunteer/charter", json={"version": charter["version"]})
    step("Ali reads the charter and accepts it", charter["title"]["ar"])
    signed = ali.ask("POST", f"/shifts/{shift['id']}/sign-ups", expect=201, json={})
    step("Ali signs up for the shift that is on now", signed["status"])
    refused = ali.ask("POST", f"/shifts/{other['id']}/sign-ups", expect=409, json={})
    if refused["type"] != "/problems/overlaps":
        raise Unexpected(refused["type"])
    step("A second one at the same time is refused", refused["title"])
    friends = [town.resident("a friend") for _ in range(FRIENDS)]
    for friend in friends:
        friend.ask("PUT", "/me/volunteer/charter", json={"version": charter["version"]})
    came = [(ali, signed["id"])]
    came += [
        (one, one.ask("POST", f"/shifts/{shift['id']}/sign-ups", expect=201, json={})["id"]) for one in friends
    ]
    for deed in ("check-in", "check-out"):
        code = coordinator.ask("GET", f"/staff/shifts/{shift['id']}/code")["code"]
        for person, sign_up in came:
            person.ask("POST", f"/sign-ups/{sign_up}/{deed}", json={"code": code})
        step(f"With the code shown at the shift, and {FRIENDS} friends of his: {deed}", code)
    claims = coordinator.ask("GET", "/staff/hours", params={"status": "pending", "limit": 100})["items"]
    theirs = [one for one in claims if one["sign_up"]["id"] in {sign_up for _, sign_up in came}]
    step("The time waits for a coordinator", f"{theirs[0]['minutes']} minutes")
    reason = "حضر قبل تسجيل الدخول، بشهادة مشرف النوبة"
    for claim in theirs:
        coordinator.ask("POST", f"/staff/hours/{claim['id']}/correct", json={"minutes": 90, "reason": reason})
    passport = ali.ask("GET", "/me/passport")
    step("The coordinator corrects and approves; the passport shows", f"{passport['hours']} hours")
    step("by goal", ", ".join(f"SDG {stamp['goal']}: {stamp['hours']}" for stamp in passport["stamps"]))
    shown = town.http.get(f"/api/v1/credentials/{passport['credential']['id']}").json()
    step("and anyone can verify it without learning whose it is", f"valid: {shown['valid']}")


def sign_on(town: Town) -> None:
    """National sign-on: a permit needs to know Maryam better than her telephone does."""
    maryam, browser = town.resident("Maryam"), httpx.Client(base_url=town.address, timeout=15)
    asked = maryam.ask("GET", "/services/public-event-permit/eligibility")["assurance"]
    if not (way := next(iter(asked["ways"]), None)):
        step("No provider is set up here: nothing to show")
        return
    step(f"The permit asks for {asked['needed']}, her telephone gives {asked['present']}", way["title"]["ar"])
    verifier = secrets.token_urlsafe(48)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = {"redirect_uri": "asimati-demo:/signed-on", "code_challenge": digest, "state": "hers"}
    begun = browser.get(way["start"], params=dict(httpx.URL(way["start"]).params) | back)
    said_yes = browser.post(begun.headers["Location"], data={"sub": "maryam"})
    returned = httpx.URL(browser.get(said_yes.headers["Location"]).headers["Location"])
    if "code" not in returned.params:
        raise Unexpected(f"the provider sent her back without a code: {returned.params}")
    step("Her browser goes to the provider and comes back with a code", returned.params["code"][:12] + "…")
    fetched = {"code": returned.params["code"], "code_verifier": verifier}
    own = maryam.http.post("/api/v1/auth/oidc/token", json=fetched)
    if own.status_code != 200:
        raise Unexpected(own.text)
    maryam.token = own.json()["access_token"]
    me = maryam.ask("GET", "/me")
    step("The app fetches her tokens with its verifier", f"{me['assurance']}, personal number {me['cpr']}")


def impact(town: Town) -> None:
    """What the three journeys add to the goals, once the workers have counted."""
    anyone = Person("anyone", town.http)

    def counted() -> dict[str, Any]:
        cells = anyone.ask("GET", "/impact/tallies", params={"limit": 100})["items"]
        return {cell["measure"]: cell["value"] for cell in cells if not cell["withheld"]}

    wanted = {"cases-resolved", "volunteer-hours", "seats-used"}
    totals = wait_for("the tallies", lambda: found if wanted <= (found := counted()).keys() else None, 30)
    for measure in sorted(wanted):
        step(measure, totals[measure])


def main() -> None:
    """Walk all journeys; exit 1 when a step does not hold."""
    address = f"http://{os.environ.get('ASIMATI_HOST', '127.0.0.1')}:{os.environ.get('ASIMATI_PORT', '8000')}"
    try:
        town = Town(address)
        for title, journey in (
            ("1 · A resident's case · طلب مقيم", resident),
            ("2 · A volunteer · متطوع", volunteer),
            ("3 · An entrepreneur · رائدة أعمال", entrepreneur),
            ("4 · National sign-on · الدخول الوطني الموحّد", sign_on),
            ("What it adds · الأثر", impact),
        ):
            show.print(Panel(title, expand=False, style="bold"))
            journey(town)
    except httpx.ConnectError:
        sys.exit(f"Nobody answers at {address}. Start the house with `make run` first.")
    except Unexpected as fault:
        sys.exit(f"  ✗ {fault}")
    show.print("\n[bold green]All three journeys hold.[/]")


if __name__ == "__main__":
    main()
