"""One message, one notice for each person and channel, and what may be repeated towards a provider."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from asimati.kit import db
from asimati.kit.ids import new_id
from asimati.kit.outbox import Delivered
from asimati.notifications import channels
from asimati.notifications.actions import notify
from asimati.notifications.channels import Outcome
from asimati.notifications.sync import sync
from asimati.settings import settings
from tests.notifications.conftest import Provider, use
from tests.notifications.letters import TEMPLATES, ParcelCame, ask, make_due, parcel_for
from workers.tasks.deliver import drain

StatusOf = Callable[[UUID], str]


def test_one_notice_by_each_channel_that_reaches_the_person(resident: SimpleNamespace, provider: Provider) -> None:
    parcel_for(resident.id)
    drain()
    assert ask("SELECT channel, status, attempts FROM notification ORDER BY 1") == [
        ("inbox", "sent", 0), ("sms", "sent", 1)
    ]  # fmt: skip
    letter = provider.letters[0]
    reference = ask("SELECT id::text FROM notification WHERE channel = 'sms'")[0][0]
    assert (letter.to, letter.reference) == ("+97333000111", reference)
    assert letter.text == "طرد \u2068PC-7K3M9QWZ\u2069"  # the person reads Arabic


def test_telling_twice_writes_once(resident: SimpleNamespace, provider: Provider) -> None:
    message = ParcelCame(person=resident.id, about={}, title={"ar": "كتب", "en": "Books"})
    delivered = Delivered(new_id(), message, "-")
    for _ in range(2):
        with db.transaction() as tx:
            notify(tx, delivered)
    drain()
    assert len(provider.letters) == 1
    assert ask("SELECT count(*) FROM notification") == [(2,)]


def test_nobody_to_tell_and_nothing_to_say(resident: SimpleNamespace, provider: Provider) -> None:
    parcel_for(uuid4())
    with db.transaction() as tx:
        assert sync(tx, {"templates": TEMPLATES["templates"][1:]})["retired"] == 1
    parcel_for(resident.id)
    drain()
    assert ask("SELECT count(*) FROM notification") == [(0,)]
    assert ask("SELECT DISTINCT status FROM delivery") == [("done",)]


def test_templates_follow_the_pack(ground: None) -> None:
    with db.transaction() as tx:
        assert sync(tx, TEMPLATES) == {"added": 0, "changed": 0, "retired": 0}
        changed = [{**TEMPLATES["templates"][0], "critical": True}, TEMPLATES["templates"][1]]
        assert sync(tx, {"templates": changed}) == {"added": 0, "changed": 1, "retired": 0}


def test_a_provider_that_cannot_now_is_asked_again(
    resident: SimpleNamespace, provider: Provider, status_of: StatusOf
) -> None:
    provider.answers = [Outcome.AGAIN, Outcome.AGAIN]
    parcel_for(resident.id)
    drain()
    assert status_of(resident.id) == "pending"
    for _ in range(2):
        make_due()
        drain()
    assert status_of(resident.id) == "sent"
    assert len({letter.reference for letter in provider.letters}) == 1
    assert len(provider.letters) == 3


def test_a_refusal_is_final(resident: SimpleNamespace, provider: Provider, status_of: StatusOf) -> None:
    provider.answers = [Outcome.REFUSED]
    parcel_for(resident.id)
    drain()
    make_due()
    drain()
    assert status_of(resident.id) == "failed"
    assert len(provider.letters) == 1


def test_a_provider_that_never_can_is_given_up(
    resident: SimpleNamespace, provider: Provider, status_of: StatusOf
) -> None:
    attempts = settings().outbox.attempts
    provider.answers = [Outcome.AGAIN] * 100
    parcel_for(resident.id)
    for _ in range(attempts + 3):
        drain()
        make_due()
    assert status_of(resident.id) == "failed"
    assert len(provider.letters) == attempts
    assert ask("SELECT count(*) FROM delivery WHERE status <> 'done'") == [(0,)]


def test_a_text_whose_fate_is_unknown_goes_out_once_more_under_the_same_reference(
    resident: SimpleNamespace, provider: Provider, status_of: StatusOf
) -> None:
    provider.answers = [Outcome.UNKNOWN] * 10
    parcel_for(resident.id)
    for _ in range(5):
        drain()
        make_due()
    assert status_of(resident.id) == "unknown"
    assert len(provider.letters) == 2
    assert len({letter.reference for letter in provider.letters}) == 1


def test_a_worker_that_dies_while_calling_leaves_the_fate_unknown(
    resident: SimpleNamespace, provider: Provider, status_of: StatusOf
) -> None:
    provider.answers = [RuntimeError("as if killed")] * 10
    parcel_for(resident.id)
    for _ in range(5):
        drain()
        make_due()
    assert status_of(resident.id) == "unknown"
    assert len(provider.letters) == 2


def test_the_code_goes_out_and_stays_out_of_our_tables(
    client: object, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    code = ask_for_code(client, provider)
    assert code.isdigit()
    rows = ask("SELECT notification::text FROM notification") + ask("SELECT message::text FROM message")
    assert rows
    assert not any(code in row[0] for row in rows)
    assert code not in caplog.text


@pytest.mark.parametrize("fate", [Outcome.UNKNOWN, RuntimeError("as if killed")])
def test_a_code_whose_fate_is_unknown_is_never_sent_again(client: object, provider: Provider, fate: object) -> None:
    provider.answers = [fate]
    ask_for_code(client, provider)
    make_due()
    drain()
    assert ask("SELECT status, person FROM notification") == [("unknown", None)]
    assert len(provider.letters) == 1


def test_a_code_that_surely_did_not_go_is_sent_again_while_it_is_good(client: object, provider: Provider) -> None:
    provider.answers = [Outcome.AGAIN]
    ask_for_code(client, provider)
    make_due()
    drain()
    assert [row[0] for row in ask("SELECT status FROM notification")] == ["sent"]
    assert provider.letters[0] == provider.letters[1]


@pytest.mark.parametrize("fate", [Outcome.AGAIN, Outcome.REFUSED])
def test_a_code_the_first_provider_does_not_take_goes_by_the_next_at_once(
    client: object, ground: None, monkeypatch: pytest.MonkeyPatch, fate: Outcome
) -> None:
    first, second = Provider(), Provider()
    carriers = [channels.Provider("first", first), channels.Provider("second", second)]
    use(monkeypatch, {"sms": carriers})
    first.answers = [fate]
    ask_for_code(client, second)
    assert ask("SELECT status, provider, attempts, doubts FROM notification") == [("sent", "second", 1, 0)]
    assert first.letters == second.letters  # the same words under the same reference


def test_a_code_that_may_have_gone_goes_to_no_other_provider(
    client: object, ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Provider(), Provider()
    use(monkeypatch, {"sms": [channels.Provider("first", first), channels.Provider("second", second)]})
    first.answers = [Outcome.UNKNOWN]
    ask_for_code(client, first)
    assert ask("SELECT status, provider FROM notification") == [("unknown", "first")]
    assert second.letters == []


def ask_for_code(client: object, provider: Provider) -> str:
    """Ask for a sign-in code over HTTP; the code in the letter that went out."""
    asked = client.post("/api/v1/auth/otp", json={"phone": "+97333000222"})  # type: ignore[attr-defined]
    assert asked.status_code == 202
    drain()
    letter = provider.letters[0]
    assert letter.to == "+97333000222"
    return letter.text.split()[0]


def test_a_letter_does_not_show_its_words_in_a_log(resident: SimpleNamespace, provider: Provider) -> None:
    parcel_for(resident.id)
    drain()
    assert "PC-7K3M9QWZ" not in repr(provider.letters[0])
    assert "+97333000111" not in repr(provider.letters[0])


def test_two_messages_are_two_notices(resident: SimpleNamespace, provider: Provider) -> None:
    parcel_for(resident.id)
    parcel_for(resident.id)
    drain()
    assert len(provider.letters) == 2
