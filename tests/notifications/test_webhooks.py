"""Webhooks against a real partner's server: signed, retried, logged, replayed, and nobody's person in them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from asimati.events.messages import BookingConfirmed
from asimati.kit import db, outbox
from asimati.notifications import webhooks
from asimati.service_requests.messages import RequestReferred
from asimati.settings import settings
from tests.notifications.letters import ask
from workers.tasks.deliver import drain

V1 = "/api/v1/staff/webhooks"
Headers = dict[str, str]


class Partner(BaseHTTPRequestHandler):
    """Answers with the statuses it is given, then 204; keeps every call."""

    statuses: list[int] = []
    calls: list[tuple[dict[str, str], bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.statuses.pop(0) if self.statuses else 204)
        self.send_header("Location", "http://127.0.0.1:1/inside")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def partner(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Partner.statuses, Partner.calls = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Partner)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setitem(settings().values["testing"], "without", ["public_addresses"])
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()


@pytest.fixture
def chief(client: FlaskClient, as_staff: Callable[..., Headers]) -> Headers:
    return as_staff("administrator")


@pytest.fixture
def made(client: FlaskClient, chief: Headers, partner: str) -> Any:
    body = {"name": "UNDP", "url": partner, "topics": ["events.booking_confirmed"]}
    answer = client.post(V1, json=body, headers=chief)
    assert answer.status_code == 201, answer.json
    return answer.json


def book(person: UUID) -> None:
    with db.transaction() as tx:
        outbox.publish(
            tx,
            BookingConfirmed(
                person=person, about={"type": "booking", "reference": "BK-7K3M9QWZ"}, event=uuid4(),
                reference="BK-7K3M9QWZ", title={"ar": "ورشة", "en": "Workshop"}, venue=None, party_size=2,
                starts_at=datetime(2026, 12, 1, 7, tzinfo=UTC),
            ),
        )  # fmt: skip


def soon() -> None:
    ask("UPDATE webhook_delivery SET due_at = app_now() WHERE status = 'pending' RETURNING id")
    with db.transaction() as tx:
        webhooks.wake(tx)
    drain()


def test_a_partner_hears_a_signed_fact_without_a_person(
    client: FlaskClient, made: Any, resident: SimpleNamespace
) -> None:
    book(resident.id)
    drain()
    ((headers, body),) = Partner.calls
    heard = Verifier(made["secret"]).verify(body, headers)
    assert heard["type"] == "events.booking_confirmed"
    assert heard["data"]["reference"] == "BK-7K3M9QWZ"
    assert (heard["data"]["title"]["ar"], heard["data"]["party_size"]) == ("ورشة", 2)
    assert str(resident.id) not in body.decode()
    with pytest.raises(WebhookVerificationError):
        Verifier(made["secret"]).verify(body.replace(b"2", b"3"), headers)
    assert ask("SELECT secret FROM webhook")[0][0] != made["secret"].encode()


def test_of_a_confidential_case_a_partner_hears_that_it_goes_on_and_no_more(
    client: FlaskClient, chief: Headers, partner: str
) -> None:
    body = {"name": "UNDP", "url": partner, "topics": ["service_requests.request_referred"]}
    assert client.post(V1, json=body, headers=chief).status_code == 201
    known = {
        "person": None, "about": {"type": "service_request", "reference": "SR-1"},
        "title": {"ar": "سر", "en": "Secret"},
        "service": "s", "kind": "inquiry", "domain": "security", "channel": "app", "due_at": None,
        "entity": {"ar": "الشرطة", "en": "Police"},
    }  # fmt: skip
    with db.transaction() as tx:
        for reference, confidential in (("SR-1", True), ("SR-2", False)):
            outbox.publish(tx, RequestReferred(**known, reference=reference, confidential=confidential))
    drain()
    heard = {data["reference"]: data for data in (json.loads(sent)["data"] for _, sent in Partner.calls)}
    assert set(heard["SR-1"]) == {"reference"}
    assert heard["SR-2"]["title"]["en"] == "Secret" and heard["SR-2"]["entity"]["en"] == "Police"


def test_what_fails_is_tried_again_later_under_the_same_id(
    client: FlaskClient, made: Any, chief: Headers, resident: SimpleNamespace
) -> None:
    Partner.statuses = [500, 302]
    book(resident.id)
    drain()
    assert len(Partner.calls) == 1
    (wait,) = ask("SELECT extract(epoch FROM due_at - app_now()) FROM webhook_delivery")[0]
    assert 2 < wait <= 5
    soon()
    soon()
    assert len(Partner.calls) == 3
    assert len({headers["webhook-id"] for headers, _ in Partner.calls}) == 1
    (logged,) = client.get(f"{V1}/{made['id']}/deliveries", headers=chief).json["items"]
    assert (logged["status"], logged["attempts"], logged["answer"]) == ("delivered", 3, 204)


def test_it_is_given_up_after_two_days_and_can_be_replayed(
    client: FlaskClient, made: Any, chief: Headers, resident: SimpleNamespace
) -> None:
    Partner.statuses = [503] * (len(webhooks.WAITS) + 1)
    book(resident.id)
    drain()
    for _ in webhooks.WAITS:
        soon()
    at = f"{V1}/{made['id']}/deliveries"
    (logged,) = client.get(f"{at}?status=failed", headers=chief).json["items"]
    assert (logged["attempts"], logged["last_error"]) == (len(webhooks.WAITS) + 1, "HTTP 503")
    replayed = client.post(f"{V1}/deliveries/{logged['id']}/replay", headers=chief)
    assert replayed.json["status"] == "pending"
    drain()
    assert [one["status"] for one in client.get(at, headers=chief).json["items"]] == ["delivered"]
    assert len({headers["webhook-id"] for headers, _ in Partner.calls}) == 1


def test_an_endpoint_that_is_gone_is_called_no_more(
    client: FlaskClient, made: Any, chief: Headers, resident: SimpleNamespace
) -> None:
    Partner.statuses = [410]
    for _ in range(2):
        book(resident.id)
        drain()
    assert len(Partner.calls) == 1
    assert client.get(f"{V1}/{made['id']}", headers=chief).json["active"] is False


def test_a_paused_endpoint_hears_nothing_and_other_topics_neither(
    client: FlaskClient, made: Any, chief: Headers, resident: SimpleNamespace
) -> None:
    found = client.get(f"{V1}/{made['id']}", headers=chief)
    tag = {"If-Match": found.headers["ETag"]}
    other = {"topics": ["events.booking_cancelled"]}
    assert client.patch(f"{V1}/{made['id']}", json=other, headers=chief | tag).status_code == 200
    book(resident.id)
    drain()
    assert Partner.calls == []


def test_a_new_secret_signs_beside_the_old_one_for_a_while(
    client: FlaskClient,
    made: Any,
    chief: Headers,
    resident: SimpleNamespace,
    moved_clock: Callable[..., Any],
) -> None:
    rotated = client.post(f"{V1}/{made['id']}/rotate-secret", json={"overlap_hours": 2}, headers=chief)
    assert rotated.status_code == 200, rotated.json
    book(resident.id)
    drain()
    ((headers, body),) = Partner.calls
    for secret in (made["secret"], rotated.json["secret"]):
        assert Verifier(secret).verify(body, headers)["type"] == "events.booking_confirmed"
    with moved_clock(hours=3):
        book(resident.id)
        drain()
        _, (headers, body) = Partner.calls
        Verifier(rotated.json["secret"]).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Verifier(made["secret"]).verify(body, headers)
        soon()
        assert ask("SELECT old_secret, old_secret_until FROM webhook") == [(None, None)]


def test_a_secret_that_leaked_signs_nothing_from_now_on(
    client: FlaskClient, made: Any, chief: Headers, resident: SimpleNamespace
) -> None:
    client.post(f"{V1}/{made['id']}/rotate-secret", json={"overlap_hours": 0}, headers=chief)
    book(resident.id)
    drain()
    ((headers, body),) = Partner.calls
    with pytest.raises(WebhookVerificationError):
        Verifier(made["secret"]).verify(body, headers)


def test_all_that_failed_since_a_moment_is_told_again(
    client: FlaskClient, made: Any, chief: Headers, resident: SimpleNamespace
) -> None:
    for _ in range(3):
        book(resident.id)
    drain()
    last = "(SELECT max(id::text)::uuid FROM webhook_delivery)"
    ask(f"UPDATE webhook_delivery SET status = 'failed' WHERE id <> {last} RETURNING id")
    at, before = f"{V1}/{made['id']}/replay", len(Partner.calls)
    assert client.post(at, json={"since": "2099-01-01T00:00:00Z"}, headers=chief).json == {"count": 0}
    assert client.post(at, json={"since": "2020-01-01T00:00:00Z"}, headers=chief).json == {"count": 2}
    drain()
    assert len(Partner.calls) == before + 2
    assert len({headers["webhook-id"] for headers, _ in Partner.calls}) == 3
    assert ask("SELECT DISTINCT status FROM webhook_delivery") == [("delivered",)]


def test_a_partner_can_be_called_for_a_test(client: FlaskClient, made: Any, chief: Headers) -> None:
    assert client.post(f"{V1}/{made['id']}/test", headers=chief).json["topic"] == "webhooks.test"
    drain()
    ((headers, body),) = Partner.calls
    assert Verifier(made["secret"]).verify(body, headers) | {"timestamp": ""} == {
        "type": "webhooks.test", "timestamp": "", "data": {},
    }  # fmt: skip


def asks(client: FlaskClient, made: Any, secret: str = "", at: datetime | None = None, **said: Any) -> Any:
    """What a partner asks, signed by what it holds."""
    body, now = json.dumps(said), at or datetime.now(UTC)
    signature = Verifier(secret or made["secret"]).sign("msg_1", now, body)
    headers = {
        "webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature,
        "Content-Type": "application/json",
    }  # fmt: skip
    return client.post(f"/api/v1/partners/webhooks/{made['id']}", data=body, headers=headers)


def test_a_partner_looks_after_its_own_endpoint(client: FlaskClient, made: Any, resident: SimpleNamespace) -> None:
    assert asks(client, made, deed="test").status_code == 200
    assert asks(client, made, deed="pause").json["active"] is False
    book(resident.id)
    drain()
    assert Partner.calls == []
    assert asks(client, made, deed="resume").json["active"] is True
    soon()
    log = asks(client, made, deed="log").json
    assert [(one["topic"], one["status"]) for one in log["items"]] == [("webhooks.test", "delivered")]
    ask("UPDATE webhook_delivery SET status = 'failed' RETURNING id")
    assert asks(client, made, deed="replay").json["count"] == 1
    drain()
    assert len(Partner.calls) == 2


def test_only_whoever_holds_the_secret_is_a_partner(client: FlaskClient, made: Any) -> None:
    other = "whsec_" + "A" * 44
    assert asks(client, made, secret=other, deed="log").status_code == 401
    assert asks(client, made, at=datetime.now(UTC) - timedelta(minutes=6), deed="log").status_code == 401
    assert asks(client, {"id": uuid4(), "secret": made["secret"]}, deed="log").status_code == 401
    unsigned = client.post(f"/api/v1/partners/webhooks/{made['id']}", json={"deed": "log"})
    assert unsigned.status_code == 401
    for wrong in ("v1", "v1,!", "nonsense, ,", "v1,é"):
        headers = {"webhook-id": "m", "webhook-timestamp": str(int(datetime.now(UTC).timestamp()))}
        answer = client.post(
            f"/api/v1/partners/webhooks/{made['id']}",
            json={"deed": "log"},
            headers=headers | {"webhook-signature": wrong},
        )
        assert answer.status_code == 401, wrong


def test_no_address_inside_is_ever_called(
    client: FlaskClient, made: Any, chief: Headers, resident: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings().values["testing"], "without", [])
    for url in ("http://example.org/", "https://127.0.0.1:8443/", "https://u:p@example.org/", "ftp://a"):
        body = {"name": "x", "url": url, "topics": []}
        answer = client.post(V1, json=body, headers=chief)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/url"), url
    ask("UPDATE webhook SET url = 'https://127.0.0.1/hook' RETURNING id")
    book(resident.id)
    drain()
    assert Partner.calls == []
    assert "NotAllowed" in ask("SELECT last_error FROM webhook_delivery")[0][0]


def test_what_partners_cannot_hear_is_refused(client: FlaskClient, chief: Headers, partner: str) -> None:
    body = {"name": "x", "url": partner, "topics": ["accounts.code_requested"]}
    assert client.post(V1, json=body, headers=chief).json["errors"][0]["pointer"] == "/topics"


def test_only_administrators_manage_webhooks(client: FlaskClient, as_staff: Callable[..., Headers]) -> None:
    body = {"name": "x", "url": "https://example.org/", "topics": []}
    for role, seen in (("supervisor", 403), ("auditor", 200)):
        headers = as_staff(role)
        assert client.post(V1, json=body, headers=headers).status_code == 403
        assert client.get(V1, headers=headers).status_code == seen


def test_every_topic_offered_to_partners_is_published_by_somebody() -> None:
    assert set(outbox.TOPICS) >= webhooks.TOPICS
