"""What people say of themselves, who else may read it, and how they are reached and counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from asimati.accounts import queries, rules
from asimati.accounts.actions import ensure_person
from asimati.accounts.models import PersonSensitive, Sex
from asimati.kit import audit, db
from asimati.kit.policy import Actor

V1 = "/api/v1"
Call = Callable[..., Any]
Headers = dict[str, str]


@pytest.fixture
def me(client: FlaskClient, as_resident: Call) -> Headers:
    return as_resident("+97333112233")


@pytest.fixture
def read(client: FlaskClient, me: Headers) -> Call:
    return lambda path="/me", **headers: client.get(f"{V1}{path}", headers=me | headers)


@pytest.fixture
def edit(client: FlaskClient, me: Headers, read: Call) -> Call:
    """Correct one's profile as it stands now."""

    def patch(headers: Headers | None = None, **changes: Any) -> Any:
        who = headers or me
        tag = client.get(f"{V1}/me", headers=who).headers["ETag"]
        return client.patch(f"{V1}/me", json=changes, headers=who | {"If-Match": tag})

    return patch


FULL = {
    "name_ar": "مريم أحمد",
    "name_latin": "Maryam Ahmed",
    "email": "maryam@example.com",
    "cpr": "٠١٠ ٢٠٣-٠٤٥",
    "sex": "female",
    "birth_date": "2001-02-03",
    "disability": True,
    "flat": "١٢",
    "building": "12A",
    "road": "۲۵۰۸",
    "block": "٣١٧",
    "language": "ar",
}


def test_a_profile_is_kept_in_one_form(edit: Call, read: Call) -> None:
    answer = edit(**FULL)
    assert answer.status_code == 200, answer.json
    kept = {
        "cpr": "••••••045",
        "nationality": None,
        "flat": "12",
        "road": "2508",
        "block": "317",
        "assurance": "phone",
        "cpr_proved": False,
    }
    shown = read().json
    assert shown == answer.json
    assert shown == FULL | kept | {"id": shown["id"], "phone": "+97333112233"}
    assert edit(name_ar=None, email=None, disability=None).json | {"id": 0} == shown | {
        "id": 0, "name_ar": None, "email": None, "disability": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"cpr": "12345678"},
        {"cpr": "0102030456"},
        {"block": "31"},
        {"block": "0317"},
        {"block": "3x7"},
        {"birth_date": "3000-01-01"},
        {"email": "nobody"},
        {"language": "fr"},
        {"sex": "other"},
        {"phone": "+97333112244"},
        {"disability": "maybe"},
        {"name_ar": "م" * 201},
    ],
)
def test_what_does_not_fit_is_named(edit: Call, wrong: dict[str, Any]) -> None:
    answer = edit(**wrong)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


def test_an_edit_needs_the_version_it_was_made_from(client: FlaskClient, me: Headers, read: Call) -> None:
    seen = read().headers["ETag"]
    assert read(**{"If-None-Match": seen}).status_code == 304
    edit = {"name_latin": "Maryam"}
    assert client.patch(f"{V1}/me", json=edit, headers=me).status_code == 428
    assert client.patch(f"{V1}/me", json=edit, headers=me | {"If-Match": seen}).status_code == 200
    assert client.patch(f"{V1}/me", json=edit, headers=me | {"If-Match": seen}).status_code == 412


@pytest.mark.parametrize("first", [{"disability": True}, {"email": "m@example.com"}, {"cpr": "010203045"}])
def test_whatever_is_edited_moves_the_version(
    client: FlaskClient, me: Headers, read: Call, first: dict[str, Any]
) -> None:
    seen = read().headers["ETag"]
    assert client.patch(f"{V1}/me", json=first, headers=me | {"If-Match": seen}).status_code == 200
    assert client.patch(f"{V1}/me", json={"road": "1"}, headers=me | {"If-Match": seen}).status_code == 412


def test_of_twenty_edits_of_one_version_one_is_taken(app: Flask, me: Headers, read: Call) -> None:
    seen = read().headers["ETag"]

    def edit(number: int) -> int:
        own = app.test_client()
        body = {"disability": bool(number % 2)}
        return own.patch(f"{V1}/me", json=body, headers=me | {"If-Match": seen}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(edit, range(20)))
    assert answers == [200] + [412] * 19


def test_a_personal_number_belongs_to_one_account(client: FlaskClient, edit: Call, as_resident: Call) -> None:
    assert edit(cpr="010203045").status_code == 200
    assert edit(cpr="010 203 045").status_code == 200  # one's own again
    other = as_resident("+97333112244")
    answer = edit(other, cpr="٠١٠٢٠٣٠٤٥")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/personal-number-taken")
    tag = client.get(f"{V1}/me", headers=other).headers["ETag"]
    arabic = client.patch(
        f"{V1}/me", json={"cpr": "010203045"}, headers=other | {"If-Match": tag, "Accept-Language": "ar"}
    )
    assert arabic.json["title"] != answer.json["title"]


def test_saying_a_disability_is_the_consent_and_taking_it_back_deletes_it(edit: Call) -> None:
    edit(disability=True)
    with db.transaction() as tx:
        first = tx.scalars(select(PersonSensitive)).one()
        assert first.disability is True
    edit(disability=False)
    with db.transaction() as tx:
        second = tx.scalars(select(PersonSensitive)).one()
        assert second.disability is False
        assert second.consent_at > first.consent_at
    edit(disability=None)
    with db.transaction() as tx:
        assert tx.scalars(select(PersonSensitive)).all() == []


def test_what_identifies_lies_open_in_no_table(edit: Call) -> None:
    """Phone, e-mail and personal number are sealed wherever they are: a canary for each is looked for."""
    edit(**FULL)
    canaries = ("33112233", "maryam@example", "010203045")
    with db.transaction() as tx:
        for table in db.Base.metadata.sorted_tables:
            for row in tx.scalars(text(f'SELECT row_to_json(t)::text FROM "{table.name}" t')):
                assert not [canary for canary in canaries if canary in row], table.name


def test_edits_are_noted_by_field_names_alone(edit: Call) -> None:
    edit(name_ar="مريم", block="317")
    with db.transaction() as tx:
        line = tx.scalars(select(audit.AuditLine).where(audit.AuditLine.action == "accounts.profile_edited")).one()
    assert line.facts == '{"fields": ["block", "name_ar"]}'


# --- preferences, devices --------------------------------------------------------------------------------------


def test_preferences_have_defaults_and_a_version(client: FlaskClient, me: Headers, read: Call) -> None:
    default = read("/me/preferences")
    assert default.json == {
        "language": "en", "channels": ["inbox", "push", "sms", "email"], "quiet_from": None, "quiet_to": None,
        "topics": {}, "friday_prayer": True, "digest": False,
    } | {"language": default.json["language"]}  # fmt: skip
    wishes = {"language": "en", "channels": ["inbox", "push"], "quiet_from": "22:00", "quiet_to": "06:30",
              "topics": {"events": ["inbox"]}, "friday_prayer": False, "digest": True}  # fmt: skip
    put = lambda tag, **more: client.put(  # noqa: E731
        f"{V1}/me/preferences", json=wishes | more, headers=me | ({"If-Match": tag} if tag else {})
    )
    profile = read().headers["ETag"]
    assert put(None).status_code == 428
    first = put(default.headers["ETag"])
    assert first.json == wishes
    assert read("/me/preferences").json == wishes
    assert read().json["language"] == "en"
    stale = client.patch(f"{V1}/me", json={"language": "ar"}, headers=me | {"If-Match": profile})
    assert stale.status_code == 412  # the language is part of the profile too
    assert put(default.headers["ETag"]).status_code == 412
    second = put(first.headers["ETag"], channels=["inbox"], quiet_from=None, quiet_to=None)
    assert second.json["channels"] == ["inbox"]
    assert put(first.headers["ETag"]).status_code == 412


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"channels": ["fax"]}, "/channels/0"),
        ({"channels": ["inbox"], "quiet_from": "25:00"}, "/quiet_from"),
        ({"channels": ["inbox"], "quiet_from": "22:00"}, "/quiet_to"),
        ({"channels": ["inbox"], "quiet_to": "06:00"}, "/quiet_from"),
        ({}, "/channels"),
    ],
)
def test_preferences_that_make_no_sense_are_named(
    client: FlaskClient, me: Headers, wrong: dict[str, Any], pointer: str
) -> None:
    for language in ("ar", "en"):
        answer = client.put(
            f"{V1}/me/preferences", json=wrong, headers=me | {"If-Match": "*", "Accept-Language": language}
        )
        assert answer.status_code == 422
        (fault,) = answer.json["errors"]
        assert fault["pointer"] == pointer
        assert fault["detail"].isascii() == (language == "en")


def test_an_installation_belongs_to_whoever_registered_it_last(
    client: FlaskClient, me: Headers, as_resident: Call
) -> None:
    other = as_resident("+97333112244")
    path = f"{V1}/me/devices/9f1c-installation"
    body = {"platform": "android", "push_token": "one"}
    assert client.put(path, json=body, headers=me).status_code == 204
    assert client.put(path, json=body | {"push_token": "two"}, headers=me).status_code == 204
    assert client.delete(path, headers=other).status_code == 404
    assert client.put(path, json=body, headers=other).status_code == 204
    assert client.delete(path, headers=me).status_code == 404
    assert client.delete(path, headers=other).status_code == 204


@pytest.mark.parametrize("name", ["x" * 201, "%00", "%20", "ج"])
def test_what_cannot_be_an_installation_is_404(client: FlaskClient, me: Headers, name: str) -> None:
    path = f"{V1}/me/devices/{name}"
    assert client.put(path, json={"platform": "ios", "push_token": "t"}, headers=me).status_code == 404
    assert client.delete(path, headers=me).status_code == 404


# --- who opened my file ----------------------------------------------------------------------------------------


def test_the_access_log_shows_what_staff_did_and_to_oneself_alone(read: Call, as_resident: Call) -> None:
    mine = UUID(read().json["id"])
    staff = [Actor("staff", uuid4()) for _ in range(3)]
    with db.transaction() as tx:
        for actor in staff:
            audit.record(tx, actor, "accounts.profile_read", ("person", mine))
        audit.record(tx, staff[0], "accounts.profile_read", ("person", uuid4()))
        audit.record(tx, Actor("resident", mine), "accounts.profile_edited", ("person", mine))
    page = read("/me/access-log?limit=2").json
    rest = read(f"/me/access-log?limit=2&after={page['next']}").json
    assert [one["staff"] for one in page["items"] + rest["items"]] == [str(one.id) for one in reversed(staff)]
    assert rest["next"] is None
    first = page["items"][0]
    assert first["words"] == {
        "ar": "أجرى أحد موظفي المحافظة إجراءً على ملفكم.",
        "en": "A member of staff worked on your file.",
    }
    assert first["about"] == {"type": "person", "reference": str(mine)}


# --- what the rest of the house asks ---------------------------------------------------------------------------


def test_people_are_counted_by_what_they_said(tx: Session) -> None:
    said = ensure_person(
        tx,
        "+97333445566",
        sex=Sex.FEMALE,
        birth_date=date(2001, 2, 3),
        block="317",
        disability=False,
        nationality="BH",
    )
    silent = ensure_person(tx, "+97333445567")
    on = date(2026, 2, 2)
    unknown = dict.fromkeys(("sex", "age_band", "disability", "nationality", "block"), "unknown")
    assert queries.demographics(tx, said.id, on) == {
        "sex": "female", "age_band": "15-24", "disability": "no", "nationality": "national", "block": "317",
    }  # fmt: skip
    assert queries.demographics(tx, said.id, on + timedelta(days=1))["age_band"] == "25-34"
    assert queries.demographics(tx, silent.id, on) == unknown
    assert queries.demographics(tx, None, on) == unknown


@pytest.mark.parametrize(
    ("country", "group"), [("BH", "national"), ("SA", "gcc"), ("IN", "other"), (None, "unknown")]
)
def test_people_are_counted_in_groups_of_nationalities_never_by_country(country: str | None, group: str) -> None:
    assert rules.nationality_group(country, "BH") == group


def test_a_nationality_is_a_country_by_its_letters(client: FlaskClient, as_resident: Callable[..., Any]) -> None:
    who = as_resident()

    def say(nationality: str) -> Any:
        tag = client.get(f"{V1}/me", headers=who).headers["ETag"]
        return client.patch(f"{V1}/me", json={"nationality": nationality}, headers={**who, "If-Match": tag})

    assert say(" bh ").json["nationality"] == "BH"
    for wrong in ("Bahrain", "ZZ", "EU", "XX", ""):
        answer = say(wrong)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/nationality")


def test_a_person_is_reached_as_they_prefer(tx: Session) -> None:
    person = ensure_person(tx, "+97333445568", language="en", name_ar="علي")
    contact = queries.contacts_of(tx, [person.id])[person.id]
    assert contact is not None
    assert (contact.language, contact.phone, contact.email) == ("en", "+97333445568", None)
    assert "33445568" not in repr(contact)
    assert contact.channels == queries.CHANNELS
    assert queries.name_of(tx, person.id) == {"ar": "علي", "en": None}
    assert queries.language_of(tx, person.id) == "en"
    assert queries.contacts_of(tx, [uuid4()]) == {}


def test_who_is_known_stays_as_they_are(tx: Session) -> None:
    first = ensure_person(tx, "+97333445569", name_latin="Ali", disability=True)
    again = ensure_person(tx, "+97333445569", name_latin="Somebody else", disability=False)
    assert again.id == first.id
    assert again.name_latin == "Ali"
    assert queries.profile_of(tx, first.id)["disability"] is True
