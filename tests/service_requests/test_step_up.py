"""A service that needs to know somebody better: what it says, the way there, and what is not lost on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.provider import HostileProvider, running
from tests.accounts.walking import Walk, as_described, bearer
from tests.service_requests.town import filed

Headers = dict[str, str]
V1 = "/api/v1"
ANSWERS = {"text": "المصباح مطفأ"}


@pytest.fixture
def provider(town: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileProvider]:
    with running() as made:
        as_described(monkeypatch, made.issuer)
        made.people = {
            "maryam": {"cpr": "910301045", "acr": "high"},
            "ali": {"cpr": "880102033", "acr": "substantial"},
        }
        yield made


def file(town: FlaskClient, who: Headers, **more: Any) -> Any:
    body = filed(service="certificate", location=None, answers=ANSWERS, **more)
    return town.post(f"{V1}/service-requests", json=body, headers=who)


def test_the_refusal_names_the_level_and_where_to_get_it_and_the_draft_is_filed_from_there(
    app: Flask, town: FlaskClient, provider: HostileProvider, resident: Headers, moved_clock: Callable[..., Any]
) -> None:
    draft = town.post(
        f"{V1}/request-drafts",
        json={"service": "certificate", "form_version": 1, "answers": ANSWERS},
        headers=resident,
    ).json["id"]
    refused = file(town, resident, draft=draft)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/assurance-too-low")
    assert (refused.json["needed"], refused.json["present"]) == ("advanced", "phone")
    (way,) = refused.json["ways"]
    assert (way["by"], way["title"]["en"]) == ("national", "National sign-on")
    path, asked = urlsplit(way["start"]).path, parse_qs(urlsplit(way["start"]).query)
    assert path == f"{V1}/auth/oidc/{way['by']}/start" and asked == {"level": ["advanced"]}

    walk = Walk(app, provider, provider=way["by"], level=asked["level"][0]).to("maryam")
    raised = bearer(walk.tokens(resident).json)
    assert file(town, raised, draft=draft).status_code == 201
    assert town.get(f"{V1}/request-drafts/{draft}", headers=raised).status_code == 404, "it has become the case"
    with moved_clock(minutes=16):
        late = file(town, raised)
        assert (late.status_code, late.json["present"]) == (403, "standard"), "a proof of then is not one of now"


def test_a_level_that_is_too_low_does_not_become_enough(
    app: Flask, town: FlaskClient, provider: HostileProvider, resident: Headers
) -> None:
    raised = bearer(Walk(app, provider).to("ali").tokens(resident).json)
    refused = file(town, raised)
    assert (refused.status_code, refused.json["present"]) == (403, "standard")


def test_one_asks_beforehand(app: Flask, town: FlaskClient, provider: HostileProvider, resident: Headers) -> None:
    def standing(who: Headers) -> Any:
        return town.get(f"{V1}/services/certificate/eligibility", headers=who).json["assurance"]

    before = standing(resident)
    assert (before["needed"], before["present"], before["enough"]) == ("advanced", "phone", False)
    assert [way["by"] for way in before["ways"]] == ["national"]
    after = standing(bearer(Walk(app, provider, level="advanced").to("maryam").tokens(resident).json))
    assert (after["present"], after["enough"], after["ways"]) == ("advanced", True, [])


def test_who_is_not_signed_in_is_told_of_the_telephone(town: FlaskClient) -> None:
    refused = town.post(f"{V1}/service-requests", json=filed(service="street-lamp"))
    assert (refused.json["needed"], refused.json["present"]) == ("phone", "anonymous")
    assert [way["start"] for way in refused.json["ways"]] == ["/api/v1/auth/otp"]
