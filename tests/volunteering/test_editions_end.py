"""An edition's end: the ranking and its ties, the frozen snapshot, corrections beside it, ceremony, thanks."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlalchemy import any_, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from asimati.accounts.actions import ensure_person
from asimati.credentials.models import Credential
from asimati.kit import db
from asimati.kit.audit import AuditLine
from asimati.kit.errors import Refusal
from asimati.kit.policy import Actor
from asimati.volunteering import rankings
from asimati.volunteering.actions import hours
from asimati.volunteering.actions.closing import send_thanks
from asimati.volunteering.models import Edition, Enrolment, HoursLine, RankingRow
from tests.credentials.stranger import altered, verified
from tests.events.ground import make_people, signed_in
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, now
from tests.volunteering.test_journey import get, messages, post
from tests.volunteering.test_ledger import coordinator as staff_actor
from tests.volunteering.test_ledger_model import coordinator, decide, served
from tests.volunteering.test_passport import me, waiting

SignIn = Callable[..., Headers]
YOUTH = {"code": "youth", "title": {"ar": "الشباب", "en": "Youth"}}
USER = {"code": "user", "title": {"ar": "مستخدم", "en": "User"}}


def make_edition(ties: list[str] | None = None, **more: Any) -> None:
    """An edition that ended yesterday; committed."""
    today = now().date()
    days = {"starts_on": today - timedelta(days=100), "ends_on": today - timedelta(days=1)}
    with db.transaction() as tx:
        facts = {"title": TITLE, "minimum_age": 0, "tolerance_minutes": 0, "categories": [USER, YOUTH]}
        choice = {"default_category": "user", "ties": ties or ["shifts"]}
        tx.add(Edition(code="done", **{**days, **facts, **choice, **more}))


def approved(client: FlaskClient, staff: Headers, person: UUID, *minutes: int) -> list[UUID]:
    """Hours of a person in the edition, approved."""
    claims = [waiting(person, one, days_ago=5 + number) for number, one in enumerate(minutes)]
    for claim in claims:
        post(client, f"/staff/hours/{claim}/approve", staff)
    return claims


@pytest.fixture
def boss(as_staff: SignIn) -> Headers:
    return as_staff("supervisor")


@pytest.fixture
def staff(as_staff: SignIn) -> Headers:
    return as_staff("coordinator")


def placed(answer: Mapping[str, Any]) -> list[tuple[str, int, str, int]]:
    return [(one["category"], one["place"], one["hours"], one["shifts"]) for one in answer["items"]]


def openings_of(person: UUID) -> list[str]:
    """What of the edition was opened that shows somebody, in its order."""
    with db.transaction() as tx:
        lines = select(AuditLine.facts).where(person == any_(AuditLine.people), AuditLine.subject_type == "edition")
        return [json.loads(facts)["view"] for facts in tx.scalars(lines.order_by(AuditLine.id))]


# --- the ranking -----------------------------------------------------------------------------------------------


def test_equal_hours_go_by_shifts_and_who_is_equal_in_both_shares_the_place(
    client: FlaskClient, staff: Headers
) -> None:
    make_edition()
    for minutes in ((60,), (120, 60), (90, 90), (100, 50, 30), (180,)):
        approved(client, staff, make_people(1)[0].person, *minutes)
    young = make_people(1)[0].person
    approved(client, staff, young, 30)
    with db.transaction() as tx:
        tx.add(Enrolment(edition="done", person_id=young, category="youth"))
    ranking = get(client, "/staff/editions/done/ranking", staff)
    assert placed(ranking) == [
        ("user", 1, "3.00", 3), ("user", 2, "3.00", 2), ("user", 2, "3.00", 2), ("user", 4, "3.00", 1),
        ("user", 5, "1.00", 1), ("youth", 1, "0.50", 1),
    ]  # fmt: skip
    assert ranking["snapshot"] is None
    assert len(ranking["edition"]["rules"]) == 3 and "shifts" in ranking["edition"]["rules"][1]["en"]
    assert placed(get(client, "/staff/editions/done/ranking?category=youth", staff)) == [("youth", 1, "0.50", 1)]
    assert len(get(client, "/staff/editions/done/ranking?places=2", staff)["items"]) == 4


def test_ties_may_go_by_whose_hours_were_complete_first(client: FlaskClient, staff: Headers) -> None:
    make_edition(ties=["earlier"])
    first, second = (one.person for one in make_people(2))
    approved(client, staff, first, 60)
    approved(client, staff, second, 30, 30)
    rows = get(client, "/staff/editions/done/ranking", staff)["items"]
    assert [(one["person_id"], one["place"]) for one in rows] == [(str(first), 1), (str(second), 2)]


def test_whoever_has_no_category_is_not_ranked_where_the_edition_has_no_default(
    client: FlaskClient, staff: Headers
) -> None:
    make_edition(default_category=None)
    approved(client, staff, make_people(1)[0].person, 60)
    assert get(client, "/staff/editions/done/ranking", staff)["items"] == []


deeds = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["approve", "correct", "reject"]), st.integers(0, 190)),
    max_size=14,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds, st.lists(st.sampled_from(["user", "youth"]), min_size=5, max_size=5))
def test_the_ranking_is_what_a_plain_count_of_the_lines_gives(
    tx: Session, actor: Actor, chosen: list[tuple[int, str, int]], kinds: list[str]
) -> None:
    """Whatever was decided: places are one more than the number of those before, reckoned here line by line."""
    anew = uuid4().hex  # categories of this example alone
    claims, categories = {}, {}
    for kind in kinds:
        person = ensure_person(tx, f"+973{uuid4().int % 10**8:08}").id
        claims[person], categories[person] = served(tx, person), f"{kind}-{anew}"
        tx.add(Enrolment(edition="now", person_id=person, category=categories[person]))
    tx.flush()
    for who, deed, minutes in chosen:
        with contextlib.suppress(Refusal):  # what is refused is another test's
            decide(tx, actor, list(claims.values())[who][minutes % 3], deed, minutes)
    table = rankings.standing(tx.get_one(Edition, "now"))
    rows = tx.execute(select(table).where(table.c.category.endswith(anew)))
    assert {row.person_id: (row.category, row.place) for row in rows} == reckoned(tx, categories)


@pytest.fixture
def actor(tx: Session) -> Actor:
    return coordinator(tx)


def reckoned(tx: Session, categories: Mapping[UUID, str]) -> dict[UUID, tuple[str, int]]:
    lines = tx.scalars(select(HoursLine).where(HoursLine.edition == "now")).all()
    score: dict[UUID, tuple[int, int]] = {}
    for person in categories:
        mine = [line.minutes for line in lines if line.person_id == person]
        if sum(mine) > 0:
            score[person] = (sum(mine), sum(one > 0 for one in mine) - sum(one < 0 for one in mine))
    return {
        person: (categories[person], 1 + sum(
            other > own for rival, other in score.items() if categories[rival] == categories[person]
        ))
        for person, own in score.items()
    }  # fmt: skip


# --- the snapshot ----------------------------------------------------------------------------------------------


def test_a_frozen_ranking_is_signed_and_later_corrections_stand_beside_it(
    client: FlaskClient, staff: Headers, boss: Headers, as_resident: SignIn
) -> None:
    make_edition()
    who = as_resident()
    (first, *_), (rival, *_) = (
        approved(client, staff, me(client, who), 120, 60), approved(client, staff, make_people(1)[0].person, 150)
    )  # fmt: skip
    assert client.post(f"{V1}/staff/editions/done/freeze", json={}, headers=staff).status_code == 403
    frozen = post(client, "/staff/editions/done/freeze", boss)
    assert (frozen["rows"], frozen["intact"]) == (2, True)
    before = get(client, "/staff/editions/done/ranking", staff)
    said = verified(client, jwt_of(frozen["credential_id"]))
    file = client.get(f"{V1}/staff/editions/done/snapshot.csv", headers=staff).data
    assert said["credentialSubject"]["facts"]["digest"] == f"sha256:{hashlib.sha256(file).hexdigest()}"
    assert file.count(b"\n") == 2 and str(me(client, who)).encode() in file

    post(client, f"/staff/hours/{first}/reject", staff, reason="was elsewhere")
    post(client, f"/staff/hours/{rival}/correct", staff, minutes=160, reason="stayed on")
    newcomer = make_people(1)[0].person
    approved(client, staff, newcomer, 30)
    after = get(client, "/staff/editions/done/ranking", staff)
    assert after["items"] == before["items"]
    assert after["snapshot"] == frozen
    beside = get(client, "/staff/editions/done/corrections", staff)["items"]
    assert {(one["place"], one["hours"], one["change"], one["hours_now"]) for one in beside} == {
        (1, "3.00", "-2.00", "1.00"), (2, "2.50", "0.17", "2.67"), (None, "0.00", "0.50", "0.50")
    }  # fmt: skip
    assert get(client, "/me/passport?edition=done", who)["editions"][0]["place"] == 1
    assert get(client, "/me/passport?edition=done", who)["hours"] == "1.00"

    assert client.get(f"{V1}/staff/editions/done/ceremony.xlsx?places=1", headers=staff).status_code == 200
    seen = ["ranking", "snapshot", "ranking", "corrections", "ceremony", "corrections"]
    assert (openings_of(me(client, who)), openings_of(newcomer)) == (seen, ["corrections"] * 2)


def jwt_of(credential: str) -> str:
    with db.transaction() as tx:
        return tx.get_one(Credential, UUID(credential)).jwt


def test_the_signature_fails_when_a_byte_of_it_changes_and_when_it_is_revoked(
    client: FlaskClient, staff: Headers, boss: Headers
) -> None:
    make_edition()
    approved(client, staff, make_people(1)[0].person, 60)
    frozen = post(client, "/staff/editions/done/freeze", boss)
    token = jwt_of(frozen["credential_id"])
    for place in range(0, len(token) - 1, 97):
        if token[place] != ".":
            with pytest.raises(Exception):  # noqa: B017 - a broken letter may break any part
                verified(client, altered(token, place))
    post(client, f"/staff/credentials/{frozen['credential_id']}/revoke", boss, reason="signed in error")
    with pytest.raises(PermissionError):
        verified(client, token)


def test_freezing_waits_for_the_end_for_hours_and_happens_once(
    client: FlaskClient, staff: Headers, boss: Headers
) -> None:
    make_edition()
    claim = waiting(make_people(1)[0].person, 60, days_ago=5)
    refused = post(client, "/staff/editions/done/freeze", boss, 409)
    assert (refused["type"], refused["claims"], refused["disputes"]) == ("/problems/hours-waiting", 1, 0)
    frozen = post(client, "/staff/editions/done/freeze", boss, despite=True)
    assert frozen["rows"] == 0
    assert post(client, "/staff/editions/done/freeze", boss, 409)["type"] == "/problems/edition-frozen"
    post(client, f"/staff/hours/{claim}/approve", staff)
    assert [one["change"] for one in get(client, "/staff/editions/done/corrections", staff)["items"]] == ["1.00"]
    assert client.post(f"{V1}/staff/editions/never/freeze", json={}, headers=boss).status_code == 404
    with db.transaction() as tx:
        tomorrow = now().date() + timedelta(days=1)
        days = {"starts_on": tomorrow, "ends_on": tomorrow, "minimum_age": 0, "tolerance_minutes": 0}
        tx.add(Edition(code="next", title=TITLE, categories=[], **days))
    assert post(client, "/staff/editions/next/freeze", boss, 409)["type"] == "/problems/edition-running"


def test_the_database_refuses_to_change_a_frozen_place_and_says_when_somebody_did(
    client: FlaskClient, staff: Headers, boss: Headers
) -> None:
    make_edition()
    approved(client, staff, make_people(1)[0].person, 60)
    post(client, "/staff/editions/done/freeze", boss)
    change = text("UPDATE edition_ranking SET minutes = minutes + 1")
    with pytest.raises(DBAPIError, match="append-only"), db.engine().begin() as owner:
        owner.execute(change)
    with db.engine().begin() as owner:
        owner.execute(text("ALTER TABLE edition_ranking DISABLE TRIGGER USER"))
        owner.execute(change)
        owner.execute(text("ALTER TABLE edition_ranking ENABLE TRIGGER USER"))
    assert get(client, "/staff/editions/done/ranking", staff)["snapshot"]["intact"] is False


def frozen_while_approving(client: FlaskClient, boss: Headers) -> tuple[set[UUID], set[UUID], set[UUID]]:
    """Twelve approvals race with the freezing: all the people, those in the snapshot, those corrected beside it."""
    make_edition()
    people = [one.person for one in make_people(12)]
    claims, staff = [waiting(person, 60, days_ago=5) for person in people], staff_actor()

    def approve_all() -> None:
        for claim in claims:
            with db.transaction() as tx:
                hours.approve(tx, staff, claim)

    racing = threading.Thread(target=approve_all)
    racing.start()
    post(client, "/staff/editions/done/freeze", boss, despite=True)
    racing.join()
    with db.transaction() as tx:
        frozen = set(tx.scalars(select(RankingRow.person_id)))
        late = {row["person_id"] for row in rankings.corrections(tx, tx.get_one(Edition, "done"))}
    return set(people), frozen, late


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ranking is written, and a while passes before it stands."""
    digest = rankings.digest

    def slow(tx: Session, edition: str) -> str:
        time.sleep(0.4)
        return digest(tx, edition)

    monkeypatch.setattr(rankings, "digest", slow)


@pytest.mark.usefixtures("slowly")
def test_lines_written_while_the_ranking_freezes_are_in_it_or_known_to_be_late(
    client: FlaskClient, boss: Headers
) -> None:
    people, frozen, late = frozen_while_approving(client, boss)
    assert frozen | late == people
    assert not frozen & late
    assert late


@pytest.mark.usefixtures("slowly")
def test_without_the_lock_a_line_is_in_neither(
    client: FlaskClient, boss: Headers, without: Callable[..., None]
) -> None:
    without("edition_lock")
    people, frozen, late = frozen_while_approving(client, boss)
    assert frozen | late < people


def test_many_freezing_at_once_freeze_once(app: Flask, client: FlaskClient, boss: Headers) -> None:
    make_edition()
    answers = all_at_once(app, [("/staff/editions/done/freeze", {}, boss)] * 6)
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 5}


# --- the ceremony and the thanks -------------------------------------------------------------------------------


def test_the_ceremony_leaves_as_a_workbook_and_as_csv_in_either_language(
    client: FlaskClient, staff: Headers, boss: Headers, as_resident: SignIn
) -> None:
    make_edition()
    who = as_resident()
    version = client.get(f"{V1}/me", headers=who).headers["ETag"]
    client.patch(
        f"{V1}/me", json={"name_ar": "مريم", "name_latin": "=Maryam"}, headers={**who, "If-Match": version}
    )
    (claim,) = approved(client, staff, me(client, who), 90)
    post(client, "/staff/editions/done/freeze", boss)
    post(client, f"/staff/hours/{claim}/reject", staff, reason="was elsewhere")
    book = client.get(f"{V1}/staff/editions/done/ceremony.xlsx", headers=staff)
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.data))
    assert sheets.sheet_names == ["Winners", "Organisations", "Corrections", "How volunteers are ranked"]
    assert sheets.get_sheet_by_index(0).to_python()[1] == ["User", 1, "مريم", "=Maryam", 1.5, 1, "Gold medal"]
    assert sheets.get_sheet_by_name("Corrections").to_python()[1][5:7] == [-1.5, 0]
    arabic = client.get(f"{V1}/staff/editions/done/ceremony.csv", headers={**staff, "Accept-Language": "ar"})
    assert "ميدالية ذهبية" in arabic.data.decode() and "'=Maryam" in arabic.data.decode()
    assert any(line["action"] == "edition.opened" for line in get(client, "/me/access-log", who)["items"])


def test_everybody_in_the_ranking_is_thanked_once_and_the_first_differently(
    client: FlaskClient, staff: Headers, boss: Headers
) -> None:
    make_edition()
    for minutes in (240, 180, 120, 60):
        approved(client, staff, make_people(1)[0].person, minutes)
    assert post(client, "/staff/editions/done/thank", boss, 409)["type"] == "/problems/edition-open"
    post(client, "/staff/editions/done/freeze", boss)
    with db.transaction() as tx:
        assert send_thanks(tx) == 0  # nobody asked yet
    assert post(client, "/staff/editions/done/thank", boss)["thanks_at"]
    assert post(client, "/staff/editions/done/thank", boss, 409)["type"] == "/problems/thanked"
    with db.transaction() as tx:
        assert (send_thanks(tx), send_thanks(tx)) == (4, 0)
    assert [one["hours"] for one in messages("thanked")] == ["1.00"]
    assert sorted((one["place"], one["category"]["en"]) for one in messages("won")) == [
        (1, "User"), (2, "User"), (3, "User")
    ]  # fmt: skip


# --- enrolling -------------------------------------------------------------------------------------------------


def test_a_category_is_chosen_and_chosen_anew(client: FlaskClient, as_resident: SignIn) -> None:
    today = now().date()
    make_edition(starts_on=today - timedelta(days=1), ends_on=today + timedelta(days=10))
    who = as_resident()
    assert get(client, "/me/passport", who)["category"] == "user"
    for category, status in (("youth", 200), ("pilots", 422)):
        answer = client.put(f"{V1}/me/enrolment", json={"category": category}, headers=who)
        assert answer.status_code == status, answer.json
    passport = get(client, "/me/passport", who)
    assert (passport["category"], passport["category_title"]) == ("youth", YOUTH["title"])
    listed = get(client, "/editions")["items"]
    assert [one["code"] for one in listed[0]["categories"]] == ["user", "youth"]


def test_one_enrolling_many_times_at_once_has_one_category(app: Flask, client: FlaskClient) -> None:
    today = now().date()
    make_edition(starts_on=today - timedelta(days=1), ends_on=today + timedelta(days=10))
    (who,) = make_people(1)
    barrier, statuses = threading.Barrier(4), []

    def put() -> None:
        barrier.wait()
        client = app.test_client()
        answer = client.put(f"{V1}/me/enrolment", json={"category": "youth"}, headers=signed_in(who))
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert statuses == [200] * 4
