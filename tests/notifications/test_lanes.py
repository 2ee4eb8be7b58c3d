"""Lanes: what is taken, by whom it is carried, what waits, and what is remembered of providers."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.kit import db
from asimati.notifications import rules
from asimati.notifications.channels import Outcome, Provider
from asimati.notifications.rules import Channel, Lane
from asimati.notifications.sending import take_from
from asimati.notifications.sync import sync
from asimati.settings import settings
from tests.notifications.conftest import Provider as Fake
from tests.notifications.conftest import use
from tests.notifications.letters import TEMPLATES, ask, make_due, parcel_for
from workers.tasks.deliver import drain


@pytest.fixture
def two(ground: None, monkeypatch: pytest.MonkeyPatch) -> tuple[Fake, Fake]:
    """Two providers for SMS, in this order."""
    first, second = Fake(), Fake()
    use(monkeypatch, {"sms": [Provider("first", first), Provider("second", second)]})
    return first, second


def test_another_provider_takes_what_the_first_cannot(resident: SimpleNamespace, two: tuple[Fake, Fake]) -> None:
    first, second = two
    first.answers = [Outcome.AGAIN]
    parcel_for(resident.id)
    drain()
    assert ask("SELECT status, provider, attempts FROM notification WHERE channel = 'sms'") == [
        ("sent", "second", 2)
    ]
    assert [letter.reference for letter in first.letters] == [letter.reference for letter in second.letters]


def test_what_may_have_gone_is_repeated_at_the_same_provider_only(
    resident: SimpleNamespace, two: tuple[Fake, Fake]
) -> None:
    first, second = two
    first.answers = [Outcome.UNKNOWN]
    parcel_for(resident.id)
    for _ in range(2):
        drain()
        make_due()
    assert (len(first.letters), len(second.letters)) == (2, 0)
    assert len({letter.reference for letter in first.letters}) == 1


def test_what_one_provider_refuses_another_may_take(resident: SimpleNamespace, two: tuple[Fake, Fake]) -> None:
    first, second = two
    first.answers, second.answers = [Outcome.REFUSED], [Outcome.AGAIN]
    parcel_for(resident.id)
    for _ in range(2):
        drain()
        make_due()
    assert ask("SELECT status, provider, attempts FROM notification WHERE channel = 'sms'") == [
        ("sent", "second", 3)
    ]
    assert (len(first.letters), len(second.letters)) == (1, 2)  # whoever refused it is not asked again


def test_what_all_providers_refuse_is_given_up(resident: SimpleNamespace, two: tuple[Fake, Fake]) -> None:
    for fake in two:
        fake.answers = [Outcome.REFUSED] * 9
    parcel_for(resident.id)
    for _ in range(3):
        drain()
        make_due()
    assert ask("SELECT status, attempts FROM notification WHERE channel = 'sms'") == [("failed", 2)]


def test_a_wrong_address_is_wrong_at_every_provider(resident: SimpleNamespace, two: tuple[Fake, Fake]) -> None:
    two[0].answers = [Outcome.WRONG_ADDRESS]
    parcel_for(resident.id)
    drain()
    assert ask("SELECT status FROM notification WHERE channel = 'sms'") == [("failed",)]
    assert two[1].letters == []


def test_clear_answers_do_not_count_as_doubt(resident: SimpleNamespace, provider: Fake) -> None:
    provider.answers = [Outcome.AGAIN, Outcome.AGAIN, Outcome.UNKNOWN, Outcome.AGAIN]
    parcel_for(resident.id)
    for _ in range(5):
        drain()
        make_due()
    assert ask("SELECT status, attempts FROM notification WHERE channel = 'sms'") == [("sent", 5)]


def test_a_refusal_after_a_doubt_says_nothing_of_the_doubt(
    resident: SimpleNamespace, two: tuple[Fake, Fake]
) -> None:
    first, second = two
    first.answers = [Outcome.UNKNOWN, Outcome.REFUSED]
    parcel_for(resident.id)
    for _ in range(3):
        drain()
        make_due()
    assert ask("SELECT status, attempts FROM notification WHERE channel = 'sms'") == [("unknown", 2)]
    assert second.letters == []  # the first may have it


def test_what_only_a_resting_provider_may_take_waits_and_holds_up_nobody(
    resident: SimpleNamespace, two: tuple[Fake, Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().notifications, "chunk", 1)
    first, second = two
    first.answers = [Outcome.REFUSED]
    ask(
        "INSERT INTO provider_state (name, failures, rests_until)"
        " VALUES ('second', 9, app_now() + '1 min') RETURNING name"
    )
    parcel_for(resident.id)
    parcel_for(resident.id)
    drain()
    told = ask("SELECT status, attempts, due_at > app_now() FROM notification WHERE channel = 'sms' ORDER BY 1")
    assert told == [("pending", 1, True), ("sent", 1, True)]
    make_due()
    drain()
    assert (len(first.letters), len(second.letters)) == (2, 1)


def test_a_provider_that_fails_rests_and_comes_back(resident: SimpleNamespace, two: tuple[Fake, Fake]) -> None:
    first, second = two
    first.answers = [Outcome.AGAIN] * 5
    for _ in range(8):
        parcel_for(resident.id)
        drain()
    assert (len(first.letters), len(second.letters)) == (5, 8)  # after five in a row it is left alone
    ask("UPDATE provider_state SET rests_until = app_now() RETURNING name")
    parcel_for(resident.id)
    drain()
    assert len(first.letters) == 6
    assert ask("SELECT failures, rests_until FROM provider_state WHERE name = 'first'") == [(0, None)]


def test_nothing_is_lost_or_counted_while_everybody_rests(resident: SimpleNamespace, provider: Fake) -> None:
    ask(
        "INSERT INTO provider_state (name, failures, rests_until)"
        " VALUES ('first', 9, app_now() + '1 min') RETURNING name"
    )
    parcel_for(resident.id)
    drain()
    assert ask("SELECT status, attempts FROM notification WHERE channel = 'sms'") == [("pending", 0)]
    make_due()
    drain()
    assert ask("SELECT status, attempts FROM notification WHERE channel = 'sms'") == [("sent", 1)]


def test_a_rate_is_kept_by_all_workers_together(
    resident: SimpleNamespace, ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, {"sms": [Provider("slow", Fake(), rate=4.0)]})
    for _ in range(12):
        parcel_for(resident.id)
    drain_notices()
    waits = []
    for _ in range(3):
        with db.transaction() as tx:
            taken = take_from(tx, Lane.NORMAL, Channel.SMS)
        waits.append((len(taken), taken[0].wait))
    assert [count for count, _ in waits] == [4, 4, 4]
    assert waits[0][1] == 0.0
    assert 0.5 < waits[1][1] <= 1.0
    assert 1.5 < waits[2][1] <= 2.0


def drain_notices() -> None:
    """Write the notices of what was published, and send none."""
    from workers.listeners import LISTENERS, table
    from workers.tasks.deliver import carry

    with db.transaction() as tx:
        from asimati.kit import outbox

        leased = outbox.lease(tx, table(), batch=1000, seconds=60)
    for one in leased:
        carry(LISTENERS[one.listener], one.id, one.token)


def test_two_workers_never_hold_the_same_notice(resident: SimpleNamespace, provider: Fake) -> None:
    for _ in range(6):
        parcel_for(resident.id)
    drain_notices()
    with db.transaction() as one:
        held = take_from(one, Lane.NORMAL, Channel.SMS)
        with db.transaction() as other:
            assert take_from(other, Lane.NORMAL, Channel.SMS) == ()
    assert len(held) == 6


def test_a_notice_waits_for_the_end_of_quiet_hours_and_then_goes(
    client: FlaskClient,
    resident: SimpleNamespace,
    provider: Fake,
    monkeypatch: pytest.MonkeyPatch,
    moved_clock: Callable[..., Any],
) -> None:
    monkeypatch.setattr(settings().notifications, "quiet_hours", True)
    now = ask("SELECT app_now() AT TIME ZONE 'Asia/Bahrain'")[0][0]
    put = {"channels": ["inbox", "sms"], "quiet_from": f"{now:%H}:00", "quiet_to": f"{(now.hour + 2) % 24:02}:00"}
    answer = client.put("/api/v1/me/preferences", json=put, headers=resident.headers | {"If-Match": "*"})
    assert answer.status_code == 200
    parcel_for(resident.id)
    drain()
    assert provider.letters == []
    (due,) = ask("SELECT due_at FROM notification WHERE channel = 'sms'")[0]
    calendar = rules.waking(settings().governorate.facts, rules.Quiet(_at(put["quiet_from"]), _at(put["quiet_to"])))
    assert rules.may_go_at(calendar, due, critical=False) == due
    with moved_clock(hours=26):
        make_due()
        drain()
        assert len(provider.letters) == 1


def _at(text: Any) -> Any:
    from datetime import time

    return time.fromisoformat(text)


def test_what_comes_too_late_is_not_told(resident: SimpleNamespace, provider: Fake) -> None:
    parcel_for(resident.id)
    drain_notices()
    ask("UPDATE notification SET good_until = app_now() - interval '1 s' RETURNING id")
    drain()
    assert ask("SELECT status, last_error FROM notification WHERE channel = 'sms'") == [("failed", "too late")]
    assert provider.letters == []


def test_wishes_by_topic_go_before_wishes_by_room_and_all_others(
    client: FlaskClient, resident: SimpleNamespace, provider: Fake
) -> None:
    def wish(**topics: list[str]) -> int:
        named = {name.replace("__", "."): channels for name, channels in topics.items()}
        put = {"channels": ["inbox", "sms"], "topics": named}
        answer = client.put("/api/v1/me/preferences", json=put, headers=resident.headers | {"If-Match": "*"})
        assert answer.status_code == 200, answer.json
        parcel_for(resident.id)
        before = len(provider.letters)
        drain()
        return len(provider.letters) - before

    assert wish() == 1
    assert wish(toy=["inbox"]) == 0
    assert wish(toy=["inbox"], toy__parcel_came=["sms"]) == 1
    assert wish(events=["inbox"]) == 1


def test_the_settings_screen_says_what_can_be_chosen_and_what_is_always_told(
    client: FlaskClient, resident: SimpleNamespace, ground: None
) -> None:
    with db.transaction() as tx:
        parcel, code = TEMPLATES["templates"]
        sync(tx, {"templates": [parcel, parcel | {"topic": "toy.fire", "critical": True}, code]})
    put = {"channels": ["inbox", "sms"], "topics": {"toy.parcel_came": ["email"], "toy.fire": []}}
    answer = client.put("/api/v1/me/preferences", json=put, headers=resident.headers | {"If-Match": "*"})
    assert answer.status_code == 200
    fire, parcels = client.get("/api/v1/me/notification-topics", headers=resident.headers).json["items"]
    assert (parcels["topic"], parcels["critical"], parcels["chosen"]) == (
        "toy.parcel_came",
        False,
        ["inbox", "email"],
    )
    assert (fire["critical"], fire["chosen"]) == (True, fire["channels"])
    assert parcels["example"]["en"] == "A parcel: Entrepreneurship workshop"


def test_wishes_that_make_no_sense_are_named(client: FlaskClient, resident: SimpleNamespace) -> None:
    for wrong in ({"a": "sms"}, {"a": ["fax"]}, {"A B": ["sms"]}, [], {"a": [1]}, {str(n): [] for n in range(60)}):
        put = {"channels": ["inbox"], "topics": wrong}
        answer = client.put("/api/v1/me/preferences", json=put, headers=resident.headers | {"If-Match": "*"})
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/topics"), wrong
