"""Filing for a member of one's household: whose data decide, who sees the case, who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from asimati.accounts.actions import ensure_person
from asimati.accounts.rules import age_band
from asimati.dataprotection.actions import erase
from asimati.dataprotection.archive import data
from asimati.kit import clock, db
from asimati.kit.policy import SYSTEM
from asimati.pack import load, sync
from asimati.service_requests.models import CaseSubject
from asimati.settings import settings
from tests.service_requests.test_intake_drafts import grown_up, tell
from tests.service_requests.town import SAID, filed

V1 = "/api/v1"
Call = Callable[..., Any]
Headers = dict[str, str]
FATHER, GRANDMOTHER = "+97333116001", "+97333116002"
__all__ = ["grown_up"]


@pytest.fixture
def father(town: FlaskClient, grown_up: None, as_resident: Call) -> Headers:
    """A father of forty who lives here and has said his personal number."""
    found: Headers = as_resident(FATHER)
    tell(town, found, name_ar="أحمد", birth_date="1985-01-01", block="317", cpr="850101234")
    return found


@pytest.fixture
def child(town: FlaskClient, father: Headers) -> str:
    said = {"name_ar": "سارة", "name_latin": "Sara", "relation": "child", "birth_date": "2019-05-04"}
    return str(town.post(f"{V1}/me/household", json=said, headers=father).json["id"])


@pytest.fixture
def grandmother(town: FlaskClient, father: Headers, as_resident: Call) -> tuple[Headers, str]:
    """Somebody with an account of her own who agreed to be of his household."""
    hers: Headers = as_resident(GRANDMOTHER)
    tell(town, hers, name_ar="لطيفة", birth_date="1950-01-01", block="325", cpr="500101234")
    said = {"name_ar": "أمي", "relation": "parent", "phone": GRANDMOTHER}
    made = town.post(f"{V1}/me/household", json=said, headers=father).json["id"]
    asked = town.post(f"{V1}/me/household/invitations/{made}/agree", headers=hers)
    assert asked.status_code == 200, asked.json
    return hers, made


def file(client: FlaskClient, who: Headers, member: str, service: str = "street-lamp", **more: Any) -> Any:
    return client.post(f"{V1}/service-requests", json=filed(service=service, member=member, **more), headers=who)


def person_of(phone: str) -> UUID:
    with db.transaction() as tx:
        return ensure_person(tx, phone).id


def test_the_members_data_decide_and_not_the_filers(
    town: FlaskClient, father: Headers, child: str, grandmother: tuple[Headers, str]
) -> None:
    path, hers = f"{V1}/services/support/eligibility", grandmother[1]
    assert town.get(path, headers=father).json["eligible"] is True
    asked = town.get(f"{path}?member={child}", headers=father).json
    assert [one["met"] for one in asked["conditions"]] == [False, True, None]  # her age, his block, no number
    assert town.get(f"{path}?member={hers}", headers=father).json["eligible"] is True
    for_child = file(town, father, child, "support", answers={"who": "x"}, location=None)
    assert for_child.json["type"] == "/problems/conditions-not-met"
    for_her = file(town, father, hers, "support", answers={"who": "x"}, location=None)
    assert for_her.status_code == 201, for_her.json
    in_confidence = f"{V1}/service-requests/{for_her.json['reference']}"
    assert town.get(in_confidence, headers=grandmother[0]).status_code == 404
    assert town.get(in_confidence, headers=father).status_code == 200


def test_a_form_begins_with_what_was_written_of_the_member(
    town: FlaskClient, father: Headers, child: str, grandmother: tuple[Headers, str]
) -> None:
    file(town, father, child, "census", answers={"who": "سارة", "members": 3}, location=None)
    path = f"{V1}/services/census/prefill"
    assert town.get(path, headers=father).json["answers"] == {"who": "أحمد", "phone": FATHER}
    for_child = town.get(f"{path}?member={child}", headers=father).json
    assert for_child["answers"] == {"who": "سارة", "phone": FATHER, "members": 3}
    assert for_child["location"]["block"] == "317"
    for_her = town.get(f"{path}?member={grandmother[1]}", headers=father).json
    assert for_her["answers"]["who"] == "أمي" and for_her["location"]["block"] == "317"  # nothing of her profile


def test_the_case_says_for_whom_and_both_see_it_and_the_filer_is_told(
    town: FlaskClient, father: Headers, grandmother: tuple[Headers, str], reviewer: Headers, run_listeners: Call,
    as_resident: Call, move: Call,
) -> None:  # fmt: skip
    with db.transaction() as tx:
        sync(tx, load(settings().governorate.folder))
    hers, member = grandmother
    form = town.get(f"{V1}/services/suggestion").json["form"]
    from tests.house.test_openings import answers_to

    body = {"service": "suggestion", "form_version": form["version"], "answers": answers_to(form["schema"]),
            "member": member}  # fmt: skip
    made = town.post(f"{V1}/service-requests", json=body, headers=father).json
    assert made["for"] == {"member": member, "name": {"ar": "أمي", "en": "أمي"}}
    path = f"{V1}/service-requests/{made['reference']}"
    for who, status in ((father, 200), (hers, 200), (as_resident(), 404)):
        assert town.get(path, headers=who).status_code == status
    assert [one["for"]["member"] for one in town.get(f"{V1}/service-requests", headers=hers).json["items"]] == [
        member
    ]
    # She reads it; he acts in it.
    assert town.post(f"{path}/withdraw", json={}, headers=hers).status_code == 404
    assert town.post(f"{path}/messages", json={"text": "مرحبا"}, headers=father).status_code == 201
    staff = town.get(f"{V1}/staff/service-requests/{made['reference']}", headers=reviewer).json
    assert staff["for"]["name"]["ar"] == "أمي" and staff["subject_account"] == str(person_of(GRANDMOTHER))
    log = [one["action"] for one in town.get(f"{V1}/me/access-log", headers=hers).json["items"]]
    assert "service_request.opened" in log
    run_listeners()
    topics = [one["topic"] for one in town.get(f"{V1}/notifications", headers=father).json["items"]]
    assert "service_requests.request_submitted" in topics
    assert not [
        one for one in town.get(f"{V1}/notifications", headers=hers).json["items"]
        if one["topic"].startswith("service_requests.")
    ]  # fmt: skip


def test_what_is_done_for_a_member_counts_the_member_and_not_who_filed_it(
    town: FlaskClient, father: Headers, grandmother: tuple[Headers, str], reviewer: Headers, move: Call,
    run_listeners: Call,
) -> None:  # fmt: skip
    tell(town, father, sex="male")
    said = {"name_ar": "سارة", "relation": "child", "birth_date": "2019-05-04", "sex": "female"}
    child = town.post(f"{V1}/me/household", json=said, headers=father).json["id"]
    body = {"service": "census", "form_version": 1, "answers": {"who": "x"}}
    own, hers, herself = (
        town.post(f"{V1}/service-requests", json=body | {"member": member}, headers=father).json
        for member in (None, child, grandmother[1])
    )
    move(reviewer, hers, "claim")
    move(reviewer, hers, "resolve", message=SAID)
    town.post(f"{V1}/service-requests/{hers['reference']}/rating", json={"stars": 5}, headers=father)
    run_listeners()
    with db.transaction() as tx:
        counted = text("SELECT payload FROM message WHERE payload ? 'group' AND payload->>'reference' = :case")
        groups = {
            case: [payload["group"] for payload in tx.scalars(counted, {"case": made["reference"]})]
            for case, made in (("own", own), ("child", hers), ("mother", herself))
        }
        today = clock.local_day(clock.now(tx))
        people = tx.scalar(text("SELECT count(DISTINCT who) FROM act"))
    known = {case: {(one["sex"], one["age_band"], one["block"]) for one in told} for case, told in groups.items()}
    assert known == {
        "own": {("male", age_band(date(1985, 1, 1), today), "317")},
        "child": {("female", age_band(date(2019, 5, 4), today), "317")},  # she lives with him
        "mother": {("unknown", age_band(date(1950, 1, 1), today), "325")},  # as her own account says
    }
    assert len(groups["child"]) == 3, "filed, answered, rated"
    assert people == 3, "three people, though one filed it all"


def test_a_draft_keeps_for_whom_it_is_until_it_is_filed(
    town: FlaskClient, father: Headers, child: str, as_resident: Call
) -> None:
    begun = {"service": "census", "form_version": 1, "answers": {"who": "سارة"}, "member": child}
    drafts, sara = f"{V1}/request-drafts", {"member": child, "name": {"ar": "سارة", "en": "Sara"}}
    refused = town.post(drafts, json=begun, headers=as_resident())
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/member")
    first, second = (town.post(drafts, json=begun, headers=father) for _ in range(2))
    assert first.status_code == 201 and first.json["for"] == sara
    path = f"{drafts}/{first.json['id']}"

    def change(**said: Any) -> Any:
        tag = town.get(path, headers=father).headers["ETag"]
        return town.patch(path, json=said, headers={**father, "If-Match": tag}).json["for"]

    assert change(member=None) is None and change(member=child) == sara and change(answers={"who": "س"}) == sara
    assert [one["for"] for one in town.get(drafts, headers=father).json["items"]] == [sara, sara]
    body = {name: begun[name] for name in ("service", "form_version", "answers")}
    sent = town.post(f"{V1}/service-requests", json=body | {"draft": first.json["id"]}, headers=father)
    assert sent.status_code == 201 and sent.json["for"] == sara
    own = body | {"draft": second.json["id"], "member": None}
    assert town.post(f"{V1}/service-requests", json=own, headers=father).json["for"] is None, "what is said counts"


def test_nobody_files_for_who_is_not_of_their_household(
    town: FlaskClient, father: Headers, child: str, resident: Headers, as_resident: Call
) -> None:
    for who, member in ((resident, child), (father, str(uuid4()))):
        refused = file(town, who, member)
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/member")
    assert town.get(f"{V1}/services/support/eligibility?member={child}", headers=resident).status_code == 404
    assert town.get(f"{V1}/services/census/prefill?member={child}", headers=resident).status_code == 404
    invited = {"name_ar": "صديق", "relation": "other", "phone": GRANDMOTHER}
    asked = town.post(f"{V1}/me/household", json=invited, headers=father).json["id"]
    assert file(town, father, asked).status_code == 422  # an answer is awaited
    town.delete(f"{V1}/me/household/{child}", headers=father)
    assert file(town, father, child).status_code == 422
    anonymous = town.post(f"{V1}/service-requests", json=filed(service="idea", member=child))
    assert anonymous.status_code == 422


def test_staff_write_it_down_for_a_member_too(
    town: FlaskClient, father: Headers, child: str, reviewer: Headers
) -> None:
    body = filed(service="street-lamp", channel="office", member=child)
    made = town.post(f"{V1}/staff/intake", json=body | {"phone": FATHER}, headers=reviewer)
    assert made.status_code == 201 and made.json["for"]["name"]["en"] == "Sara"
    for_nobody = town.post(f"{V1}/staff/intake", json=body, headers=reviewer)
    assert for_nobody.json["errors"][0]["pointer"] == "/member"
    young = town.post(
        f"{V1}/staff/intake", headers=reviewer,
        json=filed(service="support", channel="office", member=child, answers={"who": "x"}, location=None)
        | {"phone": FATHER},
    )  # fmt: skip
    assert young.json["type"] == "/problems/conditions-not-met"


def test_the_data_map_knows_both(town: FlaskClient, father: Headers, grandmother: tuple[Headers, str]) -> None:
    _hers, member = grandmother
    file(town, father, member)
    his, her = person_of(FATHER), person_of(GRANDMOTHER)
    with db.transaction() as tx:
        for person in (his, her):
            rooms = {room["name"]: room["rows"] for room in data(tx, person)["data"]}
            assert [row["name"]["ar"] for row in rooms["request_subject"]] == ["أمي"]
        erase(tx, SYSTEM, her)
    with db.transaction() as tx:
        left = tx.scalars(select(CaseSubject)).one()
        assert (left.person_id, left.name) == (None, {"ar": "", "en": ""})
    assert town.get(f"{V1}/service-requests", headers=father).json["items"][0]["for"]["member"] == member
