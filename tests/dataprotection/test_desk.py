"""A resident's data in their own hands: the archive, an erasure and its plan, the desk and its clocks."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, text

from asimati.accounts.models import Consent, Person
from asimati.accounts.queries import contacts_of
from asimati.cli import cli
from asimati.dataprotection import actions
from asimati.dataprotection.actions import unmasking
from asimati.dataprotection.actions.asking import BROADCAST
from asimati.dataprotection.models import Erasure
from asimati.kit import audit, db
from asimati.kit.privacy import HOLDINGS
from asimati.kit.sheets import read_sheet
from asimati.settings import settings
from asimati.verify import VERIFIERS
from tests.house.test_openings import answers_to
from tests.volunteering.ground import all_at_once

V1 = "/api/v1"
PHONE = "+97333118822"
Call = Callable[..., Any]
Headers = dict[str, str]


@pytest.fixture
def me(client: FlaskClient, as_resident: Call) -> Headers:
    """A resident who has said everything there is to say."""
    from asimati.pack import load, sync
    from asimati.settings import settings

    with db.transaction() as tx:
        sync(tx, load(settings().governorate.folder))
    headers: Headers = as_resident(PHONE)
    tag = client.get(f"{V1}/me", headers=headers).headers["ETag"]
    said = {"name_ar": "مريم أحمد الكناري", "email": "canary@example.com", "cpr": "010203045", "disability": True,
            "block": "317", "road": "1705"}  # fmt: skip
    answer = client.patch(f"{V1}/me", json=said, headers=headers | {"If-Match": tag})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return headers


@pytest.fixture
def person(client: FlaskClient, me: Headers) -> UUID:
    return UUID(client.get(f"{V1}/me", headers=me).json["id"])


@pytest.fixture
def case(client: FlaskClient, me: Headers) -> str:
    """A case of theirs that is open, with words of their own in it."""
    form = client.get(f"{V1}/services/suggestion").json["form"]
    answers = {name: value.replace("كلمات", "كناري") if isinstance(value, str) else value
               for name, value in answers_to(form["schema"]).items()}  # fmt: skip
    body = {"service": "suggestion", "form_version": form["version"], "answers": answers}
    made = client.post(f"{V1}/service-requests", json=body, headers=me)
    assert made.status_code == 201, made.get_data(as_text=True)
    return str(made.json["reference"])


@pytest.fixture
def officer(as_staff: Call) -> Headers:
    found: Headers = as_staff("data_protection_officer")
    return found


def ask(client: FlaskClient, me: Headers, kind: str, **more: Any) -> Any:
    return client.post(f"{V1}/me/data-requests", json={"kind": kind, **more}, headers=me)


# --- the archive -----------------------------------------------------------------------------------------------


def test_the_archive_holds_what_is_kept_in_words_one_can_read(
    client: FlaskClient, me: Headers, case: str, person: UUID
) -> None:
    answer = client.get(f"{V1}/me/export", headers=me)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    told = json.loads(archive.read("data.json"))
    rows = {room["name"]: room["rows"] for room in told["data"]}
    assert rows["person"][0]["cpr"] == "010203045"
    assert rows["person"][0]["phone"] == PHONE
    assert rows["person_sensitive"][0]["disability"] is True
    assert rows["service_request"][0]["reference"] == case
    assert rows["consent"][0]["code"] == "disability"
    page = archive.read("index.html").decode()
    for words in ("كناري", "canary@example.com", case, "كل ما نحتفظ به عنكم", "Everything we keep of you"):
        assert words in page
    for words in ("مقدَّم / Submitted", "الخدمة / Service", "Recording a disability", "\u2066"):
        assert words in page
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-|>(submitted|disability|en|ar)<", page)  # no code of ours
    assert "<script" not in page


def test_the_archive_is_all_that_the_tables_hold_of_a_person(
    client: FlaskClient, me: Headers, case: str, person: UUID
) -> None:
    """An independent walk over the foreign keys finds no row that the archive leaves out, but keys and sign-ins."""
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{V1}/me/export", headers=me).data))
    told = {room["name"]: len(room["rows"]) for room in json.loads(archive.read("data.json"))["data"]}
    with db.transaction() as tx:
        for table in db.Base.metadata.sorted_tables:
            for key in table.foreign_keys:
                if key.column.table.name == "person" and HOLDINGS[table.name].exported:
                    wanted = text(f'SELECT count(*) FROM "{table.name}" WHERE {key.parent.name} = :person')
                    assert told.get(table.name, 0) == tx.scalar(wanted, {"person": person}), table.name


def test_nobody_but_its_person_and_the_desk_gets_an_archive(
    client: FlaskClient, me: Headers, as_resident: Call, as_staff: Call, officer: Headers
) -> None:
    reference = ask(client, me, "copy").json["reference"]
    other = as_resident()
    assert client.get(f"{V1}/me/data-requests/{reference}", headers=other).status_code == 404
    assert client.post(f"{V1}/me/data-requests/{reference}/cancel", headers=other).status_code == 404
    path = f"{V1}/staff/data-requests/{reference}/archive"
    assert client.get(path, headers=as_staff("supervisor")).status_code == 403
    taken = client.get(path, headers=officer)
    assert taken.status_code == 200 and PHONE in zipfile.ZipFile(io.BytesIO(taken.data)).read("data.json").decode()
    log = client.get(f"{V1}/me/access-log", headers=me).json["items"]
    assert "person.exported" in {one["action"] for one in log}


# --- erasure ---------------------------------------------------------------------------------------------------


def test_an_erasure_leaves_what_is_open_and_comes_back_for_it(
    client: FlaskClient, me: Headers, case: str, person: UUID, officer: Headers
) -> None:
    plan = {one["name"]: one for one in client.get(f"{V1}/me/erasure-plan", headers=me).json["items"]}
    (kept,) = plan["service_request"]["kept"]
    assert kept["waits"] and kept["rows"] == 1 and kept["why"]["ar"]
    reference = ask(client, me, "erase").json["reference"]
    done = _carry_out(client, officer, reference)
    assert done["status"] == "partly"
    with db.transaction() as tx:
        assert tx.get_one(Person, person).name_ar is not None
        tx.execute(text("UPDATE service_request SET closed_at = app_now(), status = 'withdrawn'"))
        assert actions.resume(tx) == 1
    with db.transaction() as tx:
        assert tx.get_one(Erasure, person).finished_at is not None


def test_after_an_erasure_no_table_and_no_file_says_who_it_was(
    client: FlaskClient, me: Headers, case: str, person: UUID, officer: Headers
) -> None:
    with db.transaction() as tx:
        tx.execute(text("UPDATE service_request SET closed_at = app_now(), status = 'withdrawn'"))
        tx.execute(
            text(
                "INSERT INTO stored_file (id, about_kind, about_id, person_id, internal, by_kind, name, media_type,"
                " size, sha256, status) SELECT gen_random_uuid(), 'service_request', id, person_id, false,"
                " 'resident', 'canary.jpg', 'image/jpeg', 1, ''::bytea, 'ready' FROM service_request"
            )
        )
        cases = tx.scalar(text("SELECT count(*) FROM service_request"))
    reference = ask(client, me, "erase", text="كناري: امحوا كل شيء").json["reference"]
    assert _carry_out(client, officer, reference)["status"] == "done"
    with db.transaction() as tx:
        for table in db.Base.metadata.sorted_tables:
            found = tx.execute(
                text(f"SELECT t::text FROM \"{table.name}\" t WHERE t::text ~ 'كناري|canary|الكناري'")
            )
            assert not found.all(), table.name
        assert tx.scalar(text("SELECT count(*) FROM service_request")) == cases, "what was counted stays counted"
        assert tx.scalar(text("SELECT count(*) FROM stored_file")) == 0
        assert tx.scalars(text("SELECT withdrawn_at IS NOT NULL FROM consent")).all() == [True]
        assert audit.seal(tx) and audit.verify(tx, [])["ok"]
    assert client.get(f"{V1}/me", headers=me).status_code == 401
    with db.transaction() as tx:
        assert actions.erase_again(tx) == 1


def test_figures_are_the_same_before_and_after_somebody_is_erased(
    client: FlaskClient, me: Headers, case: str, person: UUID, officer: Headers, as_staff: Call, run_listeners: Call
) -> None:
    reviewer = as_staff("reviewer", "supervisor")
    path = f"{V1}/staff/service-requests/{case}"
    client.post(f"{path}/claim", headers=reviewer)
    answered = client.post(f"{path}/resolve", json={"message": {"ar": "تم", "en": "Done"}}, headers=reviewer)
    assert answered.status_code == 200, answer_of(answered)
    run_listeners()
    before = _figures()
    assert all(before.values()), "the case counts somewhere"
    assert _carry_out(client, officer, ask(client, me, "erase").json["reference"])["status"] == "done"
    run_listeners()
    assert _figures() == before
    with db.transaction() as tx:
        assert VERIFIERS["tallies"](tx)["ok"]


def _figures() -> dict[str, list[str]]:
    with db.transaction() as tx:
        return {
            table: sorted(tx.scalars(text(f"SELECT t::text FROM {table} t")))
            for table in ("contribution", "tally_cell")
        }


def answer_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_what_was_written_while_somebody_was_erased_is_found_within_the_hour(
    client: FlaskClient, me: Headers, person: UUID, officer: Headers
) -> None:
    _carry_out(client, officer, ask(client, me, "erase").json["reference"])
    with db.transaction() as tx:
        tx.execute(text("INSERT INTO person_sensitive (person_id, disability) VALUES (:p, true)"), {"p": person})
    with db.transaction() as tx:
        actions.resume(tx)
        assert tx.scalar(text("SELECT count(*) FROM person_sensitive")) == 0


def test_whoever_was_erased_is_told_nothing_any_more(
    client: FlaskClient, me: Headers, person: UUID, officer: Headers, run_listeners: Call
) -> None:
    """What is still on its way when somebody is erased finds nobody."""
    reference = ask(client, me, "erase").json["reference"]
    _carry_out(client, officer, reference)
    assert run_listeners() > 0
    with db.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM notification")) == 0
        assert contacts_of(tx, [person]) == {}


def test_an_erased_telephone_begins_anew(
    client: FlaskClient, me: Headers, person: UUID, officer: Headers, as_resident: Call
) -> None:
    _carry_out(client, officer, ask(client, me, "erase").json["reference"])
    again = client.get(f"{V1}/me", headers=as_resident(PHONE)).json
    assert UUID(again["id"]) != person and again["name_ar"] is None


# --- the desk --------------------------------------------------------------------------------------------------


def test_the_law_s_clock_runs_in_working_days_and_the_case_stands_in_the_queue(
    client: FlaskClient, me: Headers, officer: Headers, run_listeners: Call
) -> None:
    made = ask(client, me, "copy").json
    assert ask(client, me, "copy").json["type"] == "/problems/asked-already"
    queues = {one["name"]: one["count"] for one in client.get(f"{V1}/staff/queues", headers=officer).json["items"]}
    assert queues["data-requests"] == 1
    (item,) = client.get(f"{V1}/staff/queues/data-requests", headers=officer).json["items"]
    assert (item["reference"], item["due_at"]) == (made["reference"], made["due_at"])
    run_listeners()
    titles = [one["title"]["en"] for one in client.get(f"{V1}/notifications", headers=me).json["items"]]
    assert any("A copy of your data" in one for one in titles)


def test_a_correction_is_made_and_is_to_be_passed_on(client: FlaskClient, me: Headers, officer: Headers) -> None:
    reference = ask(client, me, "rectify", changes={"name_latin": "Maryam"}).json["reference"]
    assert client.post(f"{V1}/staff/data-requests/{reference}/claim", headers=officer).json["status"] == "in_hand"
    done = _carry_out(client, officer, reference)
    assert done["status"] == "done" and done["pass_on_by"] and not done["passed_on_at"]
    assert client.get(f"{V1}/me", headers=me).json["name_latin"] == "Maryam"
    told = client.post(f"{V1}/staff/data-requests/{reference}/passed-on", headers=officer)
    assert told.json["passed_on_at"]
    again = client.post(f"{V1}/staff/data-requests/{reference}/refuse", json={"answer": "لا" * 3}, headers=officer)
    assert (again.status_code, again.json["legal"]) == (409, [])


def disability(client: FlaskClient, me: Headers) -> dict[str, Any]:
    """The consent about a disability, of those that are asked for."""
    items = client.get(f"{V1}/me/consents", headers=me).json["items"]
    found: dict[str, Any] = next(one for one in items if one["code"] == "disability")
    return found


def test_a_consent_can_be_withdrawn_and_its_receipt_stays(client: FlaskClient, me: Headers, person: UUID) -> None:
    one = disability(client, me)
    assert one["standing"] and one["receipts"][0]["text"]["ar"]
    assert client.delete(f"{V1}/me/consents/disability", headers=me).status_code == 204
    assert client.get(f"{V1}/me", headers=me).json["disability"] is None
    one = disability(client, me)
    assert not one["standing"] and one["receipts"][0]["withdrawn_at"]
    other = client.put(f"{V1}/me/consents/disability", json={"edition": one["edition"] + 1}, headers=me)
    assert other.json["type"] == "/problems/words-changed"
    assert (
        client.put(f"{V1}/me/consents/disability", json={"edition": one["edition"]}, headers=me).status_code == 204
    )
    with db.transaction() as tx:
        assert tx.query(Consent).filter_by(person_id=person).count() == 2


def test_the_desk_withdraws_a_consent_for_whoever_asks(
    client: FlaskClient, me: Headers, person: UUID, officer: Headers
) -> None:
    assert ask(client, me, "withdraw", consent="nothing").json["errors"][0]["pointer"] == "/consent"
    body = {"person": str(person), "kind": "withdraw", "consent": "disability", "text": "By letter"}
    made = client.post(f"{V1}/staff/data-requests", json=body, headers=officer)
    assert made.status_code == 201 and made.json["by_staff"]
    _carry_out(client, officer, made.json["reference"])
    assert client.get(f"{V1}/me", headers=me).json["disability"] is None
    assert not disability(client, me)["standing"] and disability(client, me)["receipts"][0]["withdrawn_at"]


def test_whoever_objects_to_being_told_things_is_announced_nothing_more(
    client: FlaskClient, me: Headers, person: UUID, officer: Headers
) -> None:
    reference = ask(client, me, "object", text="No announcements", group="notice").json["reference"]
    wishes = client.get(f"{V1}/me/preferences", headers=me).json
    assert wishes["channels"] and BROADCAST not in wishes["topics"]
    _carry_out(client, officer, reference)
    assert client.get(f"{V1}/me/preferences", headers=me).json["topics"][BROADCAST] == []
    (standing,) = client.get(f"{V1}/staff/people/{person}", headers=officer).json["restrictions"]
    assert (standing["kind"], standing["group"]) == ("objection", "notice")


def test_a_review_is_answered_by_a_person(client: FlaskClient, me: Headers, officer: Headers) -> None:
    assert ask(client, me, "review").status_code == 422
    about = {"type": "booking", "reference": "BK-7K3M9QWZ"}
    reference = ask(client, me, "review", text="I was asked to wait behind others", about=about).json["reference"]
    _carry_out(client, officer, reference, "A colleague looked at it again.")
    assert client.get(f"{V1}/me/data-requests/{reference}", headers=me).json["answer"].startswith("A colleague")


# --- retention -------------------------------------------------------------------------------------------------


def test_a_purge_ends_what_is_old_enough_and_leaves_what_is_blocked(
    client: FlaskClient, me: Headers, case: str, officer: Headers, moved_clock: Call
) -> None:
    with db.transaction() as tx:
        tx.execute(text("UPDATE service_request SET closed_at = app_now(), status = 'withdrawn'"))
    reference = ask(client, me, "block", text="I need it as proof", group="case").json["reference"]
    _carry_out(client, officer, reference)
    with moved_clock(days=365 * 9), db.transaction() as tx:
        assert "suggestion" not in actions.purge(tx)
        tx.execute(text("UPDATE restriction SET ended_at = app_now()"))
        assert actions.due(tx)["suggestion"] == {"service_request": 1}
        assert actions.purge(tx)["suggestion"]["service_request"] == 1
        assert "suggestion" not in actions.purge(tx), "what is emptied is not emptied again"
        assert tx.scalar(text("SELECT answers::text FROM service_request")) == "{}"


def test_the_command_says_what_it_would_end_and_then_ends_it(
    client: FlaskClient, me: Headers, case: str, moved_clock: Call
) -> None:
    with db.transaction() as tx:
        tx.execute(text("UPDATE service_request SET closed_at = app_now(), status = 'withdrawn'"))
    with moved_clock(days=365 * 9):
        found = [json.loads(CliRunner().invoke(cli, ["purge", *words]).output) for words in (["--dry-run"], [], [])]
    assert [one.get("suggestion", {}).get("service_request") for one in found] == [1, 1, None]


# --- masks -----------------------------------------------------------------------------------------------------


def test_details_are_masked_until_a_reason_is_given_and_again_minutes_later(
    client: FlaskClient, me: Headers, person: UUID, as_staff: Call, moved_clock: Call
) -> None:
    reviewer, auditor = as_staff("reviewer"), as_staff("auditor")
    path = f"{V1}/staff/people/{person}"
    masked = client.get(path, headers=reviewer).json
    assert (masked["cpr"], masked["phone"], masked["name_ar"]) == ("••••045", "••••822", "مريم أحمد الكناري")
    assert client.get(path, headers=auditor).json["name_ar"] == "••••"
    assert client.post(f"{path}/unmask", json={"purpose": "contact"}, headers=reviewer).status_code == 422
    reason = {"purpose": "contact", "reason": "The address is unclear"}
    shown = client.post(f"{path}/unmask", json=reason, headers=reviewer).json
    assert (shown["cpr"], shown["phone"]) == ("010203045", PHONE) and shown["unmasked_until"]
    assert shown["disability"] is None, "what is sensitive is for the officer alone"
    assert client.get(path, headers=as_staff("reviewer")).json["phone"] == "••••822", "and for nobody else"
    (line,) = [
        one
        for one in client.get(f"{V1}/me/access-log", headers=me).json["items"]
        if one["action"] == "person.unmasked"
    ]
    assert line["reason"] == "contact"
    with moved_clock(minutes=16), db.transaction() as tx:
        from asimati.dataprotection import queries
        from asimati.kit.policy import Actor, Role

        staff = tx.scalar(text("SELECT staff_id FROM unmasking"))
        assert queries.person(tx, Actor("staff", staff, frozenset({Role.REVIEWER})), person)["phone"] == "••••822"


def test_no_repeated_request_shows_again_what_is_masked_by_now(
    client: FlaskClient, me: Headers, person: UUID, officer: Headers, as_staff: Call
) -> None:
    """An answer that is kept for a repeat would be shown for a day, without a line, and after an erasure."""
    keyed = as_staff("reviewer") | {"Idempotency-Key": "once"}
    reason = {"purpose": "contact", "reason": "The address is unclear"}
    path = f"{V1}/staff/people/{person}/unmask"
    assert client.post(path, json=reason, headers=keyed).json["phone"] == PHONE
    assert client.post(path, json=reason, headers=keyed).json["phone"] == PHONE
    with db.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM audit_line WHERE action = 'person.unmasked'")) == 2
    _carry_out(client, officer, ask(client, me, "erase").json["reference"])
    again = client.post(path, json=reason, headers=keyed).json
    assert again.get("phone") != PHONE and again.get("cpr") != "010203045"


def test_nobody_unmasks_one_after_the_other_and_those_who_watch_read_who_and_why(
    client: FlaskClient, me: Headers, person: UUID, as_staff: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().privacy, "unmaskings", 2)
    reviewer, colleague = as_staff("reviewer"), as_staff("reviewer")
    reason = {"purpose": "contact", "reason": "The address is unclear"}
    path = f"{V1}/staff/people/{person}/unmask"
    answers = [client.post(path, json=reason, headers=reviewer) for _ in range(3)]
    assert [one.status_code for one in answers] == [201, 201, 429] and answers[2].headers["Retry-After"]
    assert client.post(path, json=reason, headers=colleague).status_code == 201, "each has a number of their own"
    seen = client.get(f"{V1}/staff/unmaskings", headers=as_staff("auditor")).json["items"]
    assert [(one["person"], one["purpose"], one["reason"]) for one in seen] == [(str(person), *reason.values())] * 3
    assert all(one["staff_name"]["en"] for one in seen)
    assert len({one["staff"] for one in seen}) == 2 and all(one["ends_at"] > one["created_at"] for one in seen)


@pytest.fixture
def unmask_at_once(
    app: Flask, client: FlaskClient, person: UUID, as_staff: Call, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[int]]:
    """Ten unmaskings by one reviewer who may have three, all counted before the first is written if they can be."""
    monkeypatch.setattr(settings().privacy, "unmaskings", 3)
    counted = unmasking._require_moderation
    monkeypatch.setattr(unmasking, "_require_moderation", lambda *who: counted(*who) or time.sleep(0.05))
    reviewer, reason = as_staff("reviewer"), {"purpose": "contact", "reason": "The address is unclear"}
    asked = [(f"/staff/people/{person}/unmask", reason, reviewer)] * 10
    return lambda: [answer.status_code for answer in all_at_once(app, asked)]


def test_many_unmaskings_at_once_are_no_more_than_one_by_one(unmask_at_once: Callable[[], list[int]]) -> None:
    assert sorted(unmask_at_once()) == [201] * 3 + [429] * 7


def test_without_the_lock_many_unmaskings_at_once_are_more(
    unmask_at_once: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the race is there, and the test above would see it."""
    monkeypatch.setattr(Select, "with_for_update", lambda statement, **_: statement)
    assert unmask_at_once().count(201) > 3


def test_a_blocked_person_is_unmasked_by_the_officer_alone(
    client: FlaskClient, me: Headers, person: UUID, as_staff: Call, officer: Headers
) -> None:
    _carry_out(client, officer, ask(client, me, "block", text="Leave it alone").json["reference"])
    reason = {"purpose": "legal", "reason": "Asked by the court"}
    path = f"{V1}/staff/people/{person}/unmask"
    assert client.post(path, json=reason, headers=as_staff("supervisor")).json["type"] == "/problems/data-blocked"
    assert client.post(path, json=reason, headers=officer).json["disability"] is True
    (blocked,) = client.get(f"{V1}/staff/people/{person}", headers=officer).json["restrictions"]
    assert client.delete(f"{V1}/staff/restrictions/{blocked['id']}", headers=officer).status_code == 204


def test_somebody_is_found_by_the_whole_number_alone(
    client: FlaskClient, me: Headers, person: UUID, officer: Headers
) -> None:
    find = lambda **what: client.post(f"{V1}/staff/people/find", json=what, headers=officer).json  # noqa: E731
    assert find(phone="33118822") == find(cpr="010203045") == {"person": str(person)}
    assert find(cpr="010203046") == {"person": None}
    with db.transaction() as tx:
        asked = tx.execute(
            text("SELECT subject_id, facts FROM audit_line WHERE action = 'person.opened' ORDER BY id")
        )
        assert list(asked) == [(str(person), '{"view": "find"}')] * 2 + [("", '{"view": "find"}')], (
            "trying stays seen"
        )
    assert "errors" in find() and "errors" in find(phone="33")
    assert "errors" in find(phone="") and "errors" in find(cpr=" ") and "errors" in find(phone="", cpr="")


# --- the record and the trail ----------------------------------------------------------------------------------


def test_the_record_of_processing_names_every_table_that_holds_something_of_people(
    client: FlaskClient, officer: Headers
) -> None:
    items = client.get(f"{V1}/staff/processing-records", headers=officer).json["items"]
    named = {holding["name"] for group in items for holding in group["holdings"]}
    assert named == set(HOLDINGS)
    assert all(group["purpose"]["ar"] and group["law"]["en"] for group in items)
    sheet = client.get(f"{V1}/staff/processing-records.xlsx", headers=officer | {"Accept-Language": "en"})
    told = [row.cells for row in read_sheet(sheet.data)]
    assert [(one["Group of data"], one["What is kept"], one["What for"], one["By what right"]) for one in told] == [
        tuple(words["en"] for words in (group["title"], holding["title"], group["purpose"], group["law"]))
        for group in items
        for holding in group["holdings"]
    ]
    assert any(one["Kept for (months)"] for one in told) and all(one["Upon erasure"] for one in told)
    assert client.get(f"{V1}/data-protection").json["controller"]["ar"]


def test_an_auditor_can_have_the_trail_verified_and_is_told_what_was_altered(
    client: FlaskClient, me: Headers, as_staff: Call
) -> None:
    auditor = as_staff("auditor")
    with db.transaction() as tx:
        audit.seal(tx)
    assert client.post(f"{V1}/staff/audit/verify", headers=auditor).json["ok"]
    with db.engine().begin() as connection:
        connection.execute(text("ALTER TABLE audit_line DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit_line SET action = 'nothing' WHERE place = 1"))
        connection.execute(text("ALTER TABLE audit_line ENABLE TRIGGER USER"))
    found = client.post(f"{V1}/staff/audit/verify", headers=auditor).json
    assert found["ok"] is False and found["fault"] == {"place": 1, "kind": "altered"}


def _carry_out(client: FlaskClient, officer: Headers, reference: str, answer: str = "It is done.") -> Any:
    path = f"{V1}/staff/data-requests/{reference}/carry-out"
    made = client.post(path, json={"answer": answer}, headers=officer)
    assert made.status_code == 200, made.get_data(as_text=True)
    return made.json


def test_nobody_of_the_staff_handles_their_own_file(
    client: FlaskClient, me: Headers, person: UUID, officer: Headers
) -> None:
    from asimati.kit import secrets

    with db.transaction() as tx:
        own = {"index": secrets.blind_index(PHONE, "phone"), "phone": secrets.seal(PHONE, "phone")}
        tx.execute(text("UPDATE staff_member SET phone = :phone, phone_index = :index"), own)
    reference = ask(client, me, "erase").json["reference"]
    path = f"{V1}/staff/data-requests/{reference}"
    answers = [
        client.post(f"{path}/carry-out", json={"answer": "Done."}, headers=officer),
        client.get(f"{path}/archive", headers=officer),
        client.post(
            f"{V1}/staff/people/{person}/unmask", json={"purpose": "legal", "reason": "Curious"}, headers=officer
        ),
    ]
    assert {answer.json["type"] for answer in answers} == {"/problems/own-file"}
