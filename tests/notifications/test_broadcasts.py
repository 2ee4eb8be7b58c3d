"""Telling many people at once: whom, by what, who lets it go, how far it is, and how it stops."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from asimati import pack
from asimati.kit import db
from asimati.notifications import broadcasts
from asimati.notifications.rules import STAGES, Channel, Lane, Stage
from asimati.notifications.sending import take_from
from asimati.settings import settings
from tests.notifications.conftest import Provider as Fake
from tests.notifications.letters import ask, make_due
from workers.listeners import LISTENERS, table
from workers.tasks.deliver import carry, drain

V1 = "/api/v1"
Headers = dict[str, str]
WORDS = {
    "title": {"ar": "انقطاع المياه", "en": "Water is cut"},
    "text": {"ar": "تنقطع المياه غدًا صباحًا.", "en": "Water is cut tomorrow morning."},
}


@pytest.fixture
def town(client: FlaskClient, as_resident: Callable[..., Headers], provider: Fake) -> list[Headers]:
    """Six residents: the first three of block 317, the first reading English; the last wants no text messages."""
    with db.transaction() as tx:
        pack.sync(tx, pack.load(settings().governorate.folder))
    people = [as_resident() for _ in range(6)]
    ask("UPDATE person SET block = '317' WHERE number <= (SELECT min(number) + 2 FROM person) RETURNING id")
    ask("UPDATE person SET language = 'en' WHERE number = (SELECT min(number) FROM person) RETURNING id")
    wishes = {"channels": ["inbox"]}
    assert client.put(f"{V1}/me/preferences", json=wishes, headers=people[5] | {"If-Match": "*"}).status_code == 200
    return people


@pytest.fixture
def writer(as_staff: Callable[..., Headers]) -> Headers:
    return as_staff("coordinator")


def written(client: FlaskClient, staff: Headers, **more: Any) -> Any:
    body = WORDS | {"channels": ["inbox", "sms"]} | more
    answer = client.post(f"{V1}/staff/broadcasts", json=body, headers=staff)
    assert answer.status_code == 201, answer.json
    return answer.json


def at(broadcast: Any, move: str = "") -> str:
    return f"{V1}/staff/broadcasts/{broadcast['id']}" + (f"/{move}" if move else "")


def test_a_broadcast_reaches_everybody_once_by_what_they_wish(
    client: FlaskClient, town: list[Headers], writer: Headers, provider: Fake
) -> None:
    made = written(client, writer)
    assert client.post(at(made, "submit"), headers=writer).json["stage"] == "sending"
    drain()
    told = ask("SELECT channel, status, count(*) FROM notification GROUP BY 1, 2 ORDER BY 1")
    assert told == [("inbox", "sent", 6), ("sms", "sent", 5)]
    assert len({letter.to for letter in provider.letters}) == 5
    assert {letter.text for letter in provider.letters} == set(WORDS["text"].values())
    inbox = client.get(f"{V1}/notifications", headers=town[5]).json["items"]
    assert (inbox[0]["title"], inbox[0]["topic"]) == (WORDS["title"], "notifications.broadcast")
    read = client.post(f"{V1}/notifications/{inbox[0]['id']}/read", headers=town[5]).json
    assert (read["text"], bool(read["read_at"])) == (WORDS["text"], True)
    with db.transaction() as tx:
        broadcasts.go_on(tx)
    progress = client.get(at(made, "progress"), headers=writer).json
    assert progress == {
        "stage": "sent", "people": 6, "all_reached": True, "channels": {"inbox": {"sent": 6}, "sms": {"sent": 5}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("audience", "people"),
    [
        ([], 6),
        ([{"kind": "block", "values": ["317"]}], 3),
        ([{"kind": "block", "values": ["317", "308"]}, {"kind": "language", "values": ["en"]}], 1),
        ([{"kind": "programme", "values": []}], 0),
        ([{"kind": "opportunity"}], 0),
        ([{"kind": "role", "values": ["volunteer"]}], 0),
        ([{"kind": "role"}], 0),
        ([{"kind": "event"}], 0),
    ],
)
def test_an_audience_is_chosen_by_kinds_that_all_hold(
    client: FlaskClient, town: list[Headers], writer: Headers, audience: Any, people: int
) -> None:
    made = written(client, writer, audience=audience)
    assert client.get(at(made, "preview"), headers=writer).json["people"] == people
    client.post(at(made, "submit"), headers=writer)
    drain()
    assert ask("SELECT count(*) FROM notification WHERE channel = 'inbox'") == [(people,)]


def test_those_who_booked_a_programme_are_an_audience(
    client: FlaskClient, town: list[Headers], writer: Headers
) -> None:
    (event, programme) = ask("SELECT id, programme FROM event WHERE registration_opens_at < now() LIMIT 1")[0]
    booked = client.post(f"{V1}/events/{event}/bookings", json={}, headers=town[0])
    assert booked.status_code == 201, booked.json
    kinds = client.get(f"{V1}/staff/audiences", headers=writer).json["items"]
    assert {kind["kind"] for kind in kinds} == {
        "role", "area", "block", "language", "programme", "event", "opportunity",
    }  # fmt: skip
    parts = [("programme", programme), ("event", str(event)), ("role", "participant")]
    for part in ({"kind": kind, "values": [value]} for kind, value in parts):
        made = written(client, writer, audience=[part])
        assert client.get(at(made, "preview"), headers=writer).json["people"] == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"audience": [{"kind": "disability", "values": ["yes"]}]}, "/audience/0/kind"),
        ({"audience": [{"kind": "block", "values": ["1"]}]}, "/audience/0/values"),
        ({"channels": []}, "/channels"),
        ({"channels": ["fax"]}, "/channels/0"),
        ({"text": {"ar": "نص"}}, "/text"),
    ],
)
def test_what_nobody_offers_is_named(
    client: FlaskClient, town: list[Headers], writer: Headers, wrong: Any, pointer: str
) -> None:
    answer = client.post(f"{V1}/staff/broadcasts", json=WORDS | {"channels": ["inbox"]} | wrong, headers=writer)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)


def test_the_preview_counts_people_parts_and_money(
    client: FlaskClient, town: list[Headers], writer: Headers
) -> None:
    made = written(client, writer, sms={"ar": "م" * 71, "en": "x" * 160})
    preview = client.get(at(made, "preview"), headers=writer).json
    assert preview == {
        "people": 6, "reach": {"inbox": 6, "sms": 5}, "segments": {"ar": 2, "en": 1}, "sms_parts": 4 * 2 + 1,
        "cost": "0.135", "currency": "BHD", "needs_approval": False,
    }  # fmt: skip


@pytest.mark.parametrize("critical", [False, True])
def test_above_a_threshold_or_for_a_warning_a_second_person_decides(
    client: FlaskClient,
    town: list[Headers],
    as_staff: Callable[..., Headers],
    monkeypatch: pytest.MonkeyPatch,
    critical: bool,
) -> None:
    writer, second = as_staff("supervisor"), as_staff("supervisor")
    if not critical:
        monkeypatch.setitem(settings().governorate.facts["messaging"], "approve_above", 5)
    made = written(client, writer, critical=critical)
    assert client.post(at(made, "submit"), headers=writer).json["stage"] == "awaiting_approval"
    drain()
    assert client.post(at(made, "approve"), headers=writer).status_code == 403  # not one's own
    assert client.post(at(made, "approve"), headers=as_staff("coordinator")).status_code == 403
    assert ask("SELECT count(*) FROM notification") == [(0,)]
    assert client.post(at(made, "approve"), headers=second).json["stage"] == "sending"
    drain()
    assert ask("SELECT count(*) FROM notification WHERE channel = 'sms'") == [(6 if critical else 5,)]


def test_a_coordinator_may_not_warn(client: FlaskClient, town: list[Headers], writer: Headers) -> None:
    body = WORDS | {"channels": ["sms"], "critical": True}
    assert client.post(f"{V1}/staff/broadcasts", json=body, headers=writer).status_code == 403


def test_an_edit_after_submitting_asks_for_approval_anew(
    client: FlaskClient, town: list[Headers], as_staff: Callable[..., Headers]
) -> None:
    writer = as_staff("supervisor")
    made = written(client, writer, critical=True)
    client.post(at(made, "submit"), headers=writer)
    tag = client.get(at(made), headers=writer).headers["ETag"]
    edited = client.patch(at(made), json={"title": WORDS["text"]}, headers=writer | {"If-Match": tag})
    assert (edited.status_code, edited.json["stage"]) == (200, "draft")
    assert client.patch(at(made), json={}, headers=writer | {"If-Match": tag}).status_code == 412
    assert client.post(at(made, "approve"), headers=as_staff("supervisor")).status_code == 409


def submitted_again(client: FlaskClient, broadcast: Any, by: Headers) -> str:
    """Rewrite what awaits approval, and send it on again; the tag of what then awaits it."""
    body = {"text": {"ar": "ادفعوا هنا.", "en": "Pay here."}}
    assert client.patch(at(broadcast), json=body, headers=by | {"If-Match": "*"}).status_code == 200
    assert client.post(at(broadcast, "submit"), headers=by).json["stage"] == "awaiting_approval"
    return str(client.get(at(broadcast), headers=by).headers["ETag"])


def test_nobody_approves_words_they_put_into_somebody_elses_broadcast(
    client: FlaskClient, town: list[Headers], as_staff: Callable[..., Headers]
) -> None:
    writer, second = as_staff("supervisor"), as_staff("supervisor")
    made = written(client, writer, critical=True)
    client.post(at(made, "submit"), headers=writer)
    submitted_again(client, made, second)
    for one in (writer, second):
        assert client.post(at(made, "approve"), headers=one).status_code == 403
    assert client.post(at(made, "approve"), headers=as_staff("supervisor")).json["stage"] == "sending"


def test_who_approves_names_what_they_read(
    client: FlaskClient, town: list[Headers], as_staff: Callable[..., Headers]
) -> None:
    """Words exchanged in the moment before the second person's word were never read by them."""
    writer, second = as_staff("supervisor"), as_staff("supervisor")
    made = written(client, writer, critical=True)
    client.post(at(made, "submit"), headers=writer)
    read = client.get(at(made), headers=second).headers["ETag"]
    now = submitted_again(client, made, writer)
    assert client.post(at(made, "approve"), headers=second | {"If-Match": read}).status_code == 412
    assert client.post(at(made, "approve"), headers=second | {"If-Match": now}).json["stage"] == "sending"


def test_a_coordinator_does_not_rewrite_a_warning(
    client: FlaskClient, town: list[Headers], writer: Headers, as_staff: Callable[..., Headers]
) -> None:
    made = written(client, as_staff("supervisor"), critical=True)
    body, who = {"title": WORDS["text"]}, writer | {"If-Match": "*"}
    assert client.patch(at(made), json=body, headers=who).status_code == 403


def test_it_goes_out_at_its_time(
    client: FlaskClient, town: list[Headers], writer: Headers, moved_clock: Callable[..., Any]
) -> None:
    (later,) = ask("SELECT app_now() + interval '2 hours'")[0]
    made = written(client, writer, send_at=later.isoformat())
    assert client.post(at(made, "submit"), headers=writer).json["stage"] == "scheduled"
    with db.transaction() as tx:
        assert broadcasts.go_on(tx) == 0
    with moved_clock(hours=3):
        with db.transaction() as tx:
            assert broadcasts.go_on(tx) == 1
        drain()
    assert ask("SELECT count(*) FROM notification WHERE channel = 'inbox'") == [(6,)]


def test_stopping_half_way_sends_nothing_more(
    client: FlaskClient, town: list[Headers], writer: Headers, provider: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().notifications, "fan_out", 2)
    monkeypatch.setattr(settings().notifications, "chunk", 2)
    made = written(client, writer)
    client.post(at(made, "submit"), headers=writer)
    one_round()  # two people are found
    assert ask("SELECT count(*) FROM notification WHERE channel = 'sms'") == [(2,)]
    original, first, written_by_then = provider.__class__.__call__, threading.Lock(), []

    def stopping(self: Fake, letter: Any) -> Any:
        if first.acquire(blocking=False):  # two letters are in hand at a time
            assert client.post(at(made, "stop"), headers=writer).json["stage"] == "stopped"
            written_by_then.append(ask("SELECT count(*) FROM notification"))
        return original(self, letter)

    monkeypatch.setattr(provider.__class__, "__call__", stopping)
    drain()
    assert len(provider.letters) == 2  # those that were in hand
    drain()
    make_due()
    drain()
    assert len(provider.letters) == 2
    # The next step of finding people may have run before the first letter went; after the stop none does.
    assert [ask("SELECT count(*) FROM notification")] == written_by_then
    assert written_by_then[0] < [(12,)]  # of six people, by two channels
    assert ask("SELECT count(*) FROM notification WHERE status = 'pending'") == [(0,)]
    assert client.post(at(made, "submit"), headers=writer).status_code == 409


def test_what_waits_when_it_is_stopped_ends_as_stopped(
    client: FlaskClient, town: list[Headers], writer: Headers, provider: Fake
) -> None:
    made = written(client, writer)
    client.post(at(made, "submit"), headers=writer)
    one_round()
    client.post(at(made, "stop"), headers=writer)
    drain()
    assert provider.letters == []
    assert ask("SELECT status, count(*) FROM notification WHERE channel = 'sms' GROUP BY 1") == [("stopped", 5)]


def test_a_great_stopped_broadcast_ends_in_one_run(
    client: FlaskClient, town: list[Headers], writer: Headers, provider: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().notifications, "chunk", 1)
    made = written(client, writer)
    client.post(at(made, "submit"), headers=writer)
    one_round()
    client.post(at(made, "stop"), headers=writer)
    with db.transaction() as tx:
        assert take_from(tx, Lane.BULK, Channel.SMS) == ()
    assert ask("SELECT DISTINCT status FROM notification WHERE channel = 'sms'") == [("stopped",)]


def one_round() -> None:
    from asimati.kit import outbox

    with db.transaction() as tx:
        leased = outbox.lease(tx, table(), batch=1000, seconds=60)
    for one in leased:
        if "fan_out" in one.listener:
            carry(LISTENERS[one.listener], one.id, one.token)


def test_steps_find_everybody_once_even_twice_at_the_same_time(
    client: FlaskClient, town: list[Headers], writer: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().notifications, "fan_out", 1)
    made = written(client, writer, channels=["inbox"])
    client.post(at(made, "submit"), headers=writer)

    def find() -> None:
        for _ in range(8):
            with db.transaction() as tx:
                broadcast = broadcasts.locked(tx, UUID(made["id"]))
                _people, last = broadcasts.step(tx, broadcast)
                broadcast.reached = last or broadcast.reached

    threads = [threading.Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask("SELECT count(*), count(DISTINCT person) FROM notification") == [(6, 6)]


def test_quiet_hours_of_everybody_are_reckoned_in_the_statement(
    client: FlaskClient, town: list[Headers], writer: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().notifications, "quiet_hours", True)
    wishes = {"channels": ["inbox", "sms"], "quiet_from": "06:00", "quiet_to": "20:00", "friday_prayer": False}
    answer = client.put(f"{V1}/me/preferences", json=wishes, headers=town[0] | {"If-Match": "*"})
    assert answer.status_code == 200
    made = written(client, writer)
    client.post(at(made, "submit"), headers=writer)
    one_round()
    due = ask(
        """SELECT person = (SELECT person_id FROM preference WHERE quiet_from IS NOT NULL),
                  (due_at AT TIME ZONE 'Asia/Bahrain')::time::text FROM notification WHERE channel = 'sms'"""
    )
    (own,) = [time for mine, time in due if mine]
    assert "20:00" <= own < "22:00"
    assert len(due) == 5
    assert all("08:00" <= time < "22:00" for _, time in due)


def test_a_digest_reader_is_told_in_the_inbox_alone(
    client: FlaskClient, town: list[Headers], writer: Headers
) -> None:
    wishes = {"channels": ["inbox", "sms"], "digest": True}
    assert client.put(f"{V1}/me/preferences", json=wishes, headers=town[0] | {"If-Match": "*"}).status_code == 200
    made = written(client, writer)
    client.post(at(made, "submit"), headers=writer)
    drain()
    told = ask("SELECT channel, count(*) FROM notification GROUP BY 1 ORDER BY 1")
    assert told == [("inbox", 6), ("sms", 4)]


def test_every_stage_but_an_end_can_be_stopped() -> None:
    for stage, after in STAGES.items():
        assert (Stage.STOPPED in after) == (stage not in (Stage.SENT, Stage.STOPPED))


def test_residents_and_reviewers_broadcast_nothing(
    client: FlaskClient, town: list[Headers], as_staff: Callable[..., Headers]
) -> None:
    body = WORDS | {"channels": ["inbox"]}
    for headers in (town[0], as_staff("reviewer"), as_staff("auditor")):
        assert client.post(f"{V1}/staff/broadcasts", json=body, headers=headers).status_code == 403
