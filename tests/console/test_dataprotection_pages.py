"""The data-protection desk's pages, whose file is opened, the integrity channel, and the proof of the trail."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text, update

from asimati.dataprotection.actions import remind
from asimati.kit import audit, db
from asimati.kit.policy import Role
from asimati.pack import load, sync
from asimati.settings import settings
from tests.console.test_pages import browser, send, text_of, town  # noqa: F401 - fixtures

Headers = dict[str, str]
Browser = Callable[..., FlaskClient]
V1 = "/api/v1"


def asked(client: FlaskClient, who: Headers, kind: str, **said: Any) -> str:
    answer = client.post(f"{V1}/me/data-requests", json={"kind": kind, **said}, headers=who)
    assert answer.status_code == 201, answer.json
    return str(answer.json["reference"])


def test_the_desk_carries_a_request_out_and_keeps_what_was_typed_when_it_may_not(
    town: FlaskClient,  # noqa: F811
    browser: Browser,  # noqa: F811
    as_resident: Callable[..., Headers],
) -> None:
    who = as_resident()
    reference = asked(town, who, "copy")
    desk = browser("desk", Role.DATA_PROTECTION_OFFICER)
    assert reference in text_of(desk.get("/console/data-requests"))
    address = f"/console/data-requests/{reference}"
    page = text_of(desk.get(address))
    assert send(desk, page, f"{address}/carry-out", answer="x").status_code == 422
    refused = text_of(send(desk, page, f"{address}/refuse", answer="ab"))
    assert ">ab</textarea>" in refused
    assert send(desk, page, f"{address}/carry-out", answer="Here it is.").status_code == 303
    assert "Here it is." in text_of(desk.get(address))
    archive = desk.get(f"{address}/archive")
    assert (archive.status_code, archive.data[:2]) == (200, b"PK")


def test_what_somebody_asked_to_be_corrected_in_their_own_words_is_corrected_by_the_desk(
    town: FlaskClient,  # noqa: F811
    browser: Browser,  # noqa: F811
    as_resident: Callable[..., Headers],
) -> None:
    who = as_resident()
    reference = asked(town, who, "rectify", text="My road is 1705, not 1507")
    desk = browser("desk", Role.DATA_PROTECTION_OFFICER)
    address = f"/console/data-requests/{reference}"
    page = text_of(desk.get(address))
    refused = text_of(send(desk, page, f"{address}/carry-out", answer="Corrected", birth_date="1990-13-01"))
    assert 'value="1990-13-01"' in refused and ">Corrected</textarea>" in refused
    assert send(desk, page, f"{address}/carry-out", answer="Corrected", road="1705").status_code == 303
    assert town.get(f"{V1}/me", headers=who).json["road"] == "1705"


def test_the_desk_reads_what_is_to_be_blocked_and_which_consent_is_withdrawn(
    town: FlaskClient,  # noqa: F811
    browser: Browser,  # noqa: F811
    as_resident: Callable[..., Headers],
) -> None:
    who = as_resident()
    desk = browser("desk", Role.DATA_PROTECTION_OFFICER)
    block = asked(town, who, "block", group="contact", text="Do not use it")
    withdraw = asked(town, who, "withdraw", consent="disability")
    page = text_of(desk.get(f"/console/data-requests/{block}"))
    assert "Contact" in page
    assert "Recording a disability" in text_of(desk.get(f"/console/data-requests/{withdraw}"))
    send(desk, page, f"/console/data-requests/{block}/carry-out", answer="It is blocked")
    file = re.search(r'href="(/console/people/[^"]+)"', page)
    assert file and "· Contact" in text_of(desk.get(file[1]))


def test_a_request_whose_legal_time_ends_is_marked_and_its_notice_leads_to_it(
    town: FlaskClient,  # noqa: F811
    browser: Browser,  # noqa: F811
    as_resident: Callable[..., Headers],
    run_listeners: Callable[[], int],
) -> None:
    with db.transaction() as tx:
        sync(tx, load(settings().governorate.folder))
    reference = asked(town, as_resident(), "copy")
    desk = browser("desk", Role.DATA_PROTECTION_OFFICER)
    assert 'class="badge late"' not in text_of(desk.get("/console/data-requests"))
    with db.transaction() as tx:
        tx.execute(text("UPDATE data_request SET created_at = created_at - interval '30 days',"
                        " due_at = app_now() - interval '1 hour'"))  # fmt: skip
        assert remind(tx) == 1
    run_listeners()
    for address in ("/console/data-requests", f"/console/data-requests/{reference}"):
        assert 'class="badge late"' in text_of(desk.get(address))
    assert 'id="told"' in text_of(desk.get("/console/"))  # what was not read yet stands on the first page too
    notices = text_of(desk.get("/console/my-notices"))
    assert reference in notices
    (one,) = re.findall(r'action="(/console/my-notices/[0-9a-f-]{36})"', notices)
    assert send(desk, notices, one).headers["Location"].endswith(f"/console/data-requests/{reference}")
    assert 'id="told"' not in text_of(desk.get("/console/"))


def test_an_erasure_shows_what_stays_and_why_before_it_is_done(
    town: FlaskClient,  # noqa: F811
    browser: Browser,  # noqa: F811
    as_resident: Callable[..., Headers],
) -> None:
    reference = asked(town, as_resident(), "erase")
    page = text_of(browser("desk", Role.DATA_PROTECTION_OFFICER).get(f"/console/data-requests/{reference}"))
    assert "What an erasure would do" in page
    assert page.count("<tr>") > 2


def test_a_file_is_opened_with_a_reason_that_its_person_reads(
    town: FlaskClient,  # noqa: F811
    browser: Browser,  # noqa: F811
    as_resident: Callable[..., Headers],
) -> None:
    phone = "+97333123456"
    who = as_resident(phone)
    desk = browser("desk", Role.DATA_PROTECTION_OFFICER)
    found = send(desk, text_of(desk.get("/console/people")), "/console/people", phone=phone)
    address = found.headers["Location"]
    masked = text_of(desk.get(address))
    assert phone not in masked
    opened = text_of(send(desk, masked, f"{address}/unmask", purpose="contact", reason="A letter came back"))
    assert phone in opened
    log = town.get(f"{V1}/me/access-log", headers=who).get_data(as_text=True)
    assert '"reason":"contact"' in log


def test_a_report_without_a_name_is_answered_and_closed_by_the_integrity_officer_alone(
    town: FlaskClient,  # noqa: F811
    browser: Browser,  # noqa: F811
) -> None:
    answer = town.post(
        f"{V1}/integrity/reports", json={"category": "bribery", "text": "He asked for money to move my file."}
    )
    assert answer.status_code == 201, answer.json
    made: Any = answer.json
    address = f"/console/integrity/{made['reference']}"
    assert browser("head", Role.ADMINISTRATOR).get(address).status_code == 403
    officer = browser("officer", Role.INTEGRITY_OFFICER)
    page = text_of(officer.get(address))
    assert "He asked for money to move my file." in page
    assert send(officer, page, f"{address}/messages", text="When was it?").status_code == 303
    assert send(officer, page, f"{address}/close", text="Thank you.", outcome="referred").status_code == 303
    heard = town.post(f"{V1}/integrity/reports/follow", json={"code": made["code"]}).json
    assert [one["text"] for one in heard["messages"]] == [
        "He asked for money to move my file.",
        "When was it?",
        "Thank you.",
    ]


def test_an_auditor_proves_the_trail_and_sees_where_it_was_altered(
    town: FlaskClient,  # noqa: F811
    browser: Browser,  # noqa: F811
) -> None:
    auditor = browser("auditor", Role.AUDITOR)
    auditor.get("/console/audit")
    with db.transaction() as tx:
        audit.seal(tx)
    page = text_of(auditor.get("/console/audit"))
    assert "The trail is whole" in text_of(send(auditor, page, "/console/audit"))
    with db.engine().begin() as owner:
        owner.exec_driver_sql("ALTER TABLE audit_line DISABLE TRIGGER ALL")
        owner.execute(update(audit.AuditLine).where(audit.AuditLine.place == 1).values(action="nothing"))
        owner.exec_driver_sql("ALTER TABLE audit_line ENABLE TRIGGER ALL")
    assert re.search("A line was altered|rewritten", text_of(send(auditor, page, "/console/audit")))
