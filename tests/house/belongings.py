"""One of each thing: what a resident has in every room, and what the house has beside it.

`make` fills an empty database as life does, by requests, and says which value stands for which parameter of a path.
A new thing with an id of its own is made here, in the function of its room, and named as `<part of the path before
it>/<parameter>` (`bookings/reference`), or by the whole rule up to the parameter where that is not enough.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from asimati.accounts.actions import create_staff, ensure_person, start_session
from asimati.accounts.models import Guardianship, HouseholdMember, Passkey, Relation, Sex, StaffMember
from asimati.credentials.models import Credential
from asimati.events.models import Deferral
from asimati.http.routes import Route
from asimati.kit import clock, db
from asimati.kit.policy import Role
from asimati.notifications.models import Notification, Webhook, WebhookDelivery
from asimati.settings import settings
from asimati.volunteering.models import Call, CallOut, GuardianConsent
from tests.files.pictures import photograph
from tests.house.test_openings import answers_to
from tests.volunteering.ground import make_edition, make_shift, now

V1 = "/api/v1"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
Headers = dict[str, str]
BOTH = {"ar": "كلمات كافية", "en": "Words enough"}
OWNER, NEIGHBOUR, RELATIVE = "+97333111222", "+97333111333", "+97333111444"
STRANGER = "+97333111777"  # of whom the house knows nothing
MARKS = (OWNER, OWNER[4:], "Maryam Ahmed", "مريم أحمد")  # by which the owner is seen in an answer


@dataclass
class House:
    """A house in use: who owns things, who else is about, and the value of each parameter of a path."""

    client: FlaskClient
    owner: Headers
    person: Any
    staff: dict[str, Headers]
    members: dict[str, Any]
    values: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, who: Headers | None = None, expect: int = 201, **more: Any) -> Any:
        """Ask the API; what it answered, which must have the status expected."""
        headers = {"Idempotency-Key": uuid4().hex, "If-Match": "*"} | (who or {})
        answer = self.client.open(f"{V1}{path}", method=method, headers=headers, **more)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.get_data(as_text=True))
        return answer.get_json(silent=True)

    def neighbour(self) -> Headers:
        """Somebody else, signed in."""
        with db.transaction() as tx:
            return signed_in(person=ensure_person(tx, NEIGHBOUR).id)

    def value(self, rule: str, name: str) -> str | None:
        """What stands for a parameter of a rule: of a thing of the owner's, or of the house's."""
        upto = re.sub(rf"(<(?:\w+:)?{name}>).*", r"\1", rule)
        return self.values.get(upto) or self.values.get(short(upto))

    def names(self, route: Route) -> dict[str, str]:
        """The values of a route's parameters: of things that are there. Raises KeyError for one without a value."""
        found = {name: self.value(route.rule, name) for name in PARAMETER.findall(route.rule)}
        if missing := [name for name, value in found.items() if value is None]:
            raise KeyError(*missing)
        return {name: value for name, value in found.items() if value is not None}

    def path(self, route: Route) -> str:
        """The route's path to things that are there. Raises KeyError for a parameter without a value."""
        names = self.names(route)
        return PARAMETER.sub(lambda parameter: names[parameter[1]], route.rule)


def short(upto: str) -> str:
    before, _, name = upto.rpartition("<")
    parts = [part for part in before.split("/") if part and not part.startswith("<")]
    return f"{parts[-1]}/{name.rstrip('>').rpartition(':')[2]}"


def alone(app: Flask) -> House:
    """One of each thing, in tables emptied before, asked for in English."""
    from tests.conftest import empty

    empty()
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return make(client)


def make(client: FlaskClient) -> House:
    """Fill an empty database with one of each thing."""
    from asimati.pack import load, sync

    with db.transaction() as tx:
        sync(tx, load(settings().governorate.folder))
    make_edition()
    with db.transaction() as tx:
        facts = {"name_ar": MARKS[3], "name_latin": MARKS[2], "sex": Sex.FEMALE, "block": "317",
                 "birth_date": date(1991, 3, 1)}  # fmt: skip
        person = ensure_person(tx, OWNER, **facts).id
        ensure_person(tx, NEIGHBOUR)
    members = {str(role): member(role) for role in Role}
    staff = {role: signed_in(staff=identity) for role, identity in members.items()}
    house = House(client, signed_in(person=person), person, staff, members)
    for fill in (
        of_accounts, of_households, of_cases, of_appointments, of_volunteering, of_events, of_notifications,
        of_impact, of_data_protection, of_open311,
    ):  # fmt: skip
        fill(house)
    return house


def member(*roles: Role | str, scopes: Any = None) -> Any:
    """A new member of staff with these roles, within these scopes; their id."""
    from asimati.accounts.actions import grant
    from asimati.kit.policy import SYSTEM

    with db.transaction() as tx:
        name = {"ar": "موظف", "en": "Staff"}
        made = create_staff(
            tx, f"{uuid4().hex}@asimati.example", "asimati-demo", name, [] if scopes else list(roles)
        )
        for role in roles if scopes else ():
            for scope in scopes:
                grant(tx, SYSTEM, made.id, Role(role), scopes=scope, reason="a test")
        return made.id


def signed_in(*, assurance: str = "advanced", **holder: Any) -> Headers:
    """The headers of a person or a member of staff with a session of their own."""
    with db.transaction() as tx:
        return {"Authorization": f"Bearer {start_session(tx, **holder, assurance=assurance)['access_token']}"}


# --- room by room ----------------------------------------------------------------------------------------------


def of_accounts(house: House) -> None:
    ask, chief = house.ask, house.staff["administrator"]
    ask("PUT", "/me/devices/a-telephone", house.owner, 204,
        json={"platform": "android", "push_token": "a" * 40})  # fmt: skip
    colleague = member(Role.REVIEWER)
    granted = ask("POST", f"/staff/members/{colleague}/grants", chief, json={"role": "auditor", "reason": "a year"})
    ends = (now() + timedelta(days=2)).isoformat()
    cleared = {"ends_at": ends, "reason": "holds such cases"}
    ask("PUT", f"/staff/members/{colleague}/clearance", chief, 200, json=cleared)
    own = ask("GET", "/staff/me", house.staff["reviewer"], 200)["grants"][0]["id"]
    lending = {"grant": own, "to": str(colleague), "ends_at": ends, "reason": "leave"}
    lent = ask("POST", "/staff/delegations", house.staff["reviewer"], json=lending)
    session = ask("GET", "/auth/sessions", house.owner, 200)["items"][0]["id"]
    with db.transaction() as tx:
        key = Passkey(staff_id=house.members["reviewer"], credential=b"one", public_key=b"two", name="A key")
        tx.add(key)
        tx.flush()
        passkey = key.id
    calendar = ask("POST", "/me/calendar-link", house.owner)["url"].rpartition("/")[2].removesuffix(".ics")
    house.values |= {
        "devices/installation_id": "a-telephone", "members/staff_id": str(colleague),
        "grants/grant_id": granted["id"], "delegations/grant_id": lent["id"], "sessions/session_id": session,
        "passkeys/passkey_id": str(passkey), "calendar/token": calendar, "oidc/provider": "national",
    }  # fmt: skip


def of_households(house: House) -> None:
    child = {
        "relation": "child",
        "name_ar": "سلمان",
        "birth_date": str(now().year - 9) + "-01-02",
        "guardian": True,
    }
    mine = house.ask("POST", "/me/household", house.owner, json=child)["id"]
    with db.transaction() as tx:
        mother = ensure_person(tx, RELATIVE, birth_date=now().date().replace(year=1960, day=1)).id
    asked = {"relation": "child", "name_ar": "مريم", "phone": OWNER}
    hers = house.ask("POST", "/me/household", signed_in(person=mother), json=asked)["id"]
    house.values |= {"household/member_id": mine, "invitations/member_id": hers}


def of_cases(house: House) -> None:
    ask, reviewer = house.ask, house.staff["reviewer"]
    form = ask("GET", "/services/suggestion", None, 200)["form"]
    said = {"service": "suggestion", "form_version": form["version"], "answers": answers_to(form["schema"])}
    case = ask("POST", "/service-requests", house.owner, json=said)["reference"]
    file = ask("POST", f"/service-requests/{case}/attachments", house.owner, data=picture())["id"]
    another = ask("POST", "/service-requests", house.owner, json=said)["reference"]
    draft = ask("POST", "/request-drafts", house.owner, json=said)["id"]
    unnamed = ask("POST", "/service-requests", None, json=said)
    ask("POST", f"/staff/service-requests/{case}/claim", reviewer, 200, json={})
    template = ask("GET", "/staff/letter-templates", reviewer, 200)["items"][0]["code"]
    letter = ask("POST", f"/staff/service-requests/{case}/letters", reviewer, json={"template": template})
    with db.transaction() as tx:
        credential = tx.scalars(select(Credential).limit(1)).one()
        house.values |= {"credentials/credential_id": str(credential.id), "status/number": "1"}
    house.values |= {
        "another case": another, "services/code": "suggestion",
        "service-requests/reference": case, "attachments/file_id": file,
        "request-drafts/draft_id": draft, "attachments/token": unnamed["attach"]["token"],
        "letters/letter": letter["reference"], "queues/name": "unassigned",
        "reply-templates/code": ask("GET", "/staff/reply-templates", reviewer, 200)["items"][0]["code"],
        "entities/code": ask("GET", "/staff/entities", reviewer, 200)["items"][0]["code"],
    }  # fmt: skip


def of_appointments(house: House) -> None:
    ask, head = house.ask, house.staff["supervisor"]
    last = (now() + timedelta(days=14)).date()
    free = ask("GET", f"/services/inquiry/slots?to={last}", None, 200)["items"]
    booked = ask(
        "POST", "/appointments", house.owner, json={"service": "inquiry", "starts_at": free[0]["starts_at"]}
    )
    desk = ask("GET", "/staff/desks", head, 200)["items"][0]["code"]
    start = now() + timedelta(days=20)
    closed = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=2)).isoformat(), "reason": BOTH}
    closure = ask("POST", f"/staff/desks/{desk}/closures", head, json=closed)["id"]
    away = {"weekdays": ["mon"], "starts_on": str(start.date() + timedelta(days=60)), "reason": BOTH}
    leave = ask("POST", f"/staff/desks/{desk}/leaves", head, json=away)["id"]
    holiday = ask("GET", "/staff/holidays", head, 200)["items"][0]["day"]
    house.values |= {
        "appointments/reference": booked["reference"], "desks/code": desk, "desk-closures/closure_id": closure,
        "desk-leaves/leave_id": leave, "holidays/day": holiday,
    }  # fmt: skip


def of_volunteering(house: House) -> None:
    ask, guide, other = house.ask, house.staff["coordinator"], signed_in(staff=member(Role.COORDINATOR))
    shift = make_shift(now() - timedelta(hours=1))
    words = ask("GET", "/volunteering/charter", None, 200)["version"]
    ask("PUT", "/me/volunteer/charter", house.owner, 200, json={"version": words})
    sign_up = ask("POST", f"/shifts/{shift}/sign-ups", house.owner)
    arrived = (now() - timedelta(minutes=50)).isoformat()
    ask("POST", f"/sign-ups/{sign_up['id']}/check-in", guide, 200, json={"at": arrived})
    ask("POST", f"/sign-ups/{sign_up['id']}/check-out", guide, 200, json={})
    claim = ask("GET", "/staff/hours?status=pending", guide, 200)["items"][0]["id"]
    file = ask("POST", f"/me/hours/{claim}/evidence", house.owner, data=picture())["id"]
    ask("POST", f"/staff/hours/{claim}/reject", other, 200, json={"reason": "was elsewhere"})
    dispute = ask("POST", f"/me/hours/{claim}/dispute", house.owner, json={"note": "I was there"})["disputes"][0][
        "id"
    ]
    ask("PUT", f"/staff/volunteers/{house.person}/orientation", guide, 200, json={})
    coming = ask("POST", f"/shifts/{make_shift(now() + timedelta(days=40))}/sign-ups", house.owner)
    swap = ask("POST", f"/sign-ups/{coming['id']}/swap", house.owner, json={})
    school = {"name": BOTH, "kind": "school", "contact": "office@school.example"}
    entity = ask("POST", "/volunteer-entities", house.owner, json=school)
    ask("POST", f"/staff/volunteer-entities/{entity['id']}/accredit", guide, 200, json={})
    offer = ask("POST", f"/volunteer-entities/{entity['id']}/opportunities", house.owner, json={"title": BOTH})
    house.values |= {
        "guardian-consents/consent_id": str(consent_to_give(house)),
        "call-outs/call_out_id": str(call_received(house)),
        "/api/v1/volunteer-entities/<uuid:entity_id>/opportunities/<uuid:opportunity_id>": offer["id"],
        "swaps/swap_id": swap["id"], "volunteer-entities/entity_id": entity["id"],
        "/api/v1/volunteer-entities/<uuid:entity_id>/members/<uuid:member_id>": entity["members"][0]["id"],
        "opportunities/opportunity_id": sign_up["shift"]["opportunity"], "shifts/shift_id": str(shift),
        "sign-ups/sign_up_id": sign_up["id"], "hours/claim_id": claim, "evidence/file_id": file,
        "hours-disputes/dispute_id": dispute, "volunteers/person_id": str(house.person), "editions/code": "now",
    }  # fmt: skip


def consent_to_give(house: House) -> Any:
    """A minor whose guardian the owner is, and who asks for a consent; its id."""
    with db.transaction() as tx:
        ward = ensure_person(tx, "+97333009977", birth_date=now().date().replace(year=now().year - 16, day=1)).id
        tie = {"relation": Relation.CHILD, "guardianship": Guardianship.DECLARED}
        tx.add(HouseholdMember(holder_id=house.person, person_id=ward, **tie))
        consent = GuardianConsent(person_id=ward, edition="now")
        tx.add(consent)
        tx.flush()
        return consent.id


def call_received(house: House) -> Any:
    """A call for volunteers that the owner received; its id."""
    with db.transaction() as tx:
        coordinator = tx.scalars(select(StaffMember.id).limit(1)).one()
        coming = make_shift(now() + timedelta(days=45))
        found = CallOut(shift_id=coming, called_by=coordinator, urgent=False, called=1)
        tx.add(found)
        tx.flush()
        tx.add(Call(call_out_id=found.id, person_id=house.person))
        return found.id


def of_events(house: House) -> None:
    from tests.events.ground import make_event

    event, another = make_event(series="talks"), make_event(series="talks")
    booking = house.ask("POST", f"/events/{event}/bookings", house.owner, json={"party_size": 1})
    with db.transaction() as tx:
        ends = clock.now(tx) + timedelta(days=30)
        missed = Deferral(person_id=house.person, status="in_force", missed=2, ends_at=ends)
        tx.add(missed)
        tx.flush()
        deferral = str(missed.id)
    house.values |= {
        "programmes/slug": "week", "events/event_id": str(event), "bookings/reference": booking["reference"],
        "another event": str(another), "deferrals/deferral_id": deferral, "appeals/deferral_id": deferral,
    }  # fmt: skip


def of_notifications(house: House) -> None:
    from asimati.notifications.unsubscribe import link

    ask = house.ask
    words = {"title": BOTH, "text": BOTH, "channels": ["inbox"]}
    broadcast = ask("POST", "/staff/broadcasts", house.staff["coordinator"], json=words)["id"]
    topic = ask("GET", "/staff/templates", house.staff["supervisor"], 200)["items"][0]["topic"]
    hook = {"name": "UNDP", "url": "https://hooks.undp.org/asimati", "topics": ["events.booking_confirmed"]}
    webhook = ask("POST", "/staff/webhooks", house.staff["administrator"], json=hook)["id"]
    with db.transaction() as tx:
        told, lost = (
            Notification(message_id=uuid4(), person=house.person, topic=topic, title=BOTH, text=BOTH, **more)
            for more in ({"channel": "inbox", "status": "sent"}, {"channel": "sms", "status": "failed"})
        )
        called = WebhookDelivery(
            webhook_id=tx.scalars(select(Webhook.id)).one(), message_id=uuid4(), topic="events.booking_confirmed",
            body="{}", status="failed",
        )  # fmt: skip
        at_work = Notification(message_id=uuid4(), staff_id=house.members["reviewer"], channel="inbox", topic=topic,
                               title=BOTH, text=BOTH, status="sent")  # fmt: skip
        tx.add_all([told, lost, called, at_work])
        tx.flush()
        house.values |= {
            "notifications/notification_id": str(told.id), "undelivered/notification_id": str(lost.id),
            "deliveries/delivery_id": str(called.id), "notices/notice_id": str(at_work.id),
        }  # fmt: skip
    house.values |= {
        "broadcasts/broadcast_id": broadcast, "templates/topic": topic, "webhooks/webhook_id": webhook,
        "providers/name": "mailbox", "unsubscribe/token": link(house.person, topic).rpartition("/")[2],
    }  # fmt: skip


def of_impact(house: House) -> None:
    from workers.tasks.deliver import drain

    guide = house.staff["coordinator"]
    told = {"title": BOTH, "text": BOTH, "target": "4.4", "on": "2026-01-02", "consent": BOTH,
            "consented_on": "2026-01-02"}  # fmt: skip
    story = house.ask("POST", "/staff/impact/stories", guide, json=told)["id"]
    drain()
    tallies = house.ask("GET", "/impact/tallies", None, 200)["items"]
    dossier = house.ask("GET", "/staff/impact/dossiers", guide, 200)["items"][0]["code"]
    house.values |= {"tallies/tally_id": tallies[0]["id"], "stories/story_id": story, "dossiers/code": dossier}


def of_data_protection(house: House) -> None:
    ask, desk = house.ask, house.staff["data_protection_officer"]
    block = ask(
        "POST", "/me/data-requests", house.owner, json={"kind": "block", "text": "wrong", "group": "contact"}
    )
    ask("POST", f"/staff/data-requests/{block['reference']}/carry-out", desk, 200, json={"answer": "Blocked."})
    copy = ask("POST", "/me/data-requests", house.owner, json={"kind": "copy"})["reference"]
    restriction = ask("GET", f"/staff/people/{house.person}", desk, 200)["restrictions"][0]["id"]
    report = ask(
        "POST", "/integrity/reports", None, json={"category": "bribery", "text": "Words enough to be read"}
    )
    assert report["code"]
    found = ask("GET", "/staff/queues/integrity", house.staff["integrity_officer"], 200)["items"][0]["reference"]
    consent = ask("GET", "/me/consents", house.owner, 200)["items"][0]
    ask("PUT", f"/me/consents/{consent['code']}", house.owner, 204, json={"edition": consent["edition"]})
    with db.transaction() as tx:
        twin = ensure_person(tx, "+97333111666").id
    proposal = {"kept": str(house.person), "other": str(twin), "reason": "the same papers were shown"}
    merge = ask("POST", "/staff/account-merges", desk, json=proposal)["id"]
    house.values |= {
        "account-merges/merge_id": merge, "data-requests/reference": copy,
        "restrictions/restriction_id": restriction,
        "people/person_id": str(house.person), "integrity-reports/reference": found,
        "consents/code": consent["code"],
    }  # fmt: skip


def of_open311(house: House) -> None:
    made = house.ask("POST", "/staff/api-keys", house.staff["administrator"],
                     json={"name": "City app", "scopes": ["requests.file"]})  # fmt: skip
    fields = {"api_key": made["api_key"], "service_code": "street-light", "description": "The lamp is out",
              "lat": "26.2412", "long": "50.5812", "phone": "+97333111555", "attribute[fault]": "out",
              "attribute[details]": "The lamp is out"}  # fmt: skip
    filed = house.client.post("/open311/v2/requests.json", data=fields)
    assert filed.status_code == 200, filed.get_data(as_text=True)
    house.values |= {
        "api-keys/key_id": made["id"], "tokens/token": filed.json[0]["service_request_id"],
        "/open311/v2/requests/<reference>": filed.json[0]["service_request_id"],
        "/open311/v2/services/<code>": "street-light",
    }  # fmt: skip
    for rule in ("discovery.<form>", "services.<form>", "requests.<form>", "services/<code>.<form>",
                 "requests/<reference>.<form>", "tokens/<token>.<form>"):  # fmt: skip
        house.values[f"/open311/v2/{rule}"] = "json"


def picture() -> dict[str, Any]:
    return {"file": (io.BytesIO(photograph()), "photograph.jpg")}
