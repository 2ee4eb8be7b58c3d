"""Booking asks how well somebody is known, as filing does; staff, who see whoever comes, book for anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from asimati.appointments.sync import sync
from asimati.kit import db
from tests.accounts.provider import running
from tests.accounts.walking import Walk, as_described, bearer
from tests.appointments.ground import PART, V1, Headers


@pytest.fixture
def strict(hall: FlaskClient) -> FlaskClient:
    """The desks, where help is for whoever is known by advanced proof alone."""
    levels = {"help": {"assurance": "advanced"}}
    with db.transaction() as tx:
        sync(tx, {**PART, "services": [one | levels.get(one["code"], {}) for one in PART["services"]]})
    return hall


def test_a_time_is_booked_only_by_whoever_is_known_well_enough_and_the_refusal_names_the_way(
    app: Flask, strict: FlaskClient, resident: Headers, reviewer: Headers, monkeypatch: pytest.MonkeyPatch,
    slots: Callable[..., list[dict[str, Any]]], book: Callable[..., Any],
) -> None:  # fmt: skip
    at, later = (slot["starts_at"] for slot in slots()[:2])
    with running() as provider:
        as_described(monkeypatch, provider.issuer)
        provider.people = {"maryam": {"cpr": "910301045", "acr": "high"}}
        refused = book(resident, at)
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/assurance-too-low")
        assert (refused.json["needed"], refused.json["present"]) == ("advanced", "phone")
        (way,) = refused.json["ways"]
        level = parse_qs(urlsplit(way["start"]).query)["level"][0]
        walk = Walk(app, provider, provider=way["by"], level=level).to("maryam")
        raised = bearer(walk.tokens(resident).json)
    assert book(raised, at).status_code == 201
    assert book(resident, slots("permit")[0]["starts_at"], "permit").status_code == 201, "the others ask no more"
    at_the_desk = {"service": "help", "starts_at": later, "phone": "+97333112233"}
    assert strict.post(f"{V1}/staff/appointments", json=at_the_desk, headers=reviewer).status_code == 201
