"""What is late, given, answered or near an entity's time is told: to those who work on it, and to the entity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from asimati import pack
from asimati.accounts.actions import clear
from asimati.accounts.models import RoleGrant
from asimati.kit import clock, db
from asimati.kit.outbox import publish
from asimati.kit.policy import SYSTEM
from asimati.notifications.sync import sync as sync_templates
from asimati.places.messages import WorkingTimeChanged
from asimati.service_requests.actions.reminding import remind_entities
from asimati.service_requests.actions.timing import escalate
from asimati.service_requests.sync import sync
from asimati.settings import settings
from tests.service_requests.town import HOLIDAY, PART, SAID, next_working_days, words

V1 = "/api/v1"
Headers = dict[str, str]
AsStaff = Callable[..., Headers]
DAY_AND_NIGHT = {"working_week": dict.fromkeys(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), "00:00-24:00"),
                 "public_holidays": False}  # fmt: skip


@pytest.fixture(autouse=True)
def templates(town: FlaskClient) -> None:
    parts = pack.load(settings().governorate.folder).parts(datetime.now(UTC))
    with db.transaction() as tx:
        sync_templates(tx, parts["notifications"])


@pytest.fixture
def inbox(town: FlaskClient, run_listeners: Callable[[], int]) -> Callable[..., list[tuple[str, str]]]:
    """What somebody was told so far: topic and reference."""

    def read(who: Headers) -> list[tuple[str, str]]:
        run_listeners()
        items = town.get(f"{V1}/staff/notices?limit=100", headers=who).json["items"]
        return sorted((one["topic"].partition(".")[2], one["about"]["reference"]) for one in items)

    return read


def mails(to: str | None = None) -> list[str]:
    with db.transaction() as tx:
        wanted = "SELECT subject FROM dev_mail WHERE channel = 'email' AND (:to = '' OR \"to\" = :to) ORDER BY at"
        return list(tx.scalars(text(wanted), {"to": to or ""}))


def identifier(town: FlaskClient, who: Headers) -> Any:
    return town.get(f"{V1}/staff/me", headers=who).json["id"]


def late() -> int:
    with db.transaction() as tx:
        return escalate(tx)


def test_a_late_case_is_told_to_its_officer_and_the_supervisors_of_its_scope_once_for_each_level(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, as_staff: AsStaff, submit: Any,
    move: Any, inbox: Any, moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    """Also where the beat was away for weeks: it finds both levels, and nothing twice."""
    elsewhere, colleague = as_staff("supervisor"), as_staff("reviewer")
    with db.transaction() as tx:
        far = {"service": ["idea"]}
        tx.query(RoleGrant).filter_by(staff_id=identifier(town, elsewhere)).update({"scopes": far})
    held, free = submit(resident), submit(resident)
    move(reviewer, held, "claim")
    with moved_clock(days=60):
        while late():
            pass
        assert late() == 0
    both = [("request_escalated", held["reference"])] * 2
    free_too = [("request_escalated", free["reference"])] * 2
    assert inbox(reviewer) == both
    assert inbox(supervisor) == sorted(both + free_too)
    assert inbox(elsewhere) == inbox(colleague) == []
    inbox(reviewer)
    own = town.get(f"{V1}/staff/me", headers=reviewer).json["email"]
    assert len(mails(own)) == 2, "by mail too, as the template says"


def test_of_a_confidential_case_the_cleared_alone_are_told_and_nobody_what_it_is_about(
    town: FlaskClient, resident: Headers, supervisor: Headers, as_staff: AsStaff, submit: Any, inbox: Any,
    moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    cleared = as_staff("supervisor")
    with db.transaction() as tx:
        until = datetime.now(UTC) + timedelta(days=300)
        clear(tx, SYSTEM, identifier(town, cleared), ends_at=until, reason="Security desk")
    case = submit(resident, service="safety")
    with moved_clock(days=60):
        late()
    assert inbox(supervisor) == [] and inbox(cleared) == [("request_escalated", case["reference"])]
    said = town.get(f"{V1}/staff/notices", headers=cleared).json["items"][0]["text"]
    assert "confidential" in said["en"] and "Safety" not in said["en"] and "ملاحظة" not in said["ar"]


def test_a_moved_holiday_is_told_to_whoever_holds_the_case_once(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, as_staff: AsStaff, submit: Any,
    move: Any, inbox: Any,
) -> None:  # fmt: skip
    colleague, held, free = as_staff("reviewer"), submit(resident), submit(resident)
    move(reviewer, held, "claim")
    sooner, day, *_, much_later = next_working_days(40)
    made = town.post(f"{V1}/staff/holidays", json={"day": str(day), **HOLIDAY}, headers=supervisor)
    assert made.status_code == 201, made.json
    told = [("case_time_moved", held["reference"])]
    assert inbox(reviewer) == told and inbox(colleague) == inbox(supervisor) == []
    now = town.get(f"{V1}/staff/service-requests/{held['reference']}", headers=reviewer).json["due_at"]
    assert now > held["due_at"]
    said = town.get(f"{V1}/staff/notices", headers=reviewer).json["items"][0]["text"]
    assert held["reference"] in said["ar"] and held["reference"] in said["en"]
    with db.transaction() as tx:
        publish(tx, WorkingTimeChanged())
    assert inbox(reviewer) == told, "counted again, nothing has changed"

    def change(off: date, **said: str) -> None:
        path = f"{V1}/staff/holidays/{off}"
        tagged = {**supervisor, "If-Match": town.get(path, headers=supervisor).headers["ETag"]}
        assert town.patch(path, json=said, headers=tagged).status_code == 200

    change(day, standing="confirmed")
    assert inbox(reviewer) == told, "confirmed on the day it was thought to be"
    change(day, day=str(sooner))
    assert inbox(reviewer) == told, "moved by a day, and the case is due when it was"
    change(sooner, day=str(much_later))
    assert inbox(reviewer) == told * 2, "moved behind the day the case is due"
    town.delete(f"{V1}/staff/holidays/{much_later}", headers=supervisor)
    assert inbox(reviewer) == told * 2 and inbox(colleague) == []
    assert free["reference"] not in str(inbox(supervisor))


def test_whoever_a_case_is_given_to_and_whoever_waited_for_an_answer_are_told(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, submit: Any, move: Any,
    inbox: Any,
) -> None:  # fmt: skip
    case = submit(resident)
    move(supervisor, case, "assign", reviewer=identifier(town, reviewer))
    move(reviewer, case, "ask", message=SAID)
    answer = {"text": "In front of the school"}
    town.post(f"{V1}/service-requests/{case['reference']}/messages", json=answer, headers=resident)
    told = [("case_assigned", case["reference"]), ("resident_answered", case["reference"])]
    assert inbox(reviewer) == told and inbox(supervisor) == []
    move(supervisor, case, "assign", reviewer=identifier(town, supervisor))
    assert inbox(supervisor) == [], "nobody is told what they did themselves"


def test_notices_are_ones_own(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, submit: Any, move: Any,
    inbox: Any,
) -> None:  # fmt: skip
    move(supervisor, submit(resident), "assign", reviewer=identifier(town, reviewer))
    inbox(reviewer)
    (one,) = town.get(f"{V1}/staff/notices?unread=true", headers=reviewer).json["items"]
    path = f"{V1}/staff/notices/{one['id']}/read"
    assert town.post(path, headers=supervisor).status_code == 404
    assert town.post(f"{V1}/notifications/{one['id']}/read", headers=resident).status_code == 404
    assert town.post(path, headers=reviewer).json["read_at"]
    assert town.get(f"{V1}/staff/notices?unread=true", headers=reviewer).json["items"] == []
    assert town.post(f"{V1}/staff/notices/read-all", headers=reviewer).json == {"read": 0}
    offered = {one["topic"] for one in town.get(f"{V1}/me/notification-topics", headers=resident).json["items"]}
    assert "service_requests.request_resolved" in offered
    assert not offered & {"service_requests.request_escalated", "service_requests.entity_late"}


# --- entities --------------------------------------------------------------------------------------------------


def keep(town: FlaskClient, who: Headers, **said: Any) -> Any:
    path = f"{V1}/staff/entities/works"
    tag = town.get(path, headers=who).headers["ETag"]
    return town.patch(path, json=said, headers={**who, "If-Match": tag})


def referred(town: FlaskClient, case: dict[str, Any], who: Headers) -> dict[str, Any]:
    seen = town.get(f"{V1}/staff/service-requests/{case['reference']}", headers=who).json
    found: dict[str, Any] = seen["hops"][-1]
    return found


def test_an_entity_keeps_its_own_hours_and_a_change_of_them_moves_what_it_has(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, submit: Any, move: Any,
    run_listeners: Callable[[], int],
) -> None:  # fmt: skip
    assert keep(town, supervisor, target="PT48H", calendar=DAY_AND_NIGHT).status_code == 200
    case = submit(resident)
    move(reviewer, case, "claim")
    move(reviewer, case, "refer", entity="works")
    hop = referred(town, case, reviewer)
    started, due = (datetime.fromisoformat(hop[name]) for name in ("started_at", "due_at"))
    assert due - started == timedelta(hours=48), "day and night, Friday and Saturday too"
    run_listeners()
    assert keep(town, supervisor, calendar=None).json["calendar"] is None
    run_listeners()
    ours = datetime.fromisoformat(referred(town, case, reviewer)["due_at"])
    assert ours > due + timedelta(days=4), "48 working hours of our own days of seven hours and a quarter"
    off = str(clock.local_day(due + timedelta(days=1)))
    assert keep(town, supervisor, calendar={**DAY_AND_NIGHT, "holidays": [off]}).status_code == 200
    run_listeners()
    assert datetime.fromisoformat(referred(town, case, reviewer)["due_at"]) == due


@pytest.mark.parametrize(
    "calendar",
    [
        {"working_week": {"sun": "7 to 3"}}, {"working_week": {"sun": "15:00-07:00"}}, {"holidays": ["2026-13-40"]},
        {"working_week": {"sun": "07:00-07:00"}},
        {"special_hours": [{"from": "2027-03-01", "to": "2027-02-01", "hours": {"sun": "09:00-14:00"}}]},
    ],
)  # fmt: skip
def test_hours_that_are_none_are_refused(town: FlaskClient, supervisor: Headers, calendar: dict[str, Any]) -> None:
    answer = keep(town, supervisor, calendar=calendar)
    assert answer.status_code == 422 and answer.json["errors"][0]["pointer"].startswith("/calendar")


def test_public_holidays_hold_there_unless_it_works_on_them(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, submit: Any, move: Any,
    run_listeners: Callable[[], int],
) -> None:  # fmt: skip
    keep(town, supervisor, target="PT48H", calendar={**DAY_AND_NIGHT, "public_holidays": True})
    case = submit(resident)
    move(reviewer, case, "claim")
    move(reviewer, case, "refer", entity="works")
    hop = referred(town, case, reviewer)
    eid = {"day": hop["started_at"][:10], "name": words("Eid", "عيد"), "standing": "confirmed"}
    day_after = datetime.fromisoformat(hop["started_at"]) + timedelta(hours=24)
    eid["day"] = str(clock.local_day(day_after))
    town.post(f"{V1}/staff/holidays", json=eid, headers=supervisor)
    run_listeners()
    moved = datetime.fromisoformat(referred(town, case, reviewer)["due_at"])
    assert moved == datetime.fromisoformat(hop["due_at"]) + timedelta(hours=24)


def test_a_pack_brings_hours_and_contacts_until_staff_keep_them(town: FlaskClient, supervisor: Headers) -> None:
    entity = {**PART["entities"][0], "calendar": DAY_AND_NIGHT, "contacts": [{"email": "duty@works.example"}]}
    with db.transaction() as tx:
        sync(tx, {**PART, "entities": [entity]})
        assert sync(tx, {**PART, "entities": [entity]})["changed"] == 0
    seen = town.get(f"{V1}/staff/entities/works", headers=supervisor).json
    assert seen["calendar"]["working_week"]["fri"] == "00:00-24:00"
    assert seen["contacts"] == [{"email": "duty@works.example", "language": "ar"}]


def test_an_entity_is_written_to_before_and_after_its_time_once_each(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, submit: Any, move: Any,
    inbox: Any, moved_clock: Callable[..., Any], run_listeners: Callable[[], int],
) -> None:  # fmt: skip
    """And whoever holds the case is told as well. A beat that was away tells the latest alone, once."""
    contacts = [{"email": "desk@works.example", "language": "en"}, {"email": "head@works.example"}]
    assert keep(town, supervisor, target="PT48H", calendar=DAY_AND_NIGHT, contacts=contacts).status_code == 200
    case = submit(resident)
    move(reviewer, case, "claim")
    move(reviewer, case, "refer", entity="works")

    def ticks() -> int:
        with db.transaction() as tx:
            first = remind_entities(tx)
        with db.transaction() as tx:
            return first + remind_entities(tx)

    assert ticks() == 0
    for hours, told in ((25, 1), (30, 0), (49, 1), (60, 0), (48 + 73, 1), (48 + 200, 0)):
        with moved_clock(hours=hours):
            assert ticks() == told, hours
            run_listeners()
    assert [topic for topic, _ in inbox(reviewer)] == ["entity_due_soon", "entity_late", "entity_late"]
    english, arabic = mails("desk@works.example"), mails("head@works.example")
    assert len(english) == len(arabic) == 3
    assert "is due soon" in english[0] and "is late" in english[1] and "انتهت" in arabic[2]


def test_a_beat_that_was_away_writes_once_and_what_came_back_is_nobodys_any_more(
    town: FlaskClient, resident: Headers, reviewer: Headers, supervisor: Headers, submit: Any, move: Any,
    moved_clock: Callable[..., Any],
) -> None:  # fmt: skip
    keep(town, supervisor, target="PT48H", calendar=DAY_AND_NIGHT, contacts=[{"email": "desk@works.example"}])
    away, back = submit(resident), submit(resident)
    for case in (away, back):
        move(reviewer, case, "claim")
        move(reviewer, case, "refer", entity="works")
    move(reviewer, back, "return")
    with moved_clock(days=10), db.transaction() as tx:
        assert remind_entities(tx) == 1
        assert remind_entities(tx) == 0
