"""The pages about volunteers: a profile, the orientation, whom to call, and a call at short notice."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.kit import db
from asimati.kit.policy import Role
from asimati.volunteering import catalogues, role_rules
from asimati.volunteering.models import Shift, Skill, Volunteer
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import V1, make_edition, make_shift, now

Browser = Callable[..., FlaskClient]


@pytest.fixture
def ground(client: FlaskClient) -> dict[str, Any]:
    """A volunteer with a place on a shift of in an hour that has places left, and another who fits it."""
    make_edition()
    with db.transaction() as tx:
        catalogues.sync(tx, Skill, [{"code": "first-aid", "title": {"ar": "الإسعافات الأولية", "en": "First aid"}}])
    shift, (who, other) = make_shift(now() + timedelta(hours=1), places=3), make_people(2)
    said = {"skills": ["first-aid"], "emergency_contact": {"name": "Huda", "phone": "33123456"}}
    client.put(f"{V1}/me/volunteer", json=said, headers=signed_in(who))
    needs = {"needs": "wheelchair", "edition": 1}
    client.put(f"{V1}/me/volunteer/accessibility", json=needs, headers=signed_in(who))
    signed = client.post(f"{V1}/shifts/{shift}/sign-ups", json={}, headers=signed_in(who)).json
    with db.transaction() as tx:
        tx.add(Volunteer(person_id=other.id))
    return {"shift": shift, "who": who.id, "sign_up": signed["id"]}


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return str(answer.get_data(as_text=True))


def send(page: FlaskClient, address: str, **said: str) -> Any:
    mark = re.findall(r'name="mark" value="([^"]+)"', text_of(page.get("/console/me")))[0]
    return page.post(address, data={"mark": mark, "key": "a-key-of-this-form", **said}, follow_redirects=True)


@pytest.mark.parametrize(("language", "skill"), [("en", "First aid"), ("ar", "الإسعافات الأولية")])
def test_a_volunteers_page_shows_what_helps_and_nothing_for_the_day_alone(
    browser: Browser, ground: dict[str, Any], language: str, skill: str
) -> None:
    coordinator = browser(Role.COORDINATOR, language)
    shown = text_of(coordinator.get(f"/console/volunteers/{ground['who']}"))
    assert skill in shown and "33123456" not in shown and "wheelchair" not in shown
    roster = text_of(coordinator.get(f"/console/shifts/{ground['shift']}"))
    assert f"/console/volunteers/{ground['who']}" in roster and f"{ground['sign_up']}/care" in roster


def test_the_orientation_is_noted_and_taken_back(browser: Browser, ground: dict[str, Any]) -> None:
    coordinator, address = browser(Role.COORDINATOR, "en"), f"/console/volunteers/{ground['who']}"
    assert "Not attended" in text_of(coordinator.get(address))
    assert "Not attended" not in text_of(send(coordinator, f"{address}/orientation/note"))
    assert "Not attended" in text_of(send(coordinator, f"{address}/orientation/take-back"))


def test_whom_to_call_opens_around_the_shift(browser: Browser, ground: dict[str, Any]) -> None:
    address = f"/console/shifts/{ground['shift']}/sign-ups/{ground['sign_up']}/care"
    shown = text_of(browser(Role.COORDINATOR, "en").get(address))
    assert "+97333123456" in shown and "wheelchair" in shown
    assert browser(Role.AUDITOR, "en").get(address).status_code == 403


def test_a_call_goes_out_from_the_shift(browser: Browser, ground: dict[str, Any]) -> None:
    coordinator, address = browser(Role.COORDINATOR, "en"), f"/console/shifts/{ground['shift']}/call-outs"
    assert address in text_of(coordinator.get(f"/console/shifts/{ground['shift']}"))
    before = text_of(coordinator.get(address))
    assert "Have a place already" in before and "None yet." in before
    after = text_of(send(coordinator, address, text_en="We need you", text_ar="نحتاجكم", people="5"))
    assert "They are being called." in after and "Urgent" in after and "Were called for this shift" in after


@pytest.mark.parametrize(("language", "driver"), [("en", "Driver"), ("ar", "سائق")])
def test_roles_are_written_on_an_opportunity_and_changed_on_a_shift(
    browser: Browser, ground: dict[str, Any], client: FlaskClient, language: str, driver: str
) -> None:
    coordinator = browser(Role.COORDINATOR, language)
    rows = {
        "role0_title_ar": "سائق", "role0_title_en": "Driver", "role0_places": "1", "role0_age": "21",
        "role1_title_ar": "مساعدة", "role1_places": "4", "role1_skills": "first-aid", "role2_places": "",
    }  # fmt: skip
    said = {
        "title_ar": "توزيع",
        "title_en": "Handing out",
        "orientation": "as_edition",
        "lat": "26.2",
        "lon": "50.5",
    }
    more = {"meeting_point_en": "At the gate", "skills": "first-aid", "published": "yes", "waitlist": "yes"}
    page = text_of(send(coordinator, "/console/opportunities/new", **said, **more, **rows))
    assert driver in page and "At the gate" in page and 'value="26.2"' in page
    (made,) = [
        one for one in client.get(f"{V1}/opportunities").json["items"] if one["title"]["en"] == "Handing out"
    ]
    assert [(one["places"], one["minimum_age"], one["skills"]) for one in made["roles"]] == [
        (1, 21, []), (4, None, ["first-aid"]),
    ]  # fmt: skip
    assert (made["skills"], made["waitlist"]) == (["first-aid"], True)
    address = f"/console/opportunities/{made['id']}"
    times = {"starts_at": "2090-01-01T08:00", "ends_at": "2090-01-01T10:00"}
    send(coordinator, f"{address}/shifts", key="of-the-shift", **times, places="")
    (shift,) = client.get(f"{V1}/opportunities/{made['id']}").json["shifts"]
    assert shift["places"] == 5
    there = f"/console/shifts/{shift['id']}"
    client.post(f"{V1}/shifts/{shift['id']}/sign-ups", json={"role": "2"}, headers=signed_in(make_people(1)[0]))
    roster = text_of(coordinator.get(there))
    assert roster.index('id="role-1"') < roster.index('id="role-2"')
    match = re.findall(r'name="match" value="([^"]*)"', roster)[0].replace("&#34;", '"')
    kept = {**rows, "role0_code": "1", "role1_code": "2", "role1_places": "6"}
    send(coordinator, there, match=match, **kept)
    (shift,) = client.get(f"{V1}/opportunities/{made['id']}").json["shifts"]
    assert [one["places"] for one in shift["roles"]] == [1, 6]


def test_a_call_is_for_the_role_that_is_chosen(browser: Browser, ground: dict[str, Any]) -> None:
    coordinator, shift = browser(Role.COORDINATOR, "en"), make_shift(now() + timedelta(days=1), places=3)
    asked = {"title": {"ar": "إسعاف", "en": "First-aider"}, "places": 2, "skills": ["first-aid"]}
    other = {"title": {"ar": "سائق", "en": "Driver"}, "places": 1, "skills": ["driving"]}
    with db.transaction() as tx:
        tx.get_one(Shift, shift).roles = role_rules.opened(role_rules.numbered([asked, other]))
    address = f"/console/shifts/{shift}/call-outs"
    first = text_of(coordinator.get(address))  # none is without a skill: the first is shown
    assert 'value="1" selected' in first and "2 / 2" in re.sub("<[^>]+>", "", first)
    chosen = text_of(coordinator.get(f"{address}?role=2"))
    assert 'value="2" selected' in chosen and "1 / 1" in re.sub("<[^>]+>", "", chosen)
    assert "They are being called." in text_of(send(coordinator, address, role="1", people="5"))
