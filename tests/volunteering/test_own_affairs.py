"""Coordinators are residents too: a colleague decides on their own sign-up and on the entity they coordinate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.volunteering.ground import make_edition, make_shift, now
from tests.volunteering.test_claims import identified
from tests.volunteering.test_entities import CATEGORIES, apply

V1 = "/api/v1"
PHONE = "+97333557722"
SignIn = Callable[..., dict[str, str]]


def words(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json.get("type", "")


OWN = (403, "/problems/own-affair")


@pytest.mark.parametrize("word", ["approve", "decline"])
def test_nobody_decides_on_their_own_sign_up(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, word: str
) -> None:
    shift = make_shift(now() + timedelta(days=1), places=2, review=True)
    made = client.post(f"{V1}/shifts/{shift}/sign-ups", headers=as_resident(PHONE))
    path = f"{V1}/staff/sign-ups/{made.json['id']}/{word}"
    assert words(client.post(path, json={}, headers=identified(client, as_staff, phone=PHONE))) == OWN
    assert client.post(path, json={}, headers=as_staff("coordinator")).status_code == 200


def test_nobody_accredits_the_entity_they_coordinate(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    make_edition(categories=CATEGORIES, ties=["shifts"], default_category="youth")
    path = f"{V1}/staff/volunteer-entities/{apply(client, as_resident(PHONE))}"
    own = identified(client, as_staff, phone=PHONE)
    assert words(client.post(f"{path}/accredit", json={}, headers=own)) == OWN
    assert words(client.post(f"{path}/decline", json={"reason": "a rival"}, headers=own)) == OWN
    assert client.post(f"{path}/accredit", json={}, headers=as_staff("coordinator")).status_code == 200
