"""What volunteers say of themselves: written, read back, corrected, taken back; and who else may read it when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from asimati.accounts.models import Consent
from asimati.kit import db
from asimati.kit.audit import AuditLine
from asimati.places.models import Block
from asimati.volunteering import catalogues
from asimati.volunteering.models import AccessibilityNeed, Skill, SpokenLanguage, Volunteer
from tests.volunteering.ground import V1, Headers, make_edition, make_shift, now

SignIn = Callable[..., Headers]
Clock = Callable[..., Any]
CONTACT = {"name": "هدى", "relation": "أم", "phone": "33123456"}
SAID: dict[str, Any] = {
    "skills": ["first-aid"],
    "languages": ["ar"],
    "blocks": ["317"],
    "availability": [{"weekday": "sun", "from": "16:00", "to": "20:00"}],
    "away": [{"from": "2027-01-01", "to": "2027-01-05"}],
    "emergency_contact": CONTACT,
    "call_outs": False,
}


@pytest.fixture(autouse=True)
def choices(client: FlaskClient) -> None:
    words = {"ar": "كلمة", "en": "word"}
    with db.transaction() as tx:
        catalogues.sync(tx, Skill, [{"code": "first-aid", "title": words}, {"code": "driving", "title": words}])
        catalogues.sync(tx, SpokenLanguage, [{"code": "ar", "title": words}])
        tx.add(Block(number="317", area=words, search="317"))


def put(client: FlaskClient, who: Headers, **said: Any) -> Any:
    return client.put(f"{V1}/me/volunteer", json=said, headers=who)


def test_what_was_said_is_read_back_and_the_phone_is_complete(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    assert client.get(f"{V1}/me/volunteer", headers=who).status_code == 404
    assert put(client, who, **SAID).status_code == 200
    answer = client.get(f"{V1}/me/volunteer", headers=who)
    assert answer.json.pop("updated_at").endswith("Z")
    told = {**SAID, "emergency_contact": {**CONTACT, "phone": "+97333123456"}, "accessibility": None}
    assert {name: answer.json[name] for name in told} == told
    again = client.get(f"{V1}/me/volunteer", headers={**who, "If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_put_says_everything_anew_and_a_patch_some_of_it(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    first = put(client, who, **SAID)
    edited = {**who, "If-Match": first.headers["ETag"]}
    changed = client.patch(f"{V1}/me/volunteer", json={"skills": ["driving"]}, headers=edited)
    assert (changed.status_code, changed.json["skills"], changed.json["blocks"]) == (200, ["driving"], ["317"])
    stale = client.patch(f"{V1}/me/volunteer", json={"skills": []}, headers=edited)
    assert stale.status_code == 412
    assert client.put(f"{V1}/me/volunteer", json={}, headers=edited).status_code == 412
    bare = put(client, who).json
    assert (bare["skills"], bare["availability"], bare["emergency_contact"], bare["call_outs"]) == (
        [],
        [],
        None,
        True,
    )


def test_an_edit_wants_if_match_and_a_profile(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    assert client.patch(f"{V1}/me/volunteer", json={}, headers=who).status_code == 428
    assert client.patch(f"{V1}/me/volunteer", json={}, headers={**who, "If-Match": "*"}).status_code == 404


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"skills": ["first-aid", "flying"]}, "/skills/1"),
        ({"languages": ["xx"]}, "/languages/0"),
        ({"blocks": ["317", "999"]}, "/blocks/1"),
        ({"blocks": ["x"]}, "/blocks/0"),
        ({"availability": [{"weekday": "sun", "from": "25:00", "to": "09:00"}]}, "/availability/0/from"),
        ({"availability": [{"weekday": "someday", "from": "08:00", "to": "09:00"}]}, "/availability/0/weekday"),
        ({"availability": [{"weekday": "sun", "from": None, "to": "09:00"}]}, "/availability/0/from"),
        ({"away": [{"from": "2027-01-05", "to": "2027-01-01"}]}, "/away/0/to"),
        ({"emergency_contact": {"name": "هدى", "phone": "12345"}}, "/emergency_contact/phone"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(
    client: FlaskClient, as_resident: SignIn, said: dict[str, Any], pointer: str
) -> None:
    answer = put(client, as_resident(), **said)
    assert (answer.status_code, [one["pointer"] for one in answer.json["errors"]]) == (422, [pointer])


def test_taking_it_back_leaves_nothing(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    put(client, who, **SAID)
    say(client, who)
    assert client.delete(f"{V1}/me/volunteer", headers=who).status_code == 204
    assert client.delete(f"{V1}/me/volunteer", headers=who).status_code == 204
    assert client.get(f"{V1}/me/volunteer", headers=who).status_code == 404
    with db.transaction() as tx:
        assert not tx.scalars(select(Volunteer)).all() and not tx.scalars(select(AccessibilityNeed)).all()


def test_nothing_secret_stands_open_in_the_table(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    put(client, who, **SAID)
    say(client, who)
    with db.transaction() as tx:
        emergency = tx.scalars(select(Volunteer.emergency)).one()
        needs = tx.scalars(select(AccessibilityNeed.needs)).one()
    assert emergency is not None and b"33123456" not in emergency and "كرسي".encode() not in needs


# --- accessibility ---------------------------------------------------------------------------------------------


def say(client: FlaskClient, who: Headers, edition: int = 1) -> Any:
    said = {"needs": "كرسي متحرك", "edition": edition}
    return client.put(f"{V1}/me/volunteer/accessibility", json=said, headers=who)


def receipts() -> list[tuple[str, int, bool]]:
    with db.transaction() as tx:
        return [(one.code, one.edition, one.withdrawn_at is None) for one in tx.scalars(select(Consent))]


def test_needs_are_kept_by_a_receipt_of_the_words_that_were_read(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    refused = say(client, who, edition=7)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/words-changed")
    assert receipts() == []
    put(client, who)
    assert say(client, who).status_code == 204
    told = client.get(f"{V1}/me/volunteer", headers=who).json["accessibility"]
    assert (told["needs"], told["consent"]["edition"], receipts()) == (
        "كرسي متحرك",
        1,
        [("accessibility", 1, True)],
    )


@pytest.mark.parametrize("path", ["/me/volunteer/accessibility", "/me/consents/accessibility"])
def test_withdrawing_either_way_deletes_and_keeps_the_receipt(
    client: FlaskClient, as_resident: SignIn, path: str
) -> None:
    who = as_resident()
    say(client, who)
    assert client.delete(f"{V1}{path}", headers=who).status_code == 204
    with db.transaction() as tx:
        assert tx.scalars(select(AccessibilityNeed)).all() == []
    assert receipts() == [("accessibility", 1, False)]


# --- the day of the shift --------------------------------------------------------------------------------------


@pytest.fixture
def served(client: FlaskClient, as_resident: SignIn) -> tuple[str, Headers]:
    """A volunteer with a contact and needs, and their sign-up to a shift of tomorrow."""
    make_edition()
    who, shift = as_resident(), make_shift(now() + timedelta(days=1), hours=3)
    put(client, who, **SAID)
    say(client, who)
    return str(client.post(f"{V1}/shifts/{shift}/sign-ups", json={}, headers=who).json["id"]), who


def read(client: FlaskClient, who: Headers, sign_up: str, what: str) -> Any:
    return client.get(f"{V1}/staff/sign-ups/{sign_up}/{what}", headers=who)


def openings() -> list[tuple[str, list[UUID] | None]]:
    with db.transaction() as tx:
        noted = select(AuditLine).where(AuditLine.action.endswith(".opened"), AuditLine.people.is_not(None))
        return [(one.action, one.people) for one in tx.scalars(noted.order_by(AuditLine.at))]


@contextmanager
def no_opening() -> Iterator[None]:
    before = openings()
    yield
    assert openings() == before


def test_the_contact_is_read_around_the_shift_alone_and_the_volunteer_sees_it(
    client: FlaskClient, as_staff: SignIn, served: tuple[str, Headers], moved_clock: Clock
) -> None:
    sign_up, who = served
    for hours, status in ((0, 409), (21, 409), (23, 200), (26, 200), (28, 200), (30, 409)):
        with moved_clock(hours=hours):
            coordinator = as_staff("coordinator")
            assert read(client, coordinator, sign_up, "emergency-contact").status_code == status, hours
    assert [action for action, _ in openings()] == ["emergency_contact.opened"] * 3
    log = client.get(f"{V1}/me/access-log", headers=who).json["items"]
    assert {one["words"]["en"] for one in log} == {"A member of staff opened whom to call for you in an emergency."}


def test_the_contact_is_told_in_the_clear(
    client: FlaskClient, as_staff: SignIn, served: tuple[str, Headers], moved_clock: Clock
) -> None:
    with moved_clock(hours=24):
        answer = read(client, as_staff("coordinator"), served[0], "emergency-contact")
    assert answer.json == {"emergency_contact": {**CONTACT, "phone": "+97333123456"}}


def test_needs_are_read_from_the_sign_up_until_the_shift_is_over(
    client: FlaskClient, as_staff: SignIn, served: tuple[str, Headers], moved_clock: Clock
) -> None:
    sign_up, who = served
    coordinator = as_staff("coordinator")
    assert read(client, coordinator, sign_up, "accessibility").json == {"needs": "كرسي متحرك"}
    client.delete(f"{V1}/me/volunteer/accessibility", headers=who)
    assert read(client, coordinator, sign_up, "accessibility").json == {"needs": None}
    with moved_clock(hours=28):
        refused = read(client, as_staff("coordinator"), sign_up, "accessibility")
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/outside-shift")


@pytest.mark.parametrize("what", ["emergency-contact", "accessibility"])
@pytest.mark.parametrize("role", ["auditor", "supervisor", "reviewer", "data_protection_officer"])
def test_nobody_but_coordinators_reads_it(
    client: FlaskClient, as_staff: SignIn, served: tuple[str, Headers], moved_clock: Clock, what: str, role: str
) -> None:
    with moved_clock(hours=24), no_opening():
        assert read(client, as_staff(role), served[0], what).status_code == 403


@pytest.mark.parametrize("what", ["emergency-contact", "accessibility"])
def test_whoever_withdrew_is_read_of_no_more(
    client: FlaskClient, as_staff: SignIn, served: tuple[str, Headers], moved_clock: Clock, what: str
) -> None:
    sign_up, who = served
    client.delete(f"{V1}/sign-ups/{sign_up}", headers=who)
    with moved_clock(hours=24), no_opening():
        assert read(client, as_staff("coordinator"), sign_up, what).status_code == 404


def test_the_export_shows_the_profile(client: FlaskClient, as_resident: SignIn) -> None:
    import io
    import zipfile

    who = as_resident()
    put(client, who, **SAID)
    say(client, who)
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{V1}/me/export", headers=who).data))
    kept = {one["name"]: one["rows"] for one in json.loads(archive.read("data.json"))["data"]}
    assert json.loads(kept["volunteer"][0]["emergency"])["phone"] == "+97333123456"
    assert kept["accessibility_need"][0]["needs"] == "كرسي متحرك"
    assert "free" not in kept["volunteer"][0] and kept["volunteer"][0]["availability"] == SAID["availability"]
