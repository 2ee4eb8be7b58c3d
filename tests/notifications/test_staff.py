"""Templates in staff's hands, what did not arrive, receipts, unsubscribing in one click, the digest."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from asimati import pack
from asimati.cli import cli
from asimati.dataprotection.actions import purge
from asimati.dataprotection.models import Restriction
from asimati.dataprotection.rules import RestrictionKind
from asimati.kit import clock, db, outbox
from asimati.kit.outbox import TOPICS
from asimati.notifications import digest, unsubscribe
from asimati.notifications.channels import Letter, Outcome
from asimati.notifications.channels.mail import page, written
from asimati.notifications.sync import sync
from asimati.settings import settings
from tests.notifications.conftest import Provider as Fake
from tests.notifications.conftest import use
from tests.notifications.letters import TEMPLATES, ParcelCame, ask, make_due, parcel_for
from workers.listeners import table
from workers.tasks.deliver import drain

V1 = "/api/v1"
Headers = dict[str, str]
AT = f"{V1}/staff/templates/toy.parcel_came"


@pytest.fixture
def head(client: FlaskClient, as_staff: Callable[..., Headers]) -> Headers:
    return as_staff("supervisor")


def test_a_template_shows_what_it_becomes_and_costs(client: FlaskClient, ground: None, head: Headers) -> None:
    found = client.get(AT, headers=head).json
    assert found["preview"]["channels"]["sms"]["text"] == {
        "ar": "طرد \u2068BK-7K3M9QWZ\u2069",
        "en": "Parcel BK-7K3M9QWZ",
    }
    assert "10:00" in found["preview"]["channels"]["email"]["text"]["en"]
    assert (found["preview"]["segments"], found["preview"]["cost"]) == (
        {"ar": 1, "en": 1},
        {"ar": "0.015", "en": "0.015"},
    )
    assert {"pieces", "at", "title", "reference"} <= set(found["placeholders"])
    assert [one["version"] for one in found["versions"]] == [1]
    long = {"sms": {"ar": "م" * 71, "en": "x"}}
    tried = client.post(f"{AT}/preview", json=long, headers=head).json
    assert (tried["segments"], tried["cost"]["ar"], tried["wrong"]) == ({"ar": 2, "en": 1}, "0.030", [])
    tried = client.post(f"{AT}/preview", json={"title": {"ar": "{nobody}", "en": "{nobody}"}}, headers=head).json
    assert tried["wrong"] == ["title: {nobody}"]


def test_previews_show_the_examples_of_the_pack(client: FlaskClient, ground: None, head: Headers) -> None:
    at = datetime(2026, 12, 9, 14, 30, tzinfo=UTC)
    given = {"title": {"ar": "أقلام", "en": "Pens"}, "pieces": 12, "at": at, "reference": "PC-1"}
    with db.transaction() as tx:
        first, *others = TEMPLATES["templates"]
        assert sync(tx, {"templates": [first | {"example": given}, *others]})["changed"] == 1
        assert sync(tx, {"templates": [first | {"example": given}, *others]})["changed"] == 0
    shown = client.get(AT, headers=head).json["preview"]["channels"]["inbox"]
    assert shown["title"]["en"] == "A parcel: Pens"
    assert shown["text"]["en"] == "12 came on Wednesday 9 December 2026, 17:30 (PC-1)."


def test_other_words_are_a_new_version_and_stay_when_the_pack_is_synced(
    client: FlaskClient, ground: None, head: Headers, resident: SimpleNamespace
) -> None:
    tag = client.get(AT, headers=head).headers["ETag"]
    words = {"title": {"ar": "طرد جديد", "en": "A new parcel"}}
    changed = client.patch(AT, json=words, headers=head | {"If-Match": tag})
    assert changed.status_code == 200, changed.json
    assert [(one["version"], bool(one["by"])) for one in changed.json["versions"]] == [(2, True), (1, False)]
    assert client.patch(AT, json=words, headers=head | {"If-Match": tag}).status_code == 412
    with db.transaction() as tx:
        assert sync(tx, TEMPLATES)["changed"] == 0
    parcel_for(resident.id)
    drain()
    assert ask("SELECT title ->> 'en', template_version FROM notification WHERE channel = 'inbox'") == [
        ("A new parcel", 2)
    ]
    wrong = client.patch(
        AT, json={"text": {"ar": "{x}", "en": "{x}"}}, headers=head | {"If-Match": changed.headers["ETag"]}
    )
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/text")


def test_a_template_that_asks_for_what_is_not_carried_stops_the_sync(ground: None) -> None:
    wrong = [{**TEMPLATES["templates"][0], "text": {"ar": "{nobody}", "en": "x"}}]
    with pytest.raises(ValueError, match="nobody"), db.transaction() as tx:
        sync(tx, {"templates": wrong})


def test_every_topic_that_tells_somebody_has_a_template_and_an_example() -> None:
    from dataclasses import fields

    from workers import listeners

    assert listeners
    told = {
        topic for topic, kind in TOPICS.items()
        if {"person", "about"} <= {field.name for field in fields(kind)} and kind.__module__.startswith("asimati.")
    }  # fmt: skip
    written = {path.stem for path in (settings().governorate.folder / "templates").glob("*.toml")}
    assert not sorted(told - written), "these topics tell nobody for want of a template"


def test_what_did_not_arrive_is_listed_and_sent_again(
    client: FlaskClient, head: Headers, resident: SimpleNamespace, provider: Fake
) -> None:
    provider.answers = [Outcome.WRONG_ADDRESS]
    parcel_for(resident.id)
    drain()
    (item,) = client.get(f"{V1}/staff/undelivered?channel=sms", headers=head).json["items"]
    assert (item["status"], item["reason"], item["topic"]) == ("failed", "nobody is there", "toy.parcel_came")
    assert client.get(f"{V1}/staff/undelivered?status=unknown", headers=head).json["items"] == []
    again = f"{V1}/staff/undelivered/{item['id']}/send-again"
    assert client.post(again, headers=head).json["status"] == "pending"
    drain()
    assert ask("SELECT status FROM notification WHERE channel = 'sms'") == [("sent",)]
    assert len({letter.reference for letter in provider.letters}) == 1
    assert client.post(again, headers=head).status_code == 409


def test_what_did_not_arrive_stands_in_the_staffs_queues_in_words(
    client: FlaskClient, head: Headers, as_staff: Callable[..., Headers], resident: SimpleNamespace, provider: Fake
) -> None:
    provider.answers = [Outcome.WRONG_ADDRESS, Outcome.UNKNOWN, Outcome.UNKNOWN]
    for _ in range(2):
        parcel_for(resident.id)
        drain()
    make_due()
    drain()
    queues = {one["name"]: one for one in client.get(f"{V1}/staff/queues", headers=head).json["items"]}
    assert (queues["undelivered"]["count"], queues["undelivered"]["title"]["ar"]) == (2, "إشعارات لم تصل")
    items = client.get(f"{V1}/staff/queues/undelivered", headers=head).json["items"]
    assert [one["state"]["en"] for one in items] == [
        "May have arrived: the provider never answered", "Nobody is at this address",
    ]  # fmt: skip
    assert "person" not in items[0]
    reviewer = as_staff("reviewer")
    assert client.get(f"{V1}/staff/queues/undelivered", headers=reviewer).status_code == 403
    assert "undelivered" not in {
        one["name"] for one in client.get(f"{V1}/staff/queues", headers=reviewer).json["items"]
    }


def test_after_an_outage_all_that_failed_is_sent_again_but_what_is_hopeless_or_late(
    client: FlaskClient, head: Headers, resident: SimpleNamespace, provider: Fake
) -> None:
    provider.answers = [Outcome.REFUSED, Outcome.REFUSED, Outcome.REFUSED, Outcome.WRONG_ADDRESS]
    for _ in range(4):
        parcel_for(resident.id)
        drain()
    ask("UPDATE notification SET good_until = app_now() - interval '1 h' WHERE id = (SELECT min(id::text)::uuid"
        " FROM notification WHERE status = 'failed' AND last_error IS NULL) RETURNING id")  # fmt: skip
    again = f"{V1}/staff/undelivered/send-again"
    assert client.post(again, json={"channel": "email"}, headers=head).json == {"count": 0}
    assert client.post(again, json={"status": "sent"}, headers=head).json == {"count": 0}
    assert client.post(again, json={"channel": "sms", "topic": "toy.parcel_came"}, headers=head).json == {
        "count": 2
    }
    drain()
    told = ask("SELECT status, count(*) FROM notification WHERE channel = 'sms' GROUP BY 1 ORDER BY 1")
    assert told == [("failed", 2), ("sent", 2)]
    assert client.post(again, json={}, headers=head).json == {"count": 0}


def test_a_message_that_could_not_be_worked_is_listed_and_put_back_once_the_cause_is_mended(
    client: FlaskClient, as_staff: Callable[..., Headers], resident: SimpleNamespace, provider: Fake
) -> None:
    chief, at = as_staff("administrator"), f"{V1}/staff/dead-letters"
    parcel_for(resident.id)
    parcel_for(resident.id)
    with db.transaction() as tx:
        outbox.lease(tx, table(), batch=10, seconds=0)
    ask("UPDATE delivery SET status = 'dead', runs = 8, last_error = 'KeyError' RETURNING id")
    first, _ = client.get(at, headers=chief).json["items"]
    assert (first["topic"], first["listener"], first["reason"]) == (
        "toy.parcel_came", "notifications.notify", "KeyError",
    )  # fmt: skip
    assert client.post(f"{at}/revive", json={"id": first["id"]}, headers=chief).json == {"count": 1}
    assert client.post(f"{at}/revive", json={"id": first["id"]}, headers=chief).status_code == 404
    told = CliRunner().invoke(cli, ["outbox", "dead"])
    assert json.loads(told.output)["last_error"] == "KeyError"
    assert client.post(f"{at}/revive", json={}, headers=as_staff("auditor")).status_code == 403
    assert json.loads(CliRunner().invoke(cli, ["outbox", "revive"]).output) == {"revived": 1}
    drain()
    assert len(provider.letters) == 2
    assert client.get(at, headers=chief).json["items"] == []


def test_only_heads_send_again(client: FlaskClient, as_staff: Callable[..., Headers]) -> None:
    for role in ("reviewer", "coordinator"):
        assert client.get(f"{V1}/staff/undelivered", headers=as_staff(role)).status_code == 403


@pytest.fixture
def signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Headers]:
    """A provider called "first" that sends receipts; the headers of one."""
    file = tmp_path / "providers.toml"
    file.write_text(
        """
        [[provider]]
        name = "first"
        channel = "sms"
        kind = "gateway"
        url = "https://sms.example"
        [provider.receipts]
        secret = "s3cret"
        reference = "ref"
        status = "state.code"
        delivered = ["DELIVRD"]
        failed = ["UNDELIV"]
        """
    )
    monkeypatch.setattr(settings().providers, "file", str(file))
    return lambda body: {"X-Signature": hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize(("said", "status"), [("DELIVRD", "delivered"), ("UNDELIV", "failed"), ("QUEUED", "sent")])
@pytest.mark.parametrize("by", ["id::text", "provider_reference"])
def test_a_receipt_says_what_became_of_a_letter(
    client: FlaskClient, resident: SimpleNamespace, provider: Fake, signing: Any, said: str, status: str, by: str
) -> None:
    parcel_for(resident.id)
    drain()
    (reference,) = ask(f"SELECT {by} FROM notification WHERE channel = 'sms'")[0]
    body = json.dumps([{"ref": reference, "state": {"code": said}}, {"ref": "x"}, 7]).encode()
    assert client.post(f"{V1}/providers/first/receipts", data=body, headers=signing(body)).status_code == 204
    assert ask("SELECT status FROM notification WHERE channel = 'sms'") == [(status,)]


def test_a_receipt_nobody_signed_changes_nothing(client: FlaskClient, signing: Any) -> None:
    at = f"{V1}/providers/first/receipts"
    for headers in ({}, {"X-Signature": "00"}, signing(b"[]"), {"X-Signature": "é"}):
        assert client.post(at, data=b"{}", headers=headers).status_code == 401
    assert client.post(at, data=b"{", headers=signing(b"{")).status_code == 400
    assert client.post(f"{V1}/providers/second/receipts", data=b"{}").status_code == 404


def test_one_click_ends_mails_of_a_kind_and_nothing_else(
    client: FlaskClient, resident: SimpleNamespace, ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_mail = Fake()
    use(monkeypatch, {"email": [by_mail.as_provider]})
    tag = {"If-Match": client.get(f"{V1}/me", headers=resident.headers).headers["ETag"]}
    mine = {"email": "resident@asimati.example", "language": "en"}
    assert client.patch(f"{V1}/me", json=mine, headers=resident.headers | tag).status_code == 200
    parcel_for(resident.id)
    drain()
    (letter,) = by_mail.letters
    mail = written(letter)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = urlsplit(mail["List-Unsubscribe"].strip("<>")).path
    assert client.get(link).mimetype == "text/html"  # looking ends nothing
    assert ask("SELECT count(*) FROM preference") == [(0,)]
    for _ in range(2):
        click = client.post(link, data="List-Unsubscribe=One-Click",
                            content_type="application/x-www-form-urlencoded")  # fmt: skip
        assert click.status_code == 200
    wishes = client.get(f"{V1}/me/preferences", headers=resident.headers).json
    assert wishes["topics"] == {"toy.parcel_came": ["inbox", "push", "sms"]}
    parcel_for(resident.id)
    drain()
    assert len(by_mail.letters) == 1
    for wrong in (link + "x", link.replace("~toy", "~boy"), f"{V1}/unsubscribe/~", link[:-20]):
        assert client.post(wrong).status_code == 404


def test_a_link_is_for_one_person() -> None:
    one, other = uuid4(), uuid4()
    link = unsubscribe.link(one, "a.b").rpartition("/")[2]
    assert unsubscribe.read(link) == (one, "a.b")
    assert link.partition("~")[0] != unsubscribe.link(other, "a.b").rpartition("/")[2].partition("~")[0]


def test_a_mail_reads_from_right_to_left_and_lets_no_markup_in() -> None:
    letter = Letter(
        "r", "a@b.example", "<b>عنوان</b>", "سطر\nثانٍ\n\n<script>x</script>", "ar", unsubscribe="https://x/?a=1&b"
    )
    html = page(letter)
    assert 'dir="rtl"' in html
    assert "<script>" not in html and "&lt;b&gt;" in html
    assert "سطر<br>ثانٍ" in html
    assert html.count("<p ") == 2
    assert "src=" not in html  # nothing is fetched
    english = page(Letter("r", "a@b.example", "Title", "Text", "en"))
    assert 'dir="ltr"' in english and "href" not in english


def test_the_digest_gathers_a_day_for_those_who_wish_it(
    client: FlaskClient, resident: SimpleNamespace, as_resident: Any, ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_push = Fake()
    use(monkeypatch, {"push": [by_push.as_provider]})
    with db.transaction() as tx:
        now = datetime.now(UTC)
        parts = pack.load(settings().governorate.folder).parts(now)
        ours = [one for one in parts["notifications"]["templates"] if one["topic"] == "notifications.digest"]
        sync(tx, {"templates": [*TEMPLATES["templates"], *ours]})
    device = {"platform": "android", "push_token": "t-1"}
    client.put(f"{V1}/me/devices/phone-1", json=device, headers=resident.headers)
    wishes = {"channels": ["inbox", "push"], "digest": True}
    client.put(f"{V1}/me/preferences", json=wishes, headers=resident.headers | {"If-Match": "*"})
    for _ in range(3):
        parcel_for(resident.id)
    drain()
    assert by_push.letters == []
    with db.transaction() as tx:
        assert digest.gather(tx) == 1
    drain()
    (letter,) = by_push.letters
    assert "3" in letter.subject
    assert "3" in letter.text


def test_push_reaches_every_device_and_forgets_those_that_are_gone(
    client: FlaskClient, resident: SimpleNamespace, ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_push = Fake()
    use(monkeypatch, {"push": [by_push.as_provider]})
    for name in ("a", "b"):
        device = {"platform": "android", "push_token": f"token-{name}"}
        client.put(f"{V1}/me/devices/{name}", json=device, headers=resident.headers)
    by_push.answers = [Outcome.WRONG_ADDRESS, Outcome.SENT]
    parcel_for(resident.id)
    drain()
    assert ask("SELECT status FROM notification WHERE channel = 'push'") == [("sent",)]
    assert len({letter.reference for letter in by_push.letters}) == 2
    assert ask("SELECT push_token FROM device") == [("token-a",)]  # the newest was asked first, and is gone


def test_what_is_old_is_forgotten_unless_it_may_not_be_used_nor_ended(
    client: FlaskClient, resident: SimpleNamespace, provider: Fake
) -> None:
    parcel_for(resident.id)
    drain()
    client.post(
        f"{V1}/me/data-requests",
        json={"kind": "block", "text": "Until the court decides"},
        headers=resident.headers,
    )
    ((request,),) = ask("SELECT id FROM data_request")
    ask("UPDATE notification SET created_at = app_now() - interval '3 years' WHERE channel = 'sms' RETURNING id")
    with db.transaction() as tx:
        held = Restriction(id=uuid4(), person_id=resident.id, request_id=request, kind=RestrictionKind.BLOCK)
        tx.add(held)
    with db.transaction() as tx:
        assert "notice" not in purge(tx)
        tx.get_one(Restriction, held.id).ended_at = clock.now(tx)
    with db.transaction() as tx:
        assert purge(tx)["notice"] == {"notification": 1}
    assert ask("SELECT channel FROM notification") == [("inbox",)]


assert ParcelCame
