"""Two accounts of one person become one: what moves, what is in the way, who may, and that figures stay right."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, text

from asimati.accounts.actions import ensure_person
from asimati.accounts.models import Engagement, FormerAccount, Person
from asimati.credentials.models import Credential
from asimati.dataprotection import actions
from asimati.dataprotection.models import AccountMerge
from asimati.impact import queries as impact
from asimati.impact.models import Contribution, Tally
from asimati.kit import audit, clock, db, secrets
from asimati.kit.policy import SYSTEM, Role
from asimati.kit.privacy import HOLDINGS, Together, person_columns
from asimati.models import metadata
from asimati.volunteering.passport_queries import passport
from tests.events.ground import make_event
from tests.house.belongings import NEIGHBOUR, OWNER, V1, House, make, member, signed_in
from workers.tasks.deliver import drain

Call = Callable[..., Any]
WHY = "the same passport was shown for both at the counter"


@pytest.fixture
def house(client: FlaskClient) -> House:
    """Somebody with one of each thing, and their second account."""
    made = make(client)
    with db.transaction() as tx:
        tx.execute(delete(AccountMerge))
    return made


@pytest.fixture
def twin(house: House) -> UUID:
    """The account that is kept: the neighbour's telephone, of the same person as it turns out."""
    with db.transaction() as tx:
        return ensure_person(tx, NEIGHBOUR).id


@pytest.fixture
def second(house: House) -> dict[str, str]:
    return signed_in(staff=member(Role.SUPERVISOR))


def propose(house: House, kept: UUID, other: UUID, expect: int = 201) -> Any:
    said = {"kept": str(kept), "other": str(other), "reason": WHY}
    return house.ask("POST", "/staff/account-merges", house.staff["supervisor"], expect, json=said)


def approve(house: House, merge: str, who: dict[str, str], expect: int = 200) -> Any:
    return house.ask("POST", f"/staff/account-merges/{merge}/approve", who, expect)


def standing_of(person: UUID) -> dict[str, int]:
    """How many rows name an account, by table and column: an independent walk over the foreign keys."""
    found = {}
    with db.transaction() as tx:
        for table in metadata.sorted_tables:
            for column in person_columns(table):
                rows = tx.scalar(select(func.count()).select_from(table).where(column == person)) or 0
                if rows:
                    found[f"{table.name}.{column.name}"] = rows
    return found


LEFT = {"account_merge.other_id", "former_account.former_id"}


def test_everything_of_the_two_is_one_persons_and_nothing_is_left(
    house: House, twin: UUID, second: dict[str, str]
) -> None:
    drain()
    before = standing_of(house.person)
    assert len(before) > 20, sorted(before)
    merge = propose(house, twin, house.person)
    dry = {one["name"]: one for one in merge["plan"]["items"]}
    assert merge["plan"]["clashes"] == [] and dry["booking"]["fate"] == "block" and dry["booking"]["rows"] == 1
    assert [one["name_ar"] for one in merge["accounts"]] == [None, "مريم أحمد"]
    assert merge["accounts"][1]["phone"].startswith("••••") and standing_of(house.person) == before | {
        "account_merge.other_id": 1
    }
    done = approve(house, merge["id"], second)
    assert done["status"] == "done" and done["moved"]["booking"] == 1 and done["plan"] is None
    assert set(standing_of(house.person)) == LEFT
    after = standing_of(twin)
    for place, rows in before.items():
        name = place.partition(".")[0]
        if HOLDINGS[name].together is Together.MOVE:
            assert after.get(place, 0) >= rows, place
    with db.transaction() as tx:
        kept, other = tx.get_one(Person, twin), tx.get_one(Person, house.person)
        assert (kept.name_ar, kept.block, other.name_ar, other.cpr) == ("مريم أحمد", "317", None, None)
        assert other.erased_at is not None
        calendar = tx.scalars(select(Engagement).where(Engagement.person_id == twin)).all()
        assert calendar and {one.person_number for one in calendar} == {kept.number}


def test_the_other_account_opens_nothing_more_and_its_telephone_leads_to_the_kept_one(
    house: House, twin: UUID, second: dict[str, str], as_resident: Call
) -> None:
    assert house.client.get(f"{V1}/me", headers=house.owner).status_code == 200
    merge = propose(house, twin, house.person)
    approve(house, merge["id"], second)
    assert house.client.get(f"{V1}/me", headers=house.owner).status_code == 401
    again = as_resident(OWNER)
    assert house.ask("GET", "/me", again, 200)["id"] == str(twin)
    assert house.ask("GET", "/bookings", again, 200)["items"]
    drain()
    told = house.ask("GET", "/notifications", again, 200)["items"]
    assert "dataprotection.accounts_merged" in [one["topic"] for one in told]
    log = [one["action"] for one in house.ask("GET", "/me/access-log?limit=100", again, 200)["items"]]
    assert {"dataprotection.merge_proposed", "dataprotection.accounts_merged"} <= set(log)
    found = house.ask("POST", "/staff/people/find", house.staff["supervisor"], 200, json={"phone": OWNER})
    assert found["person"] == str(twin)
    with db.transaction() as tx:
        audit.seal(tx)
        assert audit.verify(tx)["ok"]


def test_four_eyes_and_nobody_about_themselves(house: House, twin: UUID, second: dict[str, str]) -> None:
    merge = propose(house, twin, house.person)
    own = approve(house, merge["id"], house.staff["supervisor"], 403)
    assert own["type"] == "/problems/second-person-needed"
    assert propose(house, twin, house.person, 409)["type"] == "/problems/merge-proposed"
    for role in ("reviewer", "coordinator", "auditor", "administrator"):
        approve(house, merge["id"], house.staff[role], 403)
    with db.transaction() as tx:
        tx.execute(
            text("UPDATE staff_member SET phone = :phone, phone_index = :index WHERE id = :id"),
            {"phone": secrets.seal(OWNER, "phone"), "index": secrets.blind_index(OWNER, "phone"),
             "id": house.members["data_protection_officer"]},
        )  # fmt: skip
    about_self = approve(house, merge["id"], house.staff["data_protection_officer"], 403)
    assert about_self["type"] == "/problems/own-file"
    refused = {"answer": "the papers are of two people"}
    house.ask("POST", f"/staff/account-merges/{merge['id']}/refuse", second, 204, json=refused)
    assert approve(house, merge["id"], second, 409)["type"] == "/problems/illegal-move"
    assert set(standing_of(house.person)) > LEFT - {"former_account.former_id"}
    house.ask("POST", "/staff/account-merges", second, 422,
              json={"kept": str(twin), "other": str(twin), "reason": WHY})  # fmt: skip


def test_a_colleague_is_known_by_the_telephone_of_their_former_account(
    house: House, twin: UUID, second: dict[str, str]
) -> None:
    approve(house, propose(house, twin, house.person)["id"], second)
    officer = house.members["data_protection_officer"]
    with db.transaction() as tx:
        tx.execute(
            text("UPDATE staff_member SET phone = :phone, phone_index = :index WHERE id = :id"),
            {"phone": secrets.seal(OWNER, "phone"), "index": secrets.blind_index(OWNER, "phone"), "id": officer},
        )
    why = {"purpose": "legal", "reason": "Curious"}
    about = house.ask("POST", f"/staff/people/{twin}/unmask", house.staff["data_protection_officer"], 403, json=why)
    assert about["type"] == "/problems/own-file"


def test_what_both_have_and_one_may_stands_in_the_way(house: House, twin: UUID, second: dict[str, str]) -> None:
    event = make_event(series="talks")
    mine, theirs = house.owner, signed_in(person=twin)
    house.ask("POST", f"/events/{event}/bookings", mine, json={"party_size": 1})
    booked = house.ask("POST", f"/events/{event}/bookings", theirs, json={"party_size": 1})["reference"]
    merge = propose(house, twin, house.person)
    names = {one["name"] for one in merge["plan"]["clashes"]}
    assert names == {"booking", "engagement"}
    blocked = approve(house, merge["id"], second, 409)
    assert blocked["type"] == "/problems/merge-blocked" and set(blocked["clashes"]) == names
    assert "booking.person_id" in standing_of(house.person)
    house.ask("DELETE", f"/bookings/{booked}", theirs, 200)
    approve(house, merge["id"], second)
    assert set(standing_of(house.person)) == LEFT


def test_two_personal_numbers_are_two_people(house: House, twin: UUID, second: dict[str, str]) -> None:
    with db.transaction() as tx:
        for person, number in ((house.person, "850101234"), (twin, "850105678")):
            row = tx.get_one(Person, person)
            row.cpr, row.cpr_index = secrets.seal(number, "cpr"), secrets.blind_index(number, "cpr")
    merge = propose(house, twin, house.person)
    assert approve(house, merge["id"], second, 409)["clashes"] == ["person"]
    with db.transaction() as tx:
        row = tx.get_one(Person, twin)
        row.cpr, row.cpr_index = None, None
    approve(house, merge["id"], second)
    with db.transaction() as tx:
        assert secrets.unseal(tx.get_one(Person, twin).cpr or b"", "cpr") == "850101234"


def test_past_times_that_meet_are_settled(house: House, twin: UUID, second: dict[str, str]) -> None:
    with db.transaction() as tx:
        mine = tx.scalars(select(Engagement).where(Engagement.person_id == house.person).limit(1)).one()
        tx.execute(text(
            "INSERT INTO engagement (id, person_id, person_number, during, kind, source, title) "
            "SELECT gen_random_uuid(), :twin, number, CAST(:during AS tstzrange), 'shift', gen_random_uuid(), '{}' "
            "FROM person WHERE id = :twin"
        ), {"twin": twin, "during": f"[{mine.during.lower.isoformat()},{mine.during.upper.isoformat()})"},
        )  # fmt: skip
        ends = mine.during.upper
    merge = propose(house, twin, house.person)
    blocked = [one["name"] for one in merge["plan"]["clashes"]]
    with db.transaction() as tx:
        ahead = ends > clock.now(tx)
    assert blocked == (["engagement"] if ahead else [])
    with db.transaction() as tx:
        tx.execute(text("UPDATE engagement SET during = tstzrange(lower(during) - interval '90 days', "
                        "upper(during) - interval '90 days')"))  # fmt: skip
    approve(house, merge["id"], second)
    assert set(standing_of(house.person)) == LEFT


def test_figures_count_one_person_and_tallies_stay_the_fold_of_the_ledger(
    house: House, twin: UUID, second: dict[str, str]
) -> None:
    form = house.ask("GET", "/services/suggestion", None, 200)["form"]
    from tests.house.test_openings import answers_to

    said = {"service": "suggestion", "form_version": form["version"], "answers": answers_to(form["schema"])}
    house.ask("POST", "/service-requests", signed_in(person=twin), json=said)
    drain()

    def figures() -> tuple[Any, int, dict[str, Any]]:
        with db.transaction() as tx:
            values = sorted(tx.execute(select(Tally.measure, Tally.period, Tally.target, func.sum(Tally.value))
                            .group_by(Tally.measure, Tally.period, Tally.target)).all())  # fmt: skip
            someones = set(tx.scalars(select(func.unnest(Tally.someones)).where(Tally.measure == measure)))
            return values, len(someones), impact.verify_tallies(tx)

    with db.transaction() as tx:
        mine, theirs = (secrets.pseudonym(str(one), "impact") for one in (house.person, twin))
        whose = select(Contribution.measure).where(Contribution.who == mine)
        measure = tx.scalars(whose.where(Contribution.source.like("service_requests.submit%")).limit(1)).one()
    before = figures()
    approve(house, propose(house, twin, house.person)["id"], second)
    drain()
    after = figures()
    assert after[0] == before[0] and after[1] == before[1] - 1
    assert after[2]["ok"], after[2]
    with db.transaction() as tx:
        signed = func.sum(Contribution.amount)
        assert not tx.scalar(select(signed).where(Contribution.who == mine))
        assert tx.scalar(select(signed).where(Contribution.who == theirs, Contribution.measure == measure)) > 1
        drain()


def test_what_is_told_late_or_taken_back_later_finds_the_one_person(
    house: House, twin: UUID, second: dict[str, str]
) -> None:
    """What the other account did is heard after the merge and counts for the kept one; a void finds it."""
    drain()
    case = house.values["service-requests/reference"]
    said = {"message": {"ar": "كلمات كافية", "en": "Words enough"}}
    house.ask("POST", f"/staff/service-requests/{case}/resolve", house.staff["reviewer"], 200, json=said)
    approve(house, propose(house, twin, house.person)["id"], second)
    drain()
    with db.transaction() as tx:
        mine, theirs = (secrets.pseudonym(str(one), "impact") for one in (house.person, twin))
        late = select(func.count()).select_from(Contribution).where(Contribution.source.like("%resolve%"))
        assert tx.scalar(late.where(Contribution.who == theirs, Contribution.line >= 0)) > 0
    house.ask("POST", f"/service-requests/{case}/reopen", signed_in(person=twin), 200, json={"text": "not yet"})
    drain()
    with db.transaction() as tx:
        total = select(func.coalesce(func.sum(Contribution.amount), 0))
        assert tx.scalar(total.where(Contribution.source.like("%resolve%"))) == 0
        assert tx.scalar(total.where(Contribution.who == mine)) == 0
        assert impact.verify_tallies(tx)["ok"]


def test_the_passport_is_the_sum_of_both_and_its_old_paper_ends(
    house: House, twin: UUID, second: dict[str, str]
) -> None:
    dispute = house.values["hours-disputes/dispute_id"]
    third = signed_in(staff=member(Role.COORDINATOR))
    house.ask(
        "POST", f"/staff/hours-disputes/{dispute}/uphold", third, 200, json={"minutes": 50, "answer": "right"}
    )
    with db.transaction() as tx:
        old = tx.scalars(select(Credential).where(Credential.subject.like(f"passport:%:{house.person}"))).one()
        edition = old.subject.split(":")[1]
        hours = passport(tx, house.person, edition)["hours"]
        assert float(hours) > 0 and old.revoked_at is None
    approve(house, propose(house, twin, house.person)["id"], second)
    with db.transaction() as tx:
        assert passport(tx, twin, edition)["hours"] == hours
        assert tx.get_one(Credential, old.id).revoked_at is not None
        new = tx.scalars(select(Credential).where(Credential.subject == f"passport:{edition}:{twin}")).one()
        assert new.revoked_at is None and new.person_id == twin


def test_many_approvals_at_once_are_one_merge(app: Flask, house: House, twin: UUID) -> None:
    merge = propose(house, twin, house.person)["id"]
    callers = [signed_in(staff=member(Role.SUPERVISOR)) for _ in range(6)]
    barrier = threading.Barrier(len(callers))

    def one(who: dict[str, str]) -> int:
        own = app.test_client()
        barrier.wait()
        return int(own.post(f"{V1}/staff/account-merges/{merge}/approve", headers=who).status_code)

    with ThreadPoolExecutor(len(callers)) as pool:
        codes = sorted(pool.map(one, callers))
    assert codes == [200, *[409] * 5]
    with db.transaction() as tx:
        assert tx.scalar(select(func.count()).select_from(FormerAccount)) == 1


def test_a_fault_in_the_middle_leaves_both_as_they_were(
    house: House, twin: UUID, second: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = propose(house, twin, house.person)["id"]
    before = standing_of(house.person), standing_of(twin)

    def broken(*_: Any) -> None:
        raise RuntimeError("the power is out")

    monkeypatch.setattr("asimati.dataprotection.actions.merging.AFTER_MERGE", [broken])
    answer = house.client.post(f"{V1}/staff/account-merges/{merge}/approve", headers=second)
    assert answer.status_code == 500
    assert (standing_of(house.person), standing_of(twin)) == before
    with db.transaction() as tx:
        assert tx.get_one(AccountMerge, UUID(merge)).status == "proposed"


def test_what_was_written_in_that_moment_follows_later(house: House, twin: UUID, second: dict[str, str]) -> None:
    approve(house, propose(house, twin, house.person)["id"], second)
    with db.transaction() as tx:
        tx.execute(text("INSERT INTO device (installation_id, person_id, platform, push_token) "
                        "VALUES ('late', :person, 'web', 'x')"), {"person": house.person})  # fmt: skip
        assert actions.merge_again(tx) == 1
        assert actions.merge_again(tx) == 0
    assert set(standing_of(house.person)) == LEFT


def test_who_was_brought_together_is_erased_whole(house: House, twin: UUID, second: dict[str, str]) -> None:
    approve(house, propose(house, twin, house.person)["id"], second)
    with db.transaction() as tx:
        tx.execute(
            text("UPDATE service_request SET closed_at = app_now(), status = 'withdrawn', claimed_by = NULL")
        )
        actions.erase(tx, SYSTEM, twin)
    with db.transaction() as tx:
        assert tx.scalar(select(func.count()).select_from(FormerAccount)) == 0
        assert ensure_person(tx, OWNER).id not in (twin, house.person)
