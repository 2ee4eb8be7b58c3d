"""Hours claimed afterwards, forgotten check-outs, disputes, and nobody deciding on their own hours."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from asimati.kit import db
from asimati.volunteering.actions.claiming import tell_of_missed_check_outs
from asimati.volunteering.models import HoursLine, SignUp
from asimati.volunteering.rules import SignUpStatus
from tests.files.pictures import photograph
from tests.volunteering.ground import V1, Headers, all_at_once, make_edition, make_shift, now
from tests.volunteering.test_journey import consistent, get, messages, post, served, sign_up

SignIn = Callable[..., Headers]
Move = Callable[..., Any]


@pytest.fixture
def starts(client: FlaskClient) -> datetime:
    """When the shifts of these tests begin: in an hour, for three hours."""
    make_edition()
    return now().replace(microsecond=0) + timedelta(hours=1)


@pytest.fixture
def afterwards(moved_clock: Move) -> Iterator[None]:
    with moved_clock(hours=6):
        yield


def missed(client: FlaskClient, starts: datetime, who: Headers) -> str:
    """A sign-up for a shift; nobody noted anything at it."""
    return sign_up(client, make_shift(starts), who)


def times(starts: datetime, arrived: float = 0, left: float = 2) -> dict[str, str]:
    """Hours after the shift began, as a claim says them."""
    return {
        "arrived_at": (starts + timedelta(hours=arrived)).isoformat(),
        "left_at": (starts + timedelta(hours=left)).isoformat(),
        "note": "The code was not shown; Hasan led the shift.",
    }


def attach(client: FlaskClient, claim: str, who: Headers, expect: int = 201) -> Any:
    answer = client.post(
        f"{V1}/me/hours/{claim}/evidence", data={"file": (io.BytesIO(photograph()), "shore.jpg")}, headers=who
    )
    assert answer.status_code == expect, answer.json
    return answer.json


def test_hours_are_claimed_afterwards_with_evidence_and_count_once_approved(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, starts: datetime, moved_clock: Move
) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    mine = missed(client, starts, who)
    early = post(client, f"/sign-ups/{mine}/hours", who, 409, **times(starts))
    assert early["type"] == "/problems/claim-not-open"
    with moved_clock(hours=6):
        claim = post(client, f"/sign-ups/{mine}/hours", who, 201, **times(starts, -0.5, 2))
        assert (claim["source"], claim["status"], claim["minutes"]) == ("claimed", "pending", 135)
        again = post(client, f"/sign-ups/{mine}/hours", who, 409, **times(starts))
        assert again["type"] == "/problems/hours-claimed"
        alone = post(client, f"/staff/hours/{claim['id']}/approve", staff, 409)
        assert alone["type"] == "/problems/evidence-missing"
        file = attach(client, claim["id"], who)
        attach(client, claim["id"], as_resident(), 404)
        shown = get(client, f"/staff/hours/{claim['id']}", staff)
        assert shown["evidence"][0]["id"] == file["id"] and shown["note"].startswith("The code")
        picture = client.get(f"{V1}/staff/hours/{claim['id']}/evidence/{file['id']}", headers=staff)
        assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")
        post(client, f"/staff/hours/{claim['id']}/approve", staff)
        assert get(client, "/me/passport", who)["hours"] == "2.25"
        assert get(client, "/sign-ups", who)["items"][0]["status"] == "checked_out"
        attach(client, claim["id"], who, 409)
        opened = [line["action"] for line in get(client, "/me/access-log", who)["items"]]
        assert len(opened) >= 2
    assert consistent()


def test_a_coordinator_who_knows_corrects_without_evidence(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, starts: datetime, moved_clock: Move
) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    mine = missed(client, starts, who)
    with moved_clock(hours=6):
        claim = post(client, f"/sign-ups/{mine}/hours", who, 201, **times(starts))
        post(client, f"/staff/hours/{claim['id']}/correct", staff, minutes=120, reason="I saw her there")
        assert get(client, "/me/passport", who)["hours"] == "2.00"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        pytest.param({"arrived_at": None}, "/arrived_at", id="no arrival"),
        pytest.param(lambda t: times(t, 2, 1), "/left_at", id="left before arriving"),
        pytest.param(lambda t: times(t, 0, 9), "/left_at", id="left in the future"),
        pytest.param(lambda t: times(t, -1, -0.5), "/left_at", id="all before the shift"),
    ],
)
def test_times_that_cannot_be_are_refused(
    client: FlaskClient, as_resident: SignIn, starts: datetime, moved_clock: Move, change: Any, pointer: str
) -> None:
    who = as_resident()
    mine = missed(client, starts, who)
    said = change(starts) if callable(change) else {k: v for k, v in times(starts).items() if k not in change}
    with moved_clock(hours=6):
        answer = post(client, f"/sign-ups/{mine}/hours", who, 422, **said)
    assert answer["errors"][0]["pointer"] == pointer


def test_claims_close_after_the_editions_days_and_are_for_those_who_had_a_place(
    client: FlaskClient, as_resident: SignIn, starts: datetime, moved_clock: Move
) -> None:
    who, other = as_resident(), as_resident()
    mine = missed(client, starts, who)
    gone = sign_up(client, make_shift(starts), other)
    client.delete(f"{V1}/sign-ups/{gone}", headers=other)
    post(client, f"/sign-ups/{mine}/hours", other, 404, **times(starts))
    with moved_clock(days=15):
        late = post(client, f"/sign-ups/{mine}/hours", as_resident_again(client, who), 409, **times(starts))
    assert (late["type"], late["days"]) == ("/problems/claim-not-open", 14)
    with moved_clock(hours=6):
        none = post(client, f"/sign-ups/{gone}/hours", other, 409, **times(starts))
    assert none["type"] == "/problems/nothing-to-claim"


def as_resident_again(client: FlaskClient, _before: Headers) -> Headers:
    """A fresh sign-in of the same person: weeks on, the first has run out."""
    with db.transaction() as tx:
        from asimati.accounts.actions import start_session

        person = tx.scalars(select(SignUp.person_id).order_by(SignUp.created_at).limit(1)).one()
        return {"Authorization": f"Bearer {start_session(tx, person=person)['access_token']}"}


def test_a_forgotten_check_out_is_told_listed_and_claimed_from_the_noted_arrival(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    make_edition()
    who, staff = as_resident(), as_staff("coordinator")
    starts = now() - timedelta(minutes=30)
    mine = sign_up(client, make_shift(starts), who)
    post(client, f"/sign-ups/{mine}/check-in", staff, at=starts.isoformat())
    with moved_clock(hours=6):
        assert [one["id"] for one in get(client, "/staff/queues/check-outs", staff)["items"]] == [mine]
        with db.transaction() as tx:
            assert (tell_of_missed_check_outs(tx), tell_of_missed_check_outs(tx)) == (1, 0)
        assert len(messages("check_out_missed")) == 1
        said = times(starts, -20, 3)  # the arrival said is not believed: another was noted
        claim = post(client, f"/sign-ups/{mine}/hours", who, 201, **said)
        assert (claim["minutes"], claim["source"]) == (180, "claimed")
        assert get(client, "/staff/queues/check-outs", staff)["items"] == []
        with db.transaction() as tx:
            assert tell_of_missed_check_outs(tx) == 0


def test_somebody_taken_for_absent_gets_the_place_back_with_the_hours(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, starts: datetime, moved_clock: Move
) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    mine = missed(client, starts, who)
    with moved_clock(hours=6):
        with db.transaction() as tx:
            found = tx.get_one(SignUp, UUID(mine))
            found.status = SignUpStatus.NO_SHOW
        claim = post(client, f"/sign-ups/{mine}/hours", who, 201, **times(starts))
        attach(client, claim["id"], who)
        post(client, f"/staff/hours/{claim['id']}/approve", staff)
        assert get(client, "/sign-ups", who)["items"][0]["status"] == "checked_out"


# --- disputes --------------------------------------------------------------------------------------------------


def rejected(client: FlaskClient, who: Headers, scribe: Headers, staff: Headers) -> str:
    claim = served(client, who, scribe, minutes=60)
    post(client, f"/staff/hours/{claim}/reject", staff, reason="was elsewhere")
    return claim


def test_a_dispute_is_settled_by_somebody_else_and_writes_new_lines(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    make_edition()
    who, scribe, staff, other = as_resident(), *(as_staff("coordinator") for _ in range(3))
    claim = served(client, who, scribe, minutes=60)
    waits = post(client, f"/me/hours/{claim}/dispute", who, 409, note="I was there")
    assert waits["type"] == "/problems/hours-not-decided"
    post(client, f"/staff/hours/{claim}/reject", staff, reason="was elsewhere")
    post(client, f"/me/hours/{claim}/dispute", as_resident(), 404, note="I was there")
    disputed = post(client, f"/me/hours/{claim}/dispute", who, 201, note="I was there")["disputes"][0]
    assert post(client, f"/me/hours/{claim}/dispute", who, 409, note="Again")["type"] == "/problems/dispute-open"
    queue = get(client, "/staff/queues/hours-disputes", staff)["items"]
    assert [(one["id"], one["claim"]["id"]) for one in queue] == [(disputed["id"], claim)]
    path = f"/staff/hours-disputes/{disputed['id']}"
    own = post(client, f"{path}/uphold", staff, 403, minutes=60, answer="Right")
    assert own["type"] == "/problems/own-decision"
    settled = post(client, f"{path}/uphold", other, minutes=60, answer="Two others saw you")
    assert (settled["status"], settled["claim"]["status"]) == ("upheld", "approved")
    assert (
        post(client, f"{path}/dismiss", other, 409, answer="Nobody saw you")["type"] == "/problems/dispute-settled"
    )
    passport = get(client, "/me/passport", who)
    assert [(line["kind"], line["hours"]) for line in passport["lines"]] == [
        ("rejected", "0.00"),
        ("approved", "1.00"),
    ]
    assert [(one["hours"], one["note"]) for one in messages("dispute_upheld")] == [("1.00", "Two others saw you")]
    assert consistent()


def test_a_dismissed_dispute_changes_no_hours_and_is_answered(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    make_edition()
    who, scribe, staff, other = as_resident(), *(as_staff("coordinator") for _ in range(3))
    claim = served(client, who, scribe, minutes=60)
    post(client, f"/staff/hours/{claim}/correct", staff, minutes=45, reason="left early")
    disputed = post(client, f"/me/hours/{claim}/dispute", who, 201, note="I stayed")["disputes"][0]["id"]
    post(client, f"/staff/hours-disputes/{disputed}/dismiss", other, answer="The sheet says 45 minutes")
    seen = get(client, f"/me/hours/{claim}", who)
    assert (seen["accredited"], seen["disputes"][0]["status"]) == ("0.75", "dismissed")
    assert messages("dispute_dismissed")[0]["hours"] == "0.75"


def test_decisions_stand_after_the_editions_days(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, moved_clock: Move
) -> None:
    make_edition()
    who = as_resident()
    claim = rejected(client, who, as_staff("coordinator"), as_staff("coordinator"))
    with moved_clock(days=31):
        late = post(client, f"/me/hours/{claim}/dispute", as_resident_again(client, who), 409, note="I was there")
    assert (late["type"], late["days"]) == ("/problems/dispute-closed", 30)


def test_many_settling_at_once_settle_it_once(
    app: Flask, client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    make_edition()
    who, scribe, staff = as_resident(), as_staff("coordinator"), as_staff("coordinator")
    claim = rejected(client, who, scribe, staff)
    disputed = post(client, f"/me/hours/{claim}/dispute", who, 201, note="I was there")["disputes"][0]["id"]
    others, body = [as_staff("coordinator") for _ in range(2)], {"minutes": 60, "answer": "Right"}
    wanted = [(f"/staff/hours-disputes/{disputed}/uphold", body, other) for other in others * 5]
    answers = all_at_once(app, wanted)
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 9}
    assert get(client, "/me/passport", who)["hours"] == "1.00"
    assert len(messages("hours_approved")) == 1
    assert consistent()


def test_one_volunteer_disputing_many_times_at_once_opens_one(
    app: Flask, client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    make_edition()
    who = as_resident()
    claim = rejected(client, who, as_staff("coordinator"), as_staff("coordinator"))
    answers = all_at_once(app, [(f"/me/hours/{claim}/dispute", {"note": "I was there"}, who)] * 8)
    assert Counter(one.status_code for one in answers) == {201: 1, 409: 7}


# --- one's own hours -------------------------------------------------------------------------------------------


def identified(client: FlaskClient, as_staff: SignIn, **identity: str) -> Headers:
    """A coordinator of whom the personnel office gave a telephone or a personal number."""
    staff, admin = as_staff("coordinator"), as_staff("administrator")
    me = get(client, "/staff/me", staff)["id"]
    answer = client.put(f"{V1}/staff/members/{me}/identity", json=identity, headers=admin)
    assert answer.status_code == 204, answer.json
    return staff


@pytest.mark.parametrize("by", ["phone", "cpr"])
def test_a_coordinator_who_is_the_volunteer_decides_nothing_about_it(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, by: str
) -> None:
    make_edition()
    phone, cpr = "+97333555777", "٠٩٠١٢٣٤٥٦"
    who, scribe, other = as_resident(phone), as_staff("coordinator"), as_staff("coordinator")
    me = client.get(f"{V1}/me", headers=who)
    client.patch(f"{V1}/me", json={"cpr": "090123456"}, headers={**who, "If-Match": me.headers["ETag"]})
    known = {"phone": "33555777"} if by == "phone" else {"cpr": cpr}
    staff = identified(client, as_staff, **known)
    claim = served(client, who, scribe, minutes=60)
    for deed, body in (
        ("approve", {}),
        ("correct", {"minutes": 60, "reason": "why"}),
        ("reject", {"reason": "why"}),
    ):
        refused = post(client, f"/staff/hours/{claim}/{deed}", staff, 403, **body)
        assert refused["type"] == "/problems/own-hours"
    post(client, f"/staff/hours/{claim}/reject", other, reason="was elsewhere")
    disputed = post(client, f"/me/hours/{claim}/dispute", who, 201, note="I was there")["disputes"][0]["id"]
    own = post(client, f"/staff/hours-disputes/{disputed}/uphold", staff, 403, minutes=60, answer="Right")
    assert own["type"] == "/problems/own-hours"


def test_staff_write_down_no_times_of_their_own_as_volunteers(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    make_edition()
    who = as_resident("+97333555777")
    staff = identified(client, as_staff, phone="33555777")
    mine = sign_up(client, make_shift(now() - timedelta(minutes=30)), who)
    for deed in (
        f"/sign-ups/{mine}/check-in",
        f"/staff/sign-ups/{mine}/no-show",
        f"/staff/sign-ups/{mine}/call-in",
    ):
        assert post(client, deed, staff, 403)["type"] == "/problems/own-hours"


def test_without_what_the_personnel_office_knows_own_hours_pass(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    """The control: it is the telephone on file that refuses above, and nothing else."""
    make_edition()
    who, scribe, staff = as_resident("+97333555777"), as_staff("coordinator"), as_staff("coordinator")
    post(client, f"/staff/hours/{served(client, who, scribe, minutes=60)}/approve", staff)


def test_two_colleagues_have_no_one_personal_number(client: FlaskClient, as_staff: SignIn) -> None:
    identified(client, as_staff, cpr="090123456")
    other, admin = get(client, "/staff/me", as_staff("coordinator"))["id"], as_staff("administrator")
    path = f"{V1}/staff/members/{other}/identity"
    assert client.put(path, json={"cpr": "090123456"}, headers=admin).status_code == 409
    assert client.put(path, json={"cpr": "12"}, headers=admin).status_code == 422
    own = get(client, "/staff/me", admin)["id"]
    assert client.put(f"{V1}/staff/members/{own}/identity", json={}, headers=admin).status_code == 409
    assert client.put(f"{V1}/staff/members/{uuid4()}/identity", json={}, headers=admin).status_code == 404


# --- the ledger ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["UPDATE hours_line SET minutes = minutes + 60", "DELETE FROM hours_line"])
def test_the_database_itself_refuses_to_change_the_ledger(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn, change: str
) -> None:
    make_edition()
    who, scribe, staff = as_resident(), as_staff("coordinator"), as_staff("coordinator")
    post(client, f"/staff/hours/{served(client, who, scribe, minutes=60)}/approve", staff)
    with pytest.raises(DBAPIError, match="append-only"), db.engine().begin() as owner:
        owner.execute(text(change))
    with db.engine().begin() as owner:  # whose it is may follow two accounts that become one
        owner.execute(text("UPDATE hours_line SET person_id = person_id"))
        owner.execute(text("ALTER TABLE hours_line DISABLE TRIGGER USER"))
        owner.execute(text(change))  # the control: it is the trigger that refuses
        owner.execute(text("ALTER TABLE hours_line ENABLE TRIGGER USER"))
    with db.transaction() as tx:
        assert [line.minutes for line in tx.scalars(select(HoursLine))] != [60]
