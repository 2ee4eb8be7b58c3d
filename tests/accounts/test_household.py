"""Households: members without an account, ties that both wanted, guardians, and what the staff see of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati.accounts import household
from asimati.accounts.actions import ensure_person, lapse_asks, start_session
from asimati.accounts.models import HouseholdMember, Person
from asimati.dataprotection.actions import erase, plan
from asimati.kit import clock, db, secrets
from asimati.kit.errors import NotFound
from asimati.kit.policy import SYSTEM
from asimati.pack import load, sync
from asimati.settings import settings

V1 = "/api/v1"
Call = Callable[..., Any]
Headers = dict[str, str]
MOTHER, SON, STRANGER = "+97333117001", "+97333117002", "+97333117003"
CHILD = {"name_ar": "سارة أحمد", "relation": "child", "birth_date": "2019-05-04"}


@pytest.fixture
def born(database: str) -> Callable[[int], str]:
    """The birthday of somebody who turned so many years old yesterday."""

    def of(years: int) -> str:
        with db.transaction() as tx:
            yesterday = clock.local_day(clock.now(tx)) - timedelta(days=1)
        leap = (yesterday.month, yesterday.day) == (2, 29)
        return str(date(yesterday.year - years, yesterday.month, 28 if leap else yesterday.day))

    return of


@pytest.fixture
def people(client: FlaskClient, as_resident: Call, born: Call) -> dict[str, Headers]:
    """A mother, her son of fifteen with an account of his own, and a stranger."""
    with db.transaction() as tx:
        sync(tx, load(settings().governorate.folder))
    found = {"mother": as_resident(MOTHER), "son": as_resident(SON), "stranger": as_resident(STRANGER)}
    for who, name, years in (("mother", "أمل", 40), ("son", "خالد", 15), ("stranger", "غريب", 30)):
        said = {"name_ar": name, "birth_date": born(years)}
        tag = client.get(f"{V1}/me", headers=found[who]).headers["ETag"]
        assert client.patch(f"{V1}/me", json=said, headers=found[who] | {"If-Match": tag}).status_code == 200
    return found


def add(client: FlaskClient, who: Headers, **said: Any) -> Any:
    return client.post(f"{V1}/me/household", json=CHILD | said, headers=who)


def listed(client: FlaskClient, who: Headers) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{V1}/me/household", headers=who).json["items"]
    return found


def asked(client: FlaskClient, who: Headers) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{V1}/me/household/invitations", headers=who).json["items"]
    return found


def answer(client: FlaskClient, who: Headers, word: str) -> Any:
    (one,) = asked(client, who)
    return client.post(f"{V1}/me/household/invitations/{one['id']}/{word}", headers=who)


def person_of(phone: str) -> UUID:
    with db.transaction() as tx:
        return ensure_person(tx, phone).id


# --- members without an account --------------------------------------------------------------------------------


def test_a_child_without_a_telephone_is_a_note_of_its_mother(
    client: FlaskClient, people: dict[str, Headers]
) -> None:
    made = add(client, people["mother"], cpr="٠١٩ ٥٠٤-١٢٣", guardian=True)
    assert made.status_code == 201, made.json
    assert made.json | {"id": 0, "created_at": 0} == {
        "id": 0, "side": "holder", "status": "standing", "relation": "child", "guardianship": "declared",
        "has_account": False, "name_ar": "سارة أحمد", "name_latin": None, "sex": None, "birth_date": "2019-05-04",
        "cpr": "••••••123", "other": None, "created_at": 0,
    }  # fmt: skip
    path = f"{V1}/me/household/{made.json['id']}"
    assert client.get(path, headers=people["mother"]).json == made.json
    for method in ("GET", "DELETE"):
        assert client.open(path, method=method, headers=people["stranger"]).status_code == 404
    with db.transaction() as tx:
        row = tx.get_one(HouseholdMember, UUID(made.json["id"]))
        assert b"019504123" not in row.cpr and secrets.unseal(row.cpr, "cpr") == "019504123"
        assert household.member_for(tx, person_of(MOTHER), row.id).personal_number
        with pytest.raises(NotFound):
            household.member_for(tx, person_of(STRANGER), row.id)


def test_what_is_written_of_a_member_is_judged(client: FlaskClient, people: dict[str, Headers]) -> None:
    mother = people["mother"]
    wrong = (
        ({"name_ar": None}, "/name_ar"),
        ({"birth_date": "2099-01-01"}, "/birth_date"),
        ({"cpr": "12"}, "/cpr"),
        ({"phone": MOTHER}, "/phone"),
        ({"phone": "12"}, "/phone"),
        ({"relation": "pet"}, "/relation"),
    )
    for said, pointer in wrong:
        refused = add(client, mother, **said)
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer)
    assert listed(client, mother) == []
    add(client, mother, cpr="019504123")
    assert add(client, mother, cpr="019504123").json["type"].endswith("member-already")
    assert add(client, people["son"], guardian=True).json["type"].endswith("guardian-not-adult")


def test_a_correction_needs_the_version_and_undoes_what_was_verified(
    client: FlaskClient, people: dict[str, Headers], as_staff: Call
) -> None:
    mother, clerk = people["mother"], as_staff("reviewer")
    one = add(client, mother, guardian=True).json["id"]
    path = f"{V1}/me/household/{one}"
    judged = client.post(
        f"{V1}/staff/household/{one}/guardianship", json={"verified": True, "upon": "شهادة الميلاد"}, headers=clerk
    )
    assert judged.status_code == 200 and judged.json["guardianship"] == "verified"
    tag = client.get(path, headers=mother).headers["ETag"]
    assert client.patch(path, json={"relation": "ward"}, headers=mother).status_code == 428
    kept = client.patch(path, json={"relation": "ward"}, headers=mother | {"If-Match": tag})
    assert kept.json["guardianship"] == "verified"
    stale = client.patch(path, json={"name_ar": "سارة"}, headers=mother | {"If-Match": tag})
    assert stale.status_code == 412
    anew = client.patch(path, json={"name_ar": "سارة"}, headers=mother | {"If-Match": kept.headers["ETag"]})
    assert anew.json["guardianship"] == "declared"


def test_a_household_has_a_limit_that_many_at_once_do_not_pass(
    app: Flask, client: FlaskClient, people: dict[str, Headers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asimati.accounts.actions.household.MEMBERS", 4)
    barrier = threading.Barrier(12)

    def one(_n: int) -> int:
        own = app.test_client()
        barrier.wait()
        return int(own.post(f"{V1}/me/household", json=CHILD, headers=people["mother"]).status_code)

    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(one, range(12)))
    assert codes.count(201) == 4 and set(codes) == {201, 409}
    assert len(listed(client, people["mother"])) == 4


# --- two accounts ----------------------------------------------------------------------------------------------


def test_an_adult_with_an_account_is_tied_only_when_they_agree(
    client: FlaskClient, people: dict[str, Headers], run_listeners: Call
) -> None:
    mother, other = people["mother"], people["stranger"]
    made = add(client, mother, relation="spouse", phone=STRANGER).json
    assert (made["status"], made["has_account"], made["other"]) == ("asked", False, None)
    run_listeners()
    told = client.get(f"{V1}/notifications", headers=other).json["items"]
    assert [one["topic"] for one in told] == ["accounts.household_invited"]
    (ask,) = asked(client, other)
    assert (ask["asked"], ask["by"]["ar"], ask["guardian"]) == ("member", "أمل", False)
    with db.transaction() as tx, pytest.raises(NotFound):
        household.member_for(tx, person_of(MOTHER), UUID(made["id"]))
    assert answer(client, other, "agree").status_code == 200
    run_listeners()
    assert (
        client.get(f"{V1}/notifications", headers=mother).json["items"][0]["topic"] == "accounts.household_agreed"
    )
    (mine,), (theirs,) = listed(client, mother), listed(client, other)
    assert (mine["side"], mine["has_account"], mine["other"]["ar"]) == ("holder", True, "غريب")
    assert (theirs["side"], theirs["name_ar"], theirs["birth_date"], theirs["other"]["ar"]) == (
        "member", None, None, "أمل",
    )  # fmt: skip
    with db.transaction() as tx:
        assert household.member_for(tx, person_of(MOTHER), UUID(made["id"])).person == person_of(STRANGER)
        assert household.guardians_of(tx, person_of(STRANGER)) == []
    assert client.delete(f"{V1}/me/household/{made['id']}", headers=other).status_code == 204
    assert listed(client, mother) == [] == listed(client, other)
    run_listeners()
    assert client.get(f"{V1}/notifications", headers=mother).json["items"][0]["topic"] == "accounts.household_ended"


def test_nobody_learns_whether_a_telephone_has_an_account(client: FlaskClient, people: dict[str, Headers]) -> None:
    known = add(client, people["mother"], phone=STRANGER)
    unknown = add(client, people["mother"], phone="+97333117999")
    said = {"id": 0, "created_at": 0}
    assert known.status_code == unknown.status_code == 201 and known.json | said == unknown.json | said


def test_who_did_not_agree_is_not_asked_again_and_nobody_asks_around(
    client: FlaskClient, people: dict[str, Headers], moved_clock: Call
) -> None:
    mother = people["mother"]
    add(client, mother, phone=STRANGER)
    assert answer(client, people["stranger"], "decline").status_code == 204
    assert listed(client, mother) == []
    assert add(client, mother, phone=STRANGER).json["type"].endswith("asked-too-often")
    for n in range(4):
        assert add(client, mother, phone=f"+9733311710{n}").status_code == 201
    assert add(client, mother, phone="+97333117109").json["type"].endswith("asked-too-often")
    with moved_clock(days=31), db.transaction() as tx:
        assert lapse_asks(tx) == 4
        assert tx.scalar(text("SELECT count(*) FROM household_member WHERE phone_index IS NOT NULL")) == 0
        assert lapse_asks(tx) == 0
    assert listed(client, mother) == []


def test_a_minor_asks_and_the_guardian_agrees(
    client: FlaskClient, people: dict[str, Headers], run_listeners: Call
) -> None:
    son, mother = people["son"], people["mother"]
    grown = client.post(f"{V1}/me/guardians", json={"phone": SON}, headers=mother)
    assert grown.json["type"].endswith("not-under-age")
    made = client.post(f"{V1}/me/guardians", json={"phone": MOTHER}, headers=son)
    assert (made.status_code, made.json["side"], made.json["status"]) == (201, "member", "asked"), made.json
    with db.transaction() as tx:
        assert household.guardians_of(tx, person_of(SON)) == []
    (ask,) = asked(client, mother)
    assert (ask["asked"], ask["guardian"], ask["by"]["ar"]) == ("holder", True, "خالد")
    assert answer(client, mother, "agree").status_code == 200
    with db.transaction() as tx:
        assert household.is_minor(tx, person_of(SON)) and not household.is_minor(tx, person_of(MOTHER))
        assert household.guardians_of(tx, person_of(SON)) == [person_of(MOTHER)]
        assert household.is_guardian_of(tx, person_of(MOTHER), person_of(SON))
    (mine,) = listed(client, mother)
    assert mine["name_ar"] == "خالد"
    path = f"{V1}/me/household/{mine['id']}"
    tag = client.get(path, headers=mother).headers["ETag"]
    changed = client.patch(path, json={"name_ar": "آخر"}, headers=mother | {"If-Match": tag})
    assert changed.json["type"].endswith("tied-account")
    again = client.post(f"{V1}/me/guardians", json={"phone": MOTHER}, headers=son)
    assert again.json["type"].endswith("asked-too-often")


def test_where_the_governorate_asks_it_nobody_becomes_a_guardian_by_their_telephone_alone(
    client: FlaskClient, people: dict[str, Headers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings().governorate.facts, "household", {"guardian_assurance": "advanced"})
    refused = add(client, people["mother"], guardian=True)
    assert (refused.status_code, refused.json["needed"]) == (403, "advanced")
    noted = add(client, people["mother"], guardian=False)
    assert noted.status_code == 201
    path = f"{V1}/me/household/{noted.json['id']}"
    later = client.patch(path, json={"guardian": True}, headers=people["mother"] | {"If-Match": "*"})
    assert later.json["type"] == "/problems/assurance-too-low"
    with db.transaction() as tx:
        proof = {"assurance": "advanced", "proved_at": clock.now(tx)}
        proved = start_session(tx, person=ensure_person(tx, MOTHER).id, **proof)["access_token"]
    who = {"Authorization": f"Bearer {proved}", "If-Match": "*"}
    raised = client.patch(path, json={"guardian": True}, headers=who)
    assert raised.json["guardianship"] == "declared"


def test_a_minor_is_no_guardian_and_a_grown_child_has_none(
    client: FlaskClient, people: dict[str, Headers], born: Call
) -> None:
    son, other, himself = people["son"], person_of(STRANGER), person_of(SON)
    with db.transaction() as tx:
        tx.get_one(Person, other).birth_date = date.fromisoformat(born(16))
    client.post(f"{V1}/me/guardians", json={"phone": STRANGER}, headers=son)
    assert answer(client, people["stranger"], "agree").json["type"].endswith("guardian-not-adult")
    client.post(f"{V1}/me/guardians", json={"phone": MOTHER}, headers=son)
    assert answer(client, people["mother"], "agree").status_code == 200
    with db.transaction() as tx:
        assert household.guardians_of(tx, himself)
        tx.get_one(Person, himself).birth_date = date.fromisoformat(born(18))
        tx.flush()
        assert household.guardians_of(tx, himself) == []


def judge(client: FlaskClient, clerk: Headers, member: str, *, verified: bool) -> None:
    word = {"verified": verified, "upon": "شهادة الميلاد"}
    judged = client.post(f"{V1}/staff/household/{member}/guardianship", json=word, headers=clerk)
    assert judged.status_code == 200, judged.json


def test_papers_of_a_child_make_nobody_guardian_of_whoever_is_tied_later(
    client: FlaskClient, people: dict[str, Headers], as_staff: Call
) -> None:
    """What staff saw was of the one the note was about; whose account answers nobody has looked at."""
    mother = people["mother"]
    note = add(client, mother, guardian=True).json["id"]
    judge(client, as_staff("reviewer"), note, verified=True)
    path = f"{V1}/me/household/{note}"
    client.post(f"{path}/invitation", json={"phone": STRANGER}, headers=mother)
    (ask,) = asked(client, people["stranger"])
    assert ask["guardian"] is True, "whoever agrees reads that the other means to be their guardian"
    assert answer(client, people["stranger"], "agree").json["guardianship"] == "declared"
    with db.transaction() as tx:
        assert household.guardians_of(tx, person_of(STRANGER)) == []


def test_a_guardian_who_was_refused_does_not_come_back_by_saying_it_again(
    client: FlaskClient, people: dict[str, Headers], as_staff: Call
) -> None:
    mother, son = people["mother"], people["son"]
    client.post(f"{V1}/me/guardians", json={"phone": MOTHER}, headers=son)
    tie = answer(client, mother, "agree").json["id"]
    judge(client, as_staff("reviewer"), tie, verified=False)
    client.delete(f"{V1}/me/household/{tie}", headers=mother)
    with db.transaction() as tx:
        tx.execute(text("UPDATE household_member SET asked_at = asked_at - interval '40 days'"))
    client.post(f"{V1}/me/guardians", json={"phone": MOTHER}, headers=son)
    again = answer(client, mother, "agree").json
    assert again["guardianship"] == "refused"
    with db.transaction() as tx:
        assert household.guardians_of(tx, person_of(SON)) == []
    judge(client, as_staff("reviewer"), again["id"], verified=True)
    with db.transaction() as tx:
        assert household.guardians_of(tx, person_of(SON)) == [person_of(MOTHER)], "better papers help"


def test_a_refused_note_stays_refused_whatever_its_holder_says(
    client: FlaskClient, people: dict[str, Headers], as_staff: Call
) -> None:
    note = add(client, people["mother"], guardian=True).json["id"]
    judge(client, as_staff("reviewer"), note, verified=False)
    for word in (False, True):
        path, who = f"{V1}/me/household/{note}", people["mother"] | {"If-Match": "*"}
        assert client.patch(path, json={"guardian": word}, headers=who).json["guardianship"] == "refused"


def test_the_same_two_are_tied_once(client: FlaskClient, people: dict[str, Headers]) -> None:
    add(client, people["mother"], relation="spouse", phone=STRANGER)
    assert answer(client, people["stranger"], "agree").status_code == 200
    with db.transaction() as tx:
        tx.execute(text("UPDATE household_member SET asked_at = asked_at - interval '40 days'"))
    add(client, people["mother"], relation="sibling", phone=STRANGER)
    assert answer(client, people["stranger"], "agree").json["type"].endswith("member-already")


def test_agreeing_twice_at_once_happens_once(app: Flask, client: FlaskClient, people: dict[str, Headers]) -> None:
    add(client, people["mother"], relation="spouse", phone=STRANGER)
    (one,) = asked(client, people["stranger"])
    barrier = threading.Barrier(8)

    def agree(n: int) -> int:
        own, word = app.test_client(), "agree" if n % 2 else "decline"
        barrier.wait()
        path = f"{V1}/me/household/invitations/{one['id']}/{word}"
        return int(own.post(path, headers=people["stranger"]).status_code)

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(agree, range(8)))
    assert codes[0] in (200, 204) and codes[1:] == [404] * 7


# --- the staff -------------------------------------------------------------------------------------------------


def test_staff_see_it_masked_and_the_resident_reads_that_they_did(
    client: FlaskClient, people: dict[str, Headers], as_staff: Call, run_listeners: Call
) -> None:
    mother, clerk = people["mother"], as_staff("coordinator")
    made = add(client, mother, cpr="019504123", guardian=True).json
    (row,) = client.get(f"{V1}/staff/queues/guardians", headers=clerk).json["items"]
    assert (row["birth_year"], row["cpr"], row["holder"]["name"]["ar"]) == (2019, "••••••123", "أمل")
    assert "2019-05-04" not in str(row)
    whole = client.get(f"{V1}/staff/people/{row['holder']['id']}/household", headers=clerk).json["items"]
    assert whole == [row]
    assert client.get(f"{V1}/staff/queues/guardians", headers=as_staff("auditor")).status_code == 403
    path = f"{V1}/staff/household/{made['id']}/guardianship"
    refused = client.post(path, json={"verified": False, "upon": "الوثيقة غير واضحة"}, headers=clerk)
    assert refused.json["guardianship"] == "refused"
    again = client.post(path, json={"verified": False, "upon": "x"}, headers=clerk)
    assert again.json["type"].endswith("nothing-to-judge")
    run_listeners()
    (told,) = client.get(f"{V1}/notifications", headers=mother).json["items"]
    assert told["topic"] == "accounts.guardianship_refused" and "الوثيقة غير واضحة" in told["text"]["ar"]
    log = {one["action"] for one in client.get(f"{V1}/me/access-log", headers=mother).json["items"]}
    assert {"household.opened", "accounts.guardian_refused"} <= log
    assert client.get(f"{V1}/staff/queues/guardians", headers=clerk).json["items"] == []


def test_nobody_judges_their_own_household(client: FlaskClient, people: dict[str, Headers], as_staff: Call) -> None:
    clerk = as_staff("reviewer")
    made = add(client, people["mother"], guardian=True).json
    with db.transaction() as tx:
        index = secrets.blind_index(MOTHER, "phone")
        sealed = secrets.seal(MOTHER, "phone")
        tx.execute(text("UPDATE staff_member SET phone = :phone, phone_index = :index"),
                   {"phone": sealed, "index": index})  # fmt: skip
    path = f"{V1}/staff/household/{made['id']}/guardianship"
    own = client.post(path, json={"verified": True, "upon": "x"}, headers=clerk)
    assert (own.status_code, own.json["type"]) == (409, "/problems/own-household")


# --- leaving ---------------------------------------------------------------------------------------------------


def test_an_erasure_ends_every_tie_and_leaves_no_word(
    client: FlaskClient, people: dict[str, Headers], run_listeners: Call
) -> None:
    mother, son = people["mother"], people["son"]
    add(client, mother, cpr="019504123")
    client.post(f"{V1}/me/guardians", json={"phone": MOTHER}, headers=son)
    answer(client, mother, "agree")
    add(client, people["stranger"], phone=MOTHER)
    with db.transaction() as tx:
        whose = person_of(MOTHER)
        assert {one["name"]: one["rows"] for one in plan(tx, whose)}["household_member"] == 2
        erase(tx, SYSTEM, whose)
    with db.transaction() as tx:
        for row in tx.query(HouseholdMember).filter(HouseholdMember.holder_id == whose):
            assert row.ended_at and not any((row.name_ar, row.birth_date, row.cpr, row.phone, row.phone_index))
            assert (row.relation, row.guardianship) == ("other", "none")
        assert household.guardians_of(tx, person_of(SON)) == []
        assert not tx.scalar(text("SELECT count(*) FROM household_member WHERE asked_of IS NOT NULL"))
    run_listeners()
    topics = [one["topic"] for one in client.get(f"{V1}/notifications", headers=son).json["items"]]
    assert sorted(topics) == ["accounts.household_agreed", "accounts.household_ended"]
