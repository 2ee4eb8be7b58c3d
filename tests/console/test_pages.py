"""The staff's pages: closed to strangers, the API's rules, nobody's work overwritten, both languages."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from asimati.accounts.actions import create_staff
from asimati.appointments import sync as desks
from asimati.console import asking
from asimati.impact.models import Reconciliation
from asimati.kit import clock, db
from asimati.kit.policy import Role
from asimati.places import sync as places
from asimati.service_requests.sync import sync
from asimati.settings import settings
from tests.appointments.ground import PART as DESKS
from tests.events.ground import make_event, make_people, signed_in
from tests.service_requests.town import BLOCKS, PART, filed
from tests.volunteering.ground import make_edition, make_shift, now

Headers = dict[str, str]
PASSWORD = "a-long-demo-password-for-tests"


@pytest.fixture
def town(client: FlaskClient) -> FlaskClient:
    with db.transaction() as tx:
        places.sync(tx, BLOCKS)
        sync(tx, PART)
    return client


Browser = Callable[..., FlaskClient]


@pytest.fixture
def browser(app: Flask, town: FlaskClient) -> Browser:
    """A browser of a member of staff who has signed in."""

    def opened(name: str, *roles: Role, language: str = "en") -> FlaskClient:
        with db.transaction() as tx:
            create_staff(tx, f"{name}@asimati.example", PASSWORD, {"ar": "موظف", "en": name}, roles)
        made = app.test_client()
        made.post("/console/language", data={"language": language})
        answer = made.post("/console/sign-in", data={"email": f"{name}@asimati.example", "password": PASSWORD})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return made

    return opened


@pytest.fixture
def reviewer(browser: Browser) -> FlaskClient:
    return browser("reviewer", Role.REVIEWER)


@pytest.fixture
def case(town: FlaskClient, as_resident: Callable[..., Headers]) -> str:
    answer = town.post("/api/v1/service-requests", json=filed(), headers=as_resident())
    assert answer.status_code == 201
    return str(answer.json["reference"])


def text_of(answer: Any) -> str:
    found: str = answer.get_data(as_text=True)
    return found


def hidden(page: str, name: str, within: str = "") -> str:
    """The value of a hidden field of the form whose action holds `within`."""
    form = next(part for part in re.findall(r"<form.*?</form>", page, re.S) if within in part)
    return html.unescape(re.findall(rf'name="{name}" value="([^"]*)"', form)[0])


def fill(browser: FlaskClient, page: str, action: str, **fields: str) -> Any:
    """Send the form of a page that goes to `action`."""
    marks = {name: hidden(page, name, f'action="{action}"') for name in ("mark", "key", "match")}
    return browser.post(action, data={**marks, **fields})


def console_rules(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console.") and rule.endpoint not in (
            "console.static", "console.sign_in", "console.sign_in_now", "console.set_language", "console.locked",
            "console.unlock", "console.passkey_sign_in", "console.passkey_sign_in_options",
            "console.sign_on", "console.sign_on_back", "console.sign_on_factor",
        ):  # fmt: skip
            path = re.sub(r"<any\('?([\w-]+)[^>]*>", r"\1", rule.rule)
            path = re.sub(r"<uuid:[^>]+>", "00000000-0000-7000-8000-000000000000", path)
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                yield method, re.sub(r"<[^>]+>", "claim", path)


def send(who: FlaskClient, page: str, path: str, **fields: str) -> Any:
    """A form of the page, sent to a path."""
    mark = re.findall(r'data-mark="(\w+)"', page)[0]
    return who.post(path, data={"mark": mark, "key": uuid4().hex, **fields})


def test_every_page_is_closed_to_who_has_not_signed_in(app: Flask, client: FlaskClient) -> None:
    rules = list(console_rules(app))
    assert len(rules) > 20
    for method, path in rules:
        answer = client.open(path, method=method)
        assert answer.status_code in (302, 303) and "/console/sign-in" in answer.headers["Location"], path


def test_a_resident_has_no_business_here(app: Flask, town: FlaskClient) -> None:
    browser = app.test_client()
    browser.set_cookie("asimati_console", "bm9uc2Vuc2U=", path="/console")
    assert browser.get("/console/").status_code == 302


def test_a_wrong_password_is_said_and_the_email_kept(app: Flask, town: FlaskClient) -> None:
    page = app.test_client().post("/console/sign-in", data={"email": "x@asimati.example", "password": "no"})
    assert page.status_code == 401
    assert 'value="x@asimati.example"' in text_of(page)


def test_the_cookie_is_for_the_console_alone_and_out_of_reach_of_scripts_and_other_sites(
    app: Flask, browser: Browser
) -> None:
    browser("lina", Role.REVIEWER)
    who = {"email": "lina@asimati.example", "password": PASSWORD}
    cookie = app.test_client().post("/console/sign-in", data=who).headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/console"))


def test_after_signing_in_one_goes_only_to_pages_of_ours(app: Flask, browser: Browser) -> None:
    browser("lina", Role.REVIEWER)
    for target, expected in (("/console/queues", "/console/queues"), ("//evil.example/console/", "/console/")):
        answer = app.test_client().post(
            "/console/sign-in", query_string={"next": target},
            data={"email": "lina@asimati.example", "password": PASSWORD},
        )  # fmt: skip
        assert answer.headers["Location"] == expected


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=["origin", "hidden-origin", "fetch-metadata"],
)
def test_another_site_cannot_send_a_form(reviewer: FlaskClient, case: str, headers: Headers) -> None:
    page = text_of(reviewer.get(f"/console/cases/{case}"))
    mark = hidden(page, "mark")
    answer = reviewer.post(f"/console/cases/{case}/claim", data={"mark": mark}, headers=headers)
    assert answer.status_code == 403


def test_a_form_without_its_mark_is_refused(reviewer: FlaskClient, case: str) -> None:
    assert reviewer.post(f"/console/cases/{case}/claim").status_code == 403


def test_a_reviewers_morning(reviewer: FlaskClient, case: str) -> None:
    assert case in text_of(reviewer.get("/console/queues/unassigned"))
    page = text_of(reviewer.get(f"/console/cases/{case}"))
    claimed = fill(reviewer, page, f"/console/cases/{case}/claim")
    assert claimed.status_code == 303
    assert case in text_of(reviewer.get("/console/queues/mine"))
    page = text_of(reviewer.get(f"/console/cases/{case}"))
    done = fill(
        reviewer, page, f"/console/cases/{case}/resolve", message_ar="تم إصلاح العطل.", message_en="It is repaired."
    )
    assert done.status_code == 303
    assert "It is repaired." in text_of(reviewer.get(f"/console/cases/{case}"))
    assert reviewer.get("/console/counts").json["mine"] == 0


def test_a_form_sent_twice_acts_once(reviewer: FlaskClient, case: str) -> None:
    page = text_of(reviewer.get(f"/console/cases/{case}"))
    first, second = (fill(reviewer, page, f"/console/cases/{case}/claim") for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert text_of(reviewer.get(f"/console/cases/{case}")).count("<b>Claim</b>") == 1


def test_whoever_comes_too_late_is_told_and_keeps_what_they_typed(
    reviewer: FlaskClient, browser: Browser, case: str
) -> None:
    other = browser("other", Role.SUPERVISOR)
    pages = [text_of(one.get(f"/console/cases/{case}")) for one in (reviewer, other)]
    assert fill(reviewer, pages[0], f"/console/cases/{case}/claim").status_code == 303
    late = fill(other, pages[1], f"/console/cases/{case}/claim", note="A note of ten minutes' work.")
    assert late.status_code in (409, 412)
    assert "Somebody changed this case meanwhile" in text_of(late)
    assert "A note of ten minutes&#39; work." in text_of(late)  # though nobody can claim it any more
    kept = fill(other, pages[1], f"/console/cases/{case}/note", note="Kept & safe")
    assert kept.status_code in (303, 409, 412)
    if kept.status_code != 303:
        assert "Kept &amp; safe" in text_of(kept)


def test_an_auditor_sees_a_case_and_no_move(browser: Browser, case: str) -> None:
    page = text_of(browser("auditor", Role.AUDITOR).get(f"/console/cases/{case}"))
    assert case in page and "/claim" not in page


def test_the_first_page_has_the_numbers_of_today(browser: Browser, reviewer: FlaskClient, case: str) -> None:
    moment = now()
    begins = moment + timedelta(minutes=30 if clock.local(moment).hour < 12 else -30)  # today, at any hour
    make_event(starts_at=begins, ends_at=moment + timedelta(minutes=90))
    coordinator = browser("coordinator", Role.COORDINATOR)
    page = text_of(coordinator.get("/console/"))
    (doors,) = re.findall(r'<b data-count="doors">(\d+)</b>', page)
    assert int(doors) >= 1 and "open now" in page and 'data-count="hours"' in page
    assert coordinator.get("/console/counts?doors").json["doors"] == int(doors)
    page = text_of(reviewer.get("/console/"))
    assert re.search(r'<b data-count="mine">0</b>', page) and 'data-count="overdue"' in page
    send(reviewer, page, f"/console/cases/{case}/claim")
    assert re.search(r'<b data-count="mine">1</b>', text_of(reviewer.get("/console/")))


def test_the_page_of_impact_says_when_the_tallies_could_not_be_proved(browser: Browser, town: FlaskClient) -> None:
    head = browser("head", Role.SUPERVISOR)
    place = {"measure": "volunteer-hours", "period": "2026-11", "target": "4.4", "cells": 1, "more": -2.5}
    for proof, said in (
        ({"differences": 2, "places": [place]}, "made anew from the ledger"),
        ({"differences": 2, "places": [place], "mended": False}, "Do not use the figures"),
        ({"differences": 0}, "Last proof"),
    ):
        with db.transaction() as tx:
            tx.add(Reconciliation(contributions=9, cells=3, **proof))
        page = text_of(head.get("/console/impact"))
        assert said in page
        assert ("volunteer-hours" in page.partition('<ul class="goals">')[0]) is bool(proof["differences"])


def test_the_map_shows_the_block_its_neighbours_and_the_point(
    town: FlaskClient, reviewer: FlaskClient, as_resident: Callable[..., Headers]
) -> None:
    points = {"317": (26.241, 50.589), "318": (26.234, 50.593), "436": (26.2335, 50.527)}
    area = {"ar": "المنطقة الدبلوماسية", "en": "Diplomatic Area"}
    with db.transaction() as tx:
        rows = [{"number": block, "area": area, "lat": lat, "lon": lon} for block, (lat, lon) in points.items()]
        places.sync(tx, {**BLOCKS, "blocks": rows})
    shown = []
    for location in ({"block": "317", "lat": 26.2402, "lon": 50.5875}, {"block": "317"}):
        said = {**filed(), "location": location}
        made = town.post("/api/v1/service-requests", json=said, headers=as_resident()).json
        shown.append(text_of(reviewer.get(f"/console/cases/{made['reference']}")))
    for page in shown:
        assert "Block 317, Diplomatic Area; beside it: 318</title>" in page
        assert page.count("<polygon") == 3 and page.count('class="cell own"') == 1
        assert ">436</text>" not in page  # kilometres away: on the small drawing of the whole alone
    assert 'class="pin"' in shown[0] and "geo:26.2402,50.5875" in shown[0]
    assert 'class="pin"' not in shown[1] and "geo:26.241,50.589" in shown[1]  # the block's point is nobody's house


def test_a_picture_of_the_case_is_taken_away_by_whoever_may_see_it(
    town: FlaskClient, browser: Browser, reviewer: FlaskClient, as_resident: Callable[..., Headers]
) -> None:
    headers = as_resident()
    reference = town.post("/api/v1/service-requests", json=filed(), headers=headers).json["reference"]
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
    sent = {"file": (io.BytesIO(picture.getvalue()), "hole.png")}
    path = f"/api/v1/service-requests/{reference}/attachments"
    assert town.post(path, data=sent, headers=headers).status_code == 201
    page = text_of(reviewer.get(f"/console/cases/{reference}"))
    (link,) = re.findall(rf'href="(/console/cases/{reference}/attachments/[^"]+)"', page)
    taken = reviewer.get(link)
    assert taken.status_code == 200 and taken.mimetype.startswith("image/") and taken.data
    assert taken.headers["X-Content-Type-Options"] == "nosniff"
    assert browser("coordinator", Role.COORDINATOR).get(link).status_code in (403, 404)


def test_a_queue_is_narrowed_and_keeps_what_was_asked(reviewer: FlaskClient, case: str) -> None:
    page = text_of(reviewer.get("/console/queues/unassigned?channel=app&order=newest&q="))
    assert case in page and '<option value="app" selected>' in page and '<option value="newest" selected>' in page
    assert case not in text_of(reviewer.get("/console/queues/unassigned?channel=majlis"))
    areas = re.search(r'<select id="area".*?</select>', page, re.DOTALL)
    assert areas and areas[0].count("<option") == 2  # all, and the one area of both blocks
    assert case not in text_of(reviewer.get("/console/queues/unassigned?filed_to=2020-01-01"))


def test_a_bulk_move_tells_of_each_case(
    town: FlaskClient, reviewer: FlaskClient, case: str, as_resident: Callable[..., Headers]
) -> None:
    second = town.post("/api/v1/service-requests", json=filed(), headers=as_resident()).json["reference"]
    page = text_of(reviewer.get("/console/queues/unassigned"))
    sent = {"mark": hidden(page, "mark", "/bulk"), "key": hidden(page, "key", "/bulk"), "move": "claim"}
    answer = text_of(
        reviewer.post("/console/queues/unassigned/bulk", data={**sent, "reference": [case, second, "SR-NOBODY0"]})
    )
    assert answer.count('class="done"') == 2 and answer.count('class="refused"') == 1


def test_what_residents_wrote_is_text_and_never_markup(
    town: FlaskClient, reviewer: FlaskClient, as_resident: Callable[..., Headers]
) -> None:
    filed_ = filed()
    name = next(key for key, value in filed_["answers"].items() if isinstance(value, str) and len(value) > 5)
    filed_["answers"][name] = "<script>alert(1)</script>"
    reference = town.post("/api/v1/service-requests", json=filed_, headers=as_resident()).json["reference"]
    page = text_of(reviewer.get(f"/console/cases/{reference}"))
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


PAGES = [
    "",
    "queues",
    "queues/mine",
    "events",
    "doors",
    "bookings",
    "shifts",
    "sign-ups",
    "hours",
    "impact",
    "audit",
    "programmes",
    "programmes/new",
    "events/new",
    "opportunities",
    "opportunities/new",
    "broadcasts",
    "broadcasts/new",
    "templates",
    "undelivered",
    "members",
    "webhooks",
    "me",
    "appointments",
]


@pytest.mark.parametrize("language", ["ar", "en"])
def test_pages_are_light_strict_and_in_the_readers_language(browser: Browser, case: str, language: str) -> None:
    everybody = browser(
        "all", Role.REVIEWER, Role.SUPERVISOR, Role.COORDINATOR, Role.ADMINISTRATOR, Role.AUDITOR, language=language
    )
    event = make_event()
    for path in (*PAGES, f"cases/{case}", f"events/{event}", f"events/{event}/edit", f"doors/{event}"):
        answer = everybody.get(f"/console/{path}")
        page = text_of(answer)
        assert answer.status_code == 200, f"{path}: {page[-500:]}"
        assert len(answer.data) < 100_000
        assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in page
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "same-origin"  # else a browser hides the origin of its forms
        assert not re.search(r"""(src|href)=["']https?://|style="|onclick=|<script>""", page), path


def test_the_door_admits_and_says_so_again_for_a_second_scan(
    client: FlaskClient, browser: Browser, case: str
) -> None:
    coordinator = browser("coordinator", Role.COORDINATOR)
    event = make_event()
    (who,) = make_people(1)
    booked = client.post(f"/api/v1/events/{event}/bookings", json={}, headers=signed_in(who)).json
    page = text_of(coordinator.get(f"/console/doors/{event}"))
    mark = re.findall(r'data-mark="(\w+)"', page)[0]
    scan = {"ticket": booked["ticket"], "nonce": "n1", "at": booked["starts_at"], "event": str(event)}
    path = f"/console/doors/{event}/scans"
    assert coordinator.post(path, json={"items": [scan]}).status_code == 403
    first, again = (coordinator.post(path, json={"items": [scan]}, headers={"X-Mark": mark}).json for _ in range(2))
    assert first["items"][0]["outcome"] == again["items"][0]["outcome"]
    assert coordinator.get(f"/console/doors/{event}/count").json["expected"] == 1


def test_a_coordinator_tells_all_of_a_shift_prints_the_sheet_and_marks_who_did_not_come(
    client: FlaskClient, browser: Browser, as_resident: Callable[..., Headers]
) -> None:
    make_edition()
    shift = make_shift(now() - timedelta(minutes=5), places=1)
    signed_up: Any = client.post(f"/api/v1/shifts/{shift}/sign-ups", headers=as_resident()).json
    coordinator = browser("coordinator", Role.COORDINATOR)
    address = f"/console/shifts/{shift}"
    page = text_of(coordinator.get(address))
    told = send(coordinator, page, f"{address}/broadcast", text_ar="نلتقي عند الباب", text_en="Meet at the gate")
    assert told.status_code == 303
    assert "It is on its way." in text_of(coordinator.get(address))
    assert send(coordinator, page, f"{address}/sign-ups/{signed_up['id']}/no-show").status_code == 303
    assert "Did not come" in text_of(coordinator.get(address))
    sheet = coordinator.get(f"{address}/attendance.pdf")
    assert (sheet.mimetype, sheet.data[:4]) == ("application/pdf", b"%PDF")


def test_a_large_table_of_events_is_looked_through_and_each_fault_named(browser: Browser) -> None:
    coordinator = browser("coordinator", Role.COORDINATOR)
    make_event()
    page = text_of(coordinator.get("/console/programmes/week"))
    fields = {name: hidden(page, name, "import") for name in ("mark", "key")}
    table = "type,title_ar,title_en\n" + ("workshop,," + "a" * 400 + "\n") * 200
    answer = coordinator.post(
        "/console/programmes/week/import", data={**fields, "file": (io.BytesIO(table.encode()), "events.csv")}
    )
    assert answer.status_code == 200, text_of(answer)[:2000]
    assert '<th scope="col">Row</th>' in text_of(answer)
    assert len(answer.data) < 100_000


def test_signing_out_ends_the_session(reviewer: FlaskClient) -> None:
    page = text_of(reviewer.get("/console/"))
    reviewer.post("/console/sign-out", data={"mark": hidden(page, "mark", "sign-out")})
    assert reviewer.get("/console/").status_code == 302


def test_a_case_is_given_to_a_colleague_by_name_and_departments_are_a_list(
    browser: Browser, reviewer: FlaskClient, case: str
) -> None:
    colleague = browser("colleague", Role.REVIEWER)
    address = f"/console/cases/{case}"
    assert fill(reviewer, text_of(reviewer.get(address)), f"{address}/claim").status_code == 303
    page = text_of(reviewer.get(address))
    chosen = re.findall(r'<select id="reviewer-hand_over" name="reviewer">(.*?)</select>', page)[0]
    ((number, name),) = re.findall(r'<option value="([^"]+)">([^<]+)</option>', chosen)
    assert name == "colleague", "and not whoever holds it"
    given = fill(reviewer, page, f"{address}/hand_over", reviewer=number, note="It stands here")
    assert given.status_code == 303 and case in text_of(colleague.get("/console/queues/mine"))
    with db.transaction() as tx:
        lamp, *others = PART["services"]
        sync(tx, {**PART, "services": [lamp | {"department": "works"}, *others]})
    filtered = text_of(browser("other", Role.REVIEWER).get("/console/queues/open?department=works"))
    assert '<option value="works" selected>' in filtered and case in filtered


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_supervisor_closes_a_desk_on_weekdays_keeps_what_was_typed_and_takes_it_back(
    client: FlaskClient, browser: Browser, language: str
) -> None:
    with db.transaction() as tx:
        desks.sync(tx, DESKS)
    supervisor = browser("head", Role.SUPERVISOR, language=language)
    address, leave = "/console/appointments", "/console/desk-leaves"
    today = str(clock.local_day(clock.utcnow()))
    typed = {
        "desk": "officer",
        "starts_on": today,
        "reason_ar": "تدريب",
        "reason_en": "Training",
        "every_weeks": "2",
        "weekdays": "thu",
    }
    page = text_of(supervisor.get(address))
    refused = send(supervisor, page, leave, **typed, hours="late")
    said = text_of(refused)
    assert refused.status_code == 422 and 'role="alert"' in said
    for kept in (
        'value="late"',
        'value="Training"',
        'value="thu" checked',
        'value="officer" selected',
        'value="2"',
    ):
        assert kept in said, kept
    made = send(supervisor, said, leave, **typed, hours="12:00-14:00")
    assert made.status_code == 303
    page = text_of(supervisor.get(address))
    assert "12:00–14:00" in page and ("Thursday" if language == "en" else "الخميس") in page
    ended = re.findall(rf"{leave}/[^/]+/end", page)[0]
    looks_on = text_of(browser("desk", Role.REVIEWER, language=language).get(address))
    assert "12:00–14:00" in looks_on and ended not in looks_on and leave not in looks_on
    assert send(supervisor, page, ended).status_code == 303
    assert "12:00–14:00" not in text_of(supervisor.get(address))


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_supervisor_closes_a_desk_once_keeps_what_was_typed_and_opens_it_again(
    client: FlaskClient, browser: Browser, language: str
) -> None:
    with db.transaction() as tx:
        desks.sync(tx, DESKS)
    supervisor = browser("head", Role.SUPERVISOR, language=language)
    address, closures = "/console/appointments", "/console/desk-closures"
    day = clock.local_day(clock.utcnow()) + timedelta(days=3)
    typed = {
        "desk": "officer",
        "closed_reason_ar": "صيانة",
        "closed_reason_en": "Repairs",
        "closed_from": f"{day}T12:00",
    }
    refused = send(supervisor, text_of(supervisor.get(address)), closures, **typed, closed_until=f"{day}T11:00")
    said = text_of(refused)
    assert refused.status_code == 422 and 'role="alert"' in said
    for kept in ('value="officer" selected', 'value="Repairs"', f'value="{day}T12:00"'):
        assert kept in said, kept
    assert send(supervisor, said, closures, **typed, closed_until=f"{day}T14:00").status_code == 303
    page = text_of(supervisor.get(address))
    (ended,) = re.findall(rf"{closures}/[^/]+/end", page)
    assert ("Repairs" if language == "en" else "صيانة") in page
    looks_on = text_of(browser("desk", Role.REVIEWER, language=language).get(address))
    assert ("Repairs" if language == "en" else "صيانة") in looks_on and closures not in looks_on
    assert send(supervisor, page, ended).status_code == 303
    assert not re.findall(rf"{closures}/[^/]+/end", text_of(supervisor.get(address)))


def test_a_list_that_was_refused_is_not_remembered_as_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API was away for a moment; the colleagues one may choose from are there again right after."""
    monkeypatch.setattr(settings().web, "lists", 30.0)
    monkeypatch.setattr(asking, "_LISTS", {})
    said = iter([None, ["street-lamp"]])  # and is asked no more
    for expected in ([], ["street-lamp"], ["street-lamp"]):
        assert asking._kept(("/services", "ar", None), lambda: next(said)) == expected
