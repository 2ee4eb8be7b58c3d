"""Journey two over HTTP: an opportunity, a shift, coming and going, a coordinator's word, the passport."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import typst
import vobject
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update

from asimati.kit import db
from asimati.kit.outbox import OutboxMessage
from asimati.volunteering import queries
from asimati.volunteering.models import Edition, Shift
from tests.credentials.stranger import verified
from tests.volunteering.ground import V1, Headers, held, make_edition, make_shift, now

SignIn = Callable[..., Headers]
Move = Callable[..., object]


@pytest.fixture(autouse=True)
def edition(client: FlaskClient) -> None:
    make_edition()


def post(client: FlaskClient, path: str, who: Headers, expect: int = 200, **body: Any) -> Any:
    answer = client.post(f"{V1}{path}", json=body, headers=who)
    assert answer.status_code == expect, answer.json
    return answer.json


def get(client: FlaskClient, path: str, who: Headers | None = None) -> Any:
    answer = client.get(f"{V1}{path}", headers=who or {})
    assert answer.status_code == 200, answer.json
    return answer.json


def sign_up(client: FlaskClient, shift: UUID, who: Headers) -> str:
    identity: str = post(client, f"/shifts/{shift}/sign-ups", who, 201)["id"]
    return identity


def code_of(client: FlaskClient, shift: UUID, staff: Headers) -> str:
    code: str = get(client, f"/staff/shifts/{shift}/code", staff)["code"]
    return code


def served(client: FlaskClient, who: Headers, staff: Headers, *, minutes: int = 30, **opportunity: Any) -> str:
    """Somebody serves so many minutes of a shift that is on, by the volunteer's own code; the claim's id."""
    shift = make_shift(now() - timedelta(minutes=minutes), **opportunity)
    mine = sign_up(client, shift, who)
    post(client, f"/sign-ups/{mine}/check-in", staff, at=(now() - timedelta(minutes=minutes)).isoformat())
    post(client, f"/sign-ups/{mine}/check-out", who, code=code_of(client, shift, staff))
    waiting = get(client, "/staff/hours?status=pending&limit=100", staff)["items"]
    return str(next(one["id"] for one in waiting if one["sign_up"]["id"] == mine))


def messages(topic: str) -> list[dict[str, Any]]:
    with db.transaction() as tx:
        rows = select(OutboxMessage.payload).where(OutboxMessage.topic == f"volunteering.{topic}")
        return list(tx.scalars(rows.order_by(OutboxMessage.id)))


def consistent() -> bool:
    with db.transaction() as tx:
        return bool(queries.verify_hours(tx)["ok"])


def test_from_the_opportunity_to_the_passport(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    staff, who = as_staff("coordinator"), as_resident()
    words = {"title": {"ar": "تنظيف الساحل", "en": "Clean"}, "targets": ["14.1", "12.5"]}
    offered = post(client, "/staff/opportunities", staff, 201, **words)
    starts = now() + timedelta(minutes=10)
    times = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=3)).isoformat()}
    shift = post(client, "/staff/shifts", staff, 201, opportunity=offered["id"], places=2, **times)
    same_time = make_shift(starts + timedelta(hours=1))

    assert [one["id"] for one in get(client, "/opportunities?q=تنظيف")["items"]] == [offered["id"]]
    assert get(client, "/opportunities?goal=14&q=clean")["items"][0]["targets"] == ["14.1", "12.5"]
    assert get(client, f"/opportunities/{offered['id']}")["shifts"][0]["places_left"] == 2
    signed = post(client, f"/shifts/{shift['id']}/sign-ups", who, 201)
    assert (signed["status"], signed["shift"]["id"], signed["shift"]["places_left"]) == (
        "confirmed",
        shift["id"],
        1,
    )
    refused = post(client, f"/shifts/{same_time}/sign-ups", who, 409)
    assert (refused["type"], refused["with"]["kind"]) == ("/problems/overlaps", "shift")
    assert get(client, "/sign-ups", who)["items"][0]["id"] == signed["id"]

    path = f"/sign-ups/{signed['id']}"
    assert post(client, f"{path}/check-in", who, 409, code="WRONG")["type"] == "/problems/wrong-shift-code"
    post(client, f"{path}/check-in", who, code=code_of(client, UUID(shift["id"]), staff).lower())
    with moved_clock(hours=2, minutes=10):
        assert post(client, f"{path}/check-out", who, 409)["type"] == "/problems/wrong-shift-code"
        code = code_of(client, UUID(shift["id"]), staff)
        assert post(client, f"{path}/check-out", who, code=code)["status"] == "checked_out"
        claim = get(client, "/staff/hours?status=pending", staff)["items"][0]
        assert claim["sign_up"]["id"] == signed["id"]
        approved = post(client, f"/staff/hours/{claim['id']}/approve", staff)
        assert approved["status"] == "approved"
        again = post(client, f"/staff/hours/{claim['id']}/approve", staff, 409)
        assert (again["type"], again["decision"]) == ("/problems/hours-decided", "approved")
        passport = get(client, "/me/passport", who)
    assert passport["hours"] == claim["hours"] == "2.17"
    assert {one["goal"]: one["hours"] for one in passport["stamps"]} == {12: "2.17", 14: "2.17"}
    assert passport["edition"]["code"] == "now"
    assert [line["kind"] for line in passport["lines"]] == ["approved"]
    counted = messages("hours_approved")
    assert [(one["hours"], one["targets"]) for one in counted] == [("2.17", ["14.1", "12.5"])]
    assert date.fromisoformat(counted[0]["on"])
    assert consistent()


def test_what_signing_up_refuses(client: FlaskClient, as_resident: SignIn) -> None:
    who = as_resident()
    shift = make_shift(now() + timedelta(days=1), places=1)
    mine = sign_up(client, shift, who)
    assert post(client, f"/shifts/{shift}/sign-ups", who, 409)["type"] == "/problems/already-signed-up"
    full = post(client, f"/shifts/{shift}/sign-ups", as_resident(), 409)
    assert (full["type"], full["places"]) == ("/problems/shift-full", 1)
    over = make_shift(now() - timedelta(hours=4))
    assert post(client, f"/shifts/{over}/sign-ups", who, 409)["type"] == "/problems/shift-over"
    hidden = make_shift(now() + timedelta(days=2), published=False)
    post(client, f"/shifts/{hidden}/sign-ups", who, 404)
    post(client, f"/shifts/{uuid4()}/sign-ups", who, 404)
    assert client.delete(f"{V1}/sign-ups/{mine}", headers=as_resident()).status_code == 404
    assert consistent()


@pytest.mark.parametrize(
    ("own", "age", "status"), [(None, 14, 403), (None, 15, 201), (18, 17, 403), (18, 18, 201), (0, 9, 201)]
)
def test_the_minimum_age_is_the_opportunitys_or_the_editions(
    client: FlaskClient, as_resident: SignIn, own: int | None, age: int, status: int
) -> None:
    with db.transaction() as tx:  # guardians are another matter: test_joining
        tx.execute(update(Edition).values(guardian_below=0))
    who, starts = as_resident(), now() + timedelta(days=3)
    born = starts.date().replace(day=1, year=starts.year - age).isoformat()
    changed = client.patch(f"{V1}/me", json={"birth_date": born}, headers={**who, "If-Match": "*"})
    assert changed.status_code == 200, changed.json
    answer = post(client, f"/shifts/{make_shift(starts, minimum_age=own)}/sign-ups", who, status)
    assert status == 201 or answer["minimum_age"] == (own or 15)


def test_withdrawing_gives_place_and_time_back(client: FlaskClient, as_resident: SignIn) -> None:
    first, second = as_resident(), as_resident()
    starts = now() + timedelta(days=1)
    shift, other = make_shift(starts, places=1), make_shift(starts)
    mine = sign_up(client, shift, first)
    for _ in range(2):  # a phone that heard no answer says it twice
        answer = client.delete(f"{V1}/sign-ups/{mine}", headers=first)
        assert (answer.status_code, answer.json["status"], answer.json["shift"]["places_left"]) == (
            200,
            "withdrawn",
            1,
        )
    assert sign_up(client, shift, second)
    assert sign_up(client, other, first)
    assert held(shift) == 1 and consistent()
    assert len(messages("sign_up_withdrawn")) == 1


def test_nobody_withdraws_from_what_is_over_or_was_served(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    who, shift = as_resident(), make_shift()
    mine = sign_up(client, shift, who)
    with moved_clock(hours=3):
        answer = client.delete(f"{V1}/sign-ups/{mine}", headers=who)
        assert answer.json["type"] == "/problems/shift-over"
    post(client, f"/sign-ups/{mine}/check-in", who, code=code_of(client, shift, as_staff("coordinator")))
    answer = client.delete(f"{V1}/sign-ups/{mine}", headers=who)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/illegal-move")
    assert (answer.json["status"], answer.json["current"], answer.json["legal"]) == (
        409,
        "checked_in",
        ["checked_out"],
    )


def test_a_reviewed_sign_up_waits_for_yes_or_no(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    staff, first, second = as_staff("coordinator"), as_resident(), as_resident()
    shift = make_shift(now() + timedelta(days=1), places=2, review=True)
    yes, no = sign_up(client, shift, first), sign_up(client, shift, second)
    waiting = get(client, "/staff/sign-ups?status=pending", staff)["items"]
    assert {one["id"] for one in waiting} == {yes, no} and all(one["person"]["id"] for one in waiting)
    assert "person" not in get(client, "/sign-ups", first)["items"][0]
    assert post(client, f"/staff/sign-ups/{yes}/approve", staff)["status"] == "confirmed"
    assert post(client, f"/staff/sign-ups/{no}/decline", staff, note="Full")["status"] == "declined"
    assert post(client, f"/staff/sign-ups/{no}/approve", staff, 409)["legal"] == []
    assert held(shift) == 1 and consistent()
    assert [one["note"] for one in messages("sign_up_declined")] == ["Full"]
    assert len(messages("signed_up")) == 2 and len(messages("sign_up_approved")) == 1


def test_the_code_is_of_this_minute_and_of_this_shift(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    staff, who = as_staff("coordinator"), as_resident()
    shift, other = make_shift(), make_shift()
    mine = sign_up(client, shift, who)
    path, shown = f"/sign-ups/{mine}/check-in", code_of(client, shift, staff)
    assert post(client, path, who, 409)["type"] == "/problems/wrong-shift-code"
    assert post(client, path, who, 409, code=code_of(client, other, staff))["type"] == "/problems/wrong-shift-code"
    with moved_clock(minutes=10):  # a photograph of ten minutes ago
        assert post(client, path, who, 409, code=shown)["type"] == "/problems/wrong-shift-code"
    with moved_clock(seconds=45):  # typed from a display that has just changed
        assert post(client, path, who, code=shown)["status"] == "checked_in"
    assert post(client, path, who, 409, code=code_of(client, shift, staff))["type"] == "/problems/illegal-move"


def test_what_is_scanned_at_the_shift_is_the_code(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, tmp_path: Path
) -> None:
    staff, who, shift = as_staff("coordinator"), as_resident(), make_shift()
    mine = sign_up(client, shift, who)
    shown = get(client, f"/staff/shifts/{shift}/code", staff)
    inline = shown["qr"].replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    (tmp_path / "code.svg").write_text(inline)
    (tmp_path / "wall.typ").write_text('#set page(width: auto, height: auto)\n#image("code.svg", width: 40mm)')
    wall = typst.compile(str(tmp_path / "wall.typ"), format="png", ppi=200)
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(wall)).convert("L"))
    assert read.text == shown["code"]
    post(client, f"/sign-ups/{mine}/check-in", who, code=read.text)


def test_nobody_checks_out_from_home_or_with_a_photograph(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    staff, who = as_staff("coordinator"), as_resident()
    shift = make_shift()
    mine = sign_up(client, shift, who)
    photographed = code_of(client, shift, staff)
    post(client, f"/sign-ups/{mine}/check-in", who, code=photographed)
    with moved_clock(minutes=10):
        for sent in ({}, {"code": ""}, {"code": photographed}):
            refused = post(client, f"/sign-ups/{mine}/check-out", who, 409, **sent)
            assert refused["type"] == "/problems/wrong-shift-code"
        code = code_of(client, shift, staff)
        assert post(client, f"/sign-ups/{mine}/check-out", who, code=code)["status"] == "checked_out"


def test_a_code_may_be_typed_as_people_type(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    who, shift = as_resident(), make_shift()
    mine, code = sign_up(client, shift, who), code_of(client, shift, as_staff("coordinator"))
    eastern = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    typed = f" {code[:4].lower()}-{code[4:]} ".translate(eastern)
    assert post(client, f"/sign-ups/{mine}/check-in", who, code=typed)["status"] == "checked_in"


def test_check_in_has_its_time(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    staff, who = as_staff("coordinator"), as_resident()
    shift = make_shift(now() + timedelta(hours=1))
    mine = sign_up(client, shift, who)
    for hours in (0, 4.5):
        with moved_clock(hours=hours):
            code = code_of(client, shift, staff)
            assert post(client, f"/sign-ups/{mine}/check-in", who, 409, code=code)["type"] == "/problems/not-now"
    with moved_clock(minutes=40):
        post(client, f"/sign-ups/{mine}/check-in", who, code=code_of(client, shift, staff))


def test_a_forgotten_check_out_is_written_down_and_another_approves(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    staff, who = as_staff("coordinator"), as_resident()
    starts = now() - timedelta(hours=1)
    shift = make_shift(starts)
    mine = sign_up(client, shift, who)
    post(client, f"/sign-ups/{mine}/check-in", who, code=code_of(client, shift, staff))
    path = f"/sign-ups/{mine}/check-out"
    with moved_clock(hours=9):
        code = code_of(client, shift, staff)
        assert post(client, path, who, 409, code=code)["type"] == "/problems/not-now"
        at = (starts + timedelta(hours=2, minutes=1)).isoformat()
        for wrong in (starts, now() + timedelta(days=1)):  # before the check-in; not yet
            assert post(client, path, staff, 422, at=wrong.isoformat())["errors"][0]["pointer"] == "/at"
        assert post(client, path, who, 422, at=at)["errors"][0]["pointer"] == "/at"  # not one's own to say
        assert post(client, path, staff, at=at)["status"] == "checked_out"
        claim = get(client, "/staff/hours?status=pending", staff)["items"][0]
        assert 59 <= claim["minutes"] <= 61
        assert post(client, f"/staff/hours/{claim['id']}/approve", staff, 403)["type"] == "/problems/own-record"
        post(client, f"/staff/hours/{claim['id']}/approve", as_staff("coordinator"))
    assert consistent()


def test_whoever_wrote_either_time_down_may_not_approve(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    first, second, third = (as_staff("coordinator") for _ in range(3))
    shift = make_shift()
    mine = sign_up(client, shift, as_resident())
    post(client, f"/sign-ups/{mine}/check-in", first)
    post(client, f"/sign-ups/{mine}/check-out", second)
    claim = get(client, "/staff/hours", third)["items"][0]["id"]
    for who in (first, second):
        for deed in ({"approve": {}}, {"correct": {"minutes": 1, "reason": "why"}}, {"reject": {"reason": "why"}}):
            ((name, body),) = deed.items()
            assert post(client, f"/staff/hours/{claim}/{name}", who, 403, **body)["type"] == "/problems/own-record"
    post(client, f"/staff/hours/{claim}/approve", third)


@pytest.mark.parametrize("role", ["reviewer", "supervisor", "auditor", "partner_coordinator"])
def test_only_coordinators_decide(client: FlaskClient, as_resident: SignIn, as_staff: SignIn, role: str) -> None:
    who = as_resident()
    claim = served(client, who, as_staff("coordinator"))
    other = as_staff(role)
    post(client, f"/staff/hours/{claim}/approve", other, 403)
    post(client, f"/staff/hours/{claim}/approve", who, 403)
    shift = make_shift(now() + timedelta(days=1), review=True)
    mine = sign_up(client, shift, who)
    post(client, f"/staff/sign-ups/{mine}/approve", other, 403)
    assert client.get(f"{V1}/staff/shifts/{shift}/code", headers=other).status_code == 403
    assert client.get(f"{V1}/me/passport", headers=who).json["hours"] == "0.00"


def test_correcting_and_refusing_leave_lines_not_edits(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    who, other, scribe, staff = as_resident(), as_resident(), as_staff("coordinator"), as_staff("coordinator")
    claim = served(client, who, scribe, minutes=60)
    post(client, f"/staff/hours/{claim}/approve", staff)
    too_many = post(client, f"/staff/hours/{claim}/correct", staff, 422, minutes=196, reason="typing")
    assert too_many["errors"][0]["pointer"] == "/minutes"
    post(client, f"/staff/hours/{claim}/correct", staff, minutes=90, reason="came before the code was shown")
    passport = get(client, "/me/passport", who)
    assert [(line["kind"], line["hours"]) for line in passport["lines"]] == [
        ("approved", "1.00"), ("voided", "-1.00"), ("approved", "1.50")
    ]  # fmt: skip
    assert passport["hours"] == "1.50"
    post(client, f"/staff/hours/{claim}/reject", staff, reason="was elsewhere")
    passport = get(client, "/me/passport", who)
    assert (passport["hours"], passport["stamps"]) == ("0.00", [])
    assert passport["lines"][-1]["reason"] == "was elsewhere"

    refused = served(client, other, scribe)
    post(client, f"/staff/hours/{refused}/reject", staff, reason="no one saw you")
    line = get(client, "/me/passport", other)["lines"]
    assert [(one["kind"], one["hours"], one["reason"]) for one in line] == [("rejected", "0.00", "no one saw you")]
    counted = [one["source"] for one in messages("hours_approved")]
    assert counted == [one["source"] for one in messages("hours_voided")] and len(set(counted)) == 2
    assert len(messages("hours_rejected")) == 1
    assert consistent()


def test_stamps_stay_when_the_opportunity_is_edited_afterwards(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    who, scribe, staff = as_resident(), as_staff("coordinator"), as_staff("coordinator")
    claim = served(client, who, scribe, minutes=60)
    post(client, f"/staff/hours/{claim}/approve", staff)
    before = get(client, "/me/passport", who)
    one = get(client, "/staff/opportunities", staff)["items"][0]["id"]
    for targets, status in ((["4.4", "4.4"], 200), (["18.1"], 422), (["4.e"], 422)):
        edit = client.patch(
            f"{V1}/staff/opportunities/{one}", json={"targets": targets}, headers={**staff, "If-Match": "*"}
        )
        assert edit.status_code == status, edit.json
    assert get(client, f"/opportunities/{one}")["targets"] == ["4.4"]
    assert get(client, "/me/passport", who) == before
    post(client, f"/staff/hours/{claim}/reject", staff, reason="mistaken")
    assert get(client, "/me/passport", who)["stamps"] == []
    assert consistent()


def test_anyone_verifies_a_credential_without_learning_whose_it_is(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    who, scribe, staff = as_resident(), as_staff("coordinator"), as_staff("coordinator")
    assert get(client, "/me/passport", who)["credential"] is None
    post(client, f"/staff/hours/{served(client, who, scribe, minutes=60)}/approve", staff)
    mine = get(client, "/me/passport", who)["credential"]
    shown = get(client, f"/credentials/{mine['id']}")
    assert (shown["valid"], shown["facts"]["hours"], shown["facts"]["edition"]) == (True, "1.00", "now")
    said = verified(client, mine["jwt"])
    assert said["credentialSubject"]["facts"]["hours"] == "1.00"
    assert client.get(f"{V1}/credentials/{uuid4()}").status_code == 404


def test_hours_taken_back_end_the_credential_that_said_them(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    who, scribe, staff = as_resident(), as_staff("coordinator"), as_staff("coordinator")
    first, later = served(client, who, scribe, minutes=60), now() + timedelta(hours=4)
    mine = sign_up(client, make_shift(later), who)
    with moved_clock(hours=6):
        post(client, f"/sign-ups/{mine}/check-in", scribe, at=later.isoformat())
        post(client, f"/sign-ups/{mine}/check-out", scribe, at=(later + timedelta(minutes=30)).isoformat())
    second = get(client, "/staff/hours?status=pending", staff)["items"][-1]["id"]
    post(client, f"/staff/hours/{first}/approve", staff)
    one = get(client, "/me/passport", who)["credential"]
    post(client, f"/staff/hours/{second}/approve", staff)
    both = get(client, "/me/passport", who)["credential"]
    assert both["id"] == one["id"]
    assert verified(client, one["jwt"])["credentialSubject"]["facts"]["hours"] == "1.00"
    assert verified(client, both["jwt"])["credentialSubject"]["facts"]["hours"] == "1.50"
    post(client, f"/staff/hours/{second}/reject", staff, reason="was elsewhere")
    with pytest.raises(PermissionError):
        verified(client, both["jwt"])
    left = get(client, "/me/passport", who)["credential"]
    assert left["id"] != one["id"]
    assert verified(client, left["jwt"])["credentialSubject"]["facts"]["hours"] == "1.00"
    post(client, f"/staff/hours/{first}/reject", staff, reason="was elsewhere too")
    assert get(client, "/me/passport", who)["credential"]["revoked"] is True


def test_shifts_are_edited_under_their_version(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    staff, shift = as_staff("coordinator"), make_shift(now() + timedelta(days=1), places=2)
    path = f"{V1}/staff/shifts/{shift}"
    seen = client.get(path, headers=staff).headers["ETag"]
    for _ in range(2):
        sign_up(client, shift, as_resident())  # places that are taken are no edit
    less = client.patch(path, json={"places": 1}, headers={**staff, "If-Match": seen})
    assert (less.status_code, less.json["type"], less.json["taken"]) == (409, "/problems/places-taken", 2)
    more = client.patch(path, json={"places": 3}, headers={**staff, "If-Match": seen})
    assert (more.status_code, more.json["places_left"]) == (200, 1)
    assert client.patch(path, json={"places": 4}, headers={**staff, "If-Match": seen}).status_code == 412
    assert client.patch(path, json={"places": 4}, headers=staff).status_code == 428


def test_a_shift_is_one_entry_of_the_calendar_file_that_says_when_it_was_given_up(
    client: FlaskClient, as_resident: SignIn
) -> None:
    who = as_resident()
    shift = make_shift(now() + timedelta(days=2))
    mine = sign_up(client, shift, who)
    url = post(client, "/me/calendar-link", who, 201)["url"]

    def entry() -> Any:
        return vobject.readOne(client.get(url[url.index(V1) :]).get_data(as_text=True)).vevent

    first = entry()
    assert client.delete(f"{V1}/sign-ups/{mine}", headers=who).status_code < 300
    gone = entry()
    assert first.uid.value == gone.uid.value
    assert (first.status.value, gone.status.value) == ("CONFIRMED", "CANCELLED")
    assert int(first.sequence.value) < int(gone.sequence.value)
    with db.transaction() as tx:
        assert first.dtstart.value == tx.get_one(Shift, shift).starts_at.replace(microsecond=0)
