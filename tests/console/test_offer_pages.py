"""The page where staff look through what organisations offer: as it will be seen, what changes, yes or no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.kit.policy import Role
from tests.console.test_volunteer_pages import Browser, send, text_of
from tests.volunteering.ground import TITLE, V1, Headers, make_edition, now

SignIn = Callable[..., Headers]
REVIEW = "/console/opportunities/review"
DRIVER = {"title": {"ar": "سائق", "en": "Driver"}, "places": 2, "minimum_age": 21}


@pytest.fixture
def head(client: FlaskClient, as_resident: SignIn) -> Headers:
    make_edition()
    return as_resident()


@pytest.fixture
def offer(client: FlaskClient, head: Headers, as_staff: SignIn) -> str:
    """What an accredited society offers, submitted; its path of the organisation."""

    def post(path: str, who: Headers, **body: Any) -> Any:
        answer = client.post(f"{V1}{path}", json=body, headers=who)
        assert answer.status_code < 300, answer.json
        return answer.json

    name = {"ar": "جمعية الشاطئ", "en": "Shore Society"}
    entity = post("/volunteer-entities", head, name=name, kind="society", contact="17000000")["id"]
    post(f"/staff/volunteer-entities/{entity}/accredit", as_staff("coordinator"))
    point = {"meeting_point": {"ar": "عند البوابة", "en": "At the gate"}, "roles": [DRIVER], "block": "317"}
    made = post(f"/volunteer-entities/{entity}/opportunities", head, title=TITLE, **point)
    path, begins = f"/volunteer-entities/{entity}/opportunities/{made['id']}", now() + timedelta(days=3)
    times = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=2)).isoformat()}
    post(f"{path}/shifts", head, **times)
    post(f"{path}/submit", head)
    return path


def decide(coordinator: FlaskClient, offer: str, step: str, **said: str) -> str:
    return text_of(send(coordinator, f"/console/opportunities/{offer.rpartition('/')[2]}/{step}", **said))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Shore Society", "At the gate", "Driver", "New opportunity"]),
        ("ar", ["جمعية الشاطئ", "عند البوابة", "سائق"]),
    ],
)
def test_what_waits_is_shown_as_volunteers_will_see_it(
    browser: Browser, offer: str, language: str, words: list[str]
) -> None:
    page = text_of(browser(Role.COORDINATOR, language).get("/console/queues/opportunities", follow_redirects=True))
    assert all(word in page for word in words)
    assert "<ins>" not in page and "× 2" in page


def test_it_is_published_and_a_change_shows_what_it_changes(
    browser: Browser, client: FlaskClient, offer: str, head: Headers
) -> None:
    coordinator, public = browser(Role.COORDINATOR, "en"), f"{V1}/opportunities/{offer.rpartition('/')[2]}"
    assert "Decided." in decide(coordinator, offer, "approve")
    assert client.get(public).status_code == 200
    assert "Shore Society" not in text_of(coordinator.get(REVIEW))
    moved = {"meeting_point": {"ar": "المدخل", "en": "The entrance"}, "skills": []}
    client.patch(f"{V1}{offer}", json=moved, headers={**head, "If-Match": "*"})
    page = text_of(coordinator.get(REVIEW))
    assert "<ins>The entrance</ins>" in page and "<del>At the gate</del>" in page
    assert page.count("<ins>") == 1  # nothing else changes
    decide(coordinator, offer, "approve", key="another")
    assert client.get(public).json["meeting_point"]["en"] == "The entrance"


def test_a_no_needs_a_reason_and_its_coordinators_read_it(
    browser: Browser, client: FlaskClient, offer: str, head: Headers
) -> None:
    coordinator = browser(Role.COORDINATOR, "en")
    assert "Decided." not in decide(coordinator, offer, "decline")
    assert "Shore Society" in text_of(coordinator.get(REVIEW))
    assert "Decided." in decide(coordinator, offer, "decline", key="another", reason="where is it?")
    (mine,) = client.get(f"{V1}{offer.rpartition('/')[0]}", headers=head).json["items"]
    assert (mine["state"], mine["reason"]) == ("declined", "where is it?")


def test_whoever_does_not_decide_does_not_see_it(browser: Browser, offer: str) -> None:
    assert browser(Role.AUDITOR, "en").get(REVIEW).status_code == 403
