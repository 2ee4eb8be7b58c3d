"""Each way out, against a real local server that takes, refuses, stalls and hangs up."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from asimati.notifications.channels import Letter, Outcome, Provider, Receipt, configured, providers
from asimati.settings import SettingsError, settings

Monkey = pytest.MonkeyPatch
LETTER = Letter("ref-1", "+97333000111", "Your code", "\u2068123456\u2069 is your code", "en")
MAIL = Letter("ref-2", "resident@asimati.example", "عنوان\nالرسالة", "نص الرسالة\n.سطر يبدأ بنقطة", "ar")


def only(channel: str) -> Provider:
    (provider,) = configured.providers(channel)
    return provider


def by_sms(letter: Letter) -> Receipt:
    return only("sms").carry(letter)


def post_it(letter: Letter) -> Receipt:
    return only("email").carry(letter)


class Gateway(BaseHTTPRequestHandler):
    """Answers with the status it is told; 0 hangs up without a word, -1 stalls."""

    status = 201
    body: Any = {"id": "gw-77"}
    seen: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append({"headers": dict(self.headers), "body": body})
        if self.status <= 0:
            if self.status < 0:
                threading.Event().wait(1.5)
            self.close_connection = True
            return
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps(self.body).encode() if self.body is not None else b"thanks")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Gateway]]:
    Gateway.status, Gateway.body, Gateway.seen = 201, {"id": "gw-77"}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    providers = settings().providers
    monkeypatch.setattr(providers, "mailbox", False)
    monkeypatch.setattr(providers, "sms_url", f"http://127.0.0.1:{server.server_port}/sms")
    monkeypatch.setattr(providers, "push_url", f"http://127.0.0.1:{server.server_port}/push")
    monkeypatch.setattr(providers, "sms_token", "secret")
    monkeypatch.setattr(providers, "timeout", 0.5)
    yield Gateway
    server.shutdown()


def test_a_text_is_taken(http: type[Gateway]) -> None:
    receipt = by_sms(LETTER)
    assert (receipt.outcome, receipt.reference) == (Outcome.SENT, "gw-77")
    seen = http.seen[0]
    assert seen["body"] == {"to": "+97333000111", "text": "123456 is your code", "reference": "ref-1"}
    assert seen["headers"]["Idempotency-Key"] == "ref-1"
    assert seen["headers"]["Authorization"] == "Bearer secret"


def test_a_push_has_its_title(http: type[Gateway]) -> None:
    http.body = None
    assert only("push").carry(LETTER).outcome is Outcome.SENT
    assert http.seen[0]["body"]["title"] == "Your code"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(429, "again"), (503, "again"), (400, "refused"), (404, "refused"), (302, "refused"), (500, "unknown"),
     (0, "unknown"), (-1, "unknown")],
)  # fmt: skip
def test_what_may_be_repeated(http: type[Gateway], status: int, outcome: str) -> None:
    http.status = status
    assert by_sms(LETTER).outcome == outcome
    assert len(http.seen) == 1


def test_a_gateway_that_is_not_there_had_no_effect(http: type[Gateway], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        monkeypatch.setattr(settings().providers, "sms_url", f"http://127.0.0.1:{door.getsockname()[1]}/")
        assert by_sms(LETTER).outcome is Outcome.AGAIN


class Post:
    """A mail server that answers as it is told."""

    def __init__(self) -> None:
        self.rcpt, self.data, self.mails = "250 OK", "250 Taken", []  # type: ignore[var-annotated]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        if self.data == "hang up":
            server.transport.abort()
        return self.data


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    office = Post()
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    monkeypatch.setattr(settings().providers, "smtp_url", f"smtp://127.0.0.1:{port}")
    monkeypatch.setattr(settings().providers, "timeout", 2.0)
    yield office
    controller.stop()


def test_a_mail_arrives_whole(post: Post) -> None:
    receipt = post_it(MAIL)
    assert receipt.outcome is Outcome.SENT
    envelope = post.mails[0]
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert envelope.mail_from == "no-reply@asimati.example"
    assert envelope.rcpt_tos == ["resident@asimati.example"]
    assert mail["Subject"] == "عنوان الرسالة"
    assert mail["Message-ID"] == receipt.reference == "<ref-2@asimati.example>"
    assert mail["Content-Language"] == "ar"
    assert mail["Content-Language"] == "ar"
    html = mail.get_body(("html",)).get_content()
    assert '<html lang="ar" dir="rtl">' in html
    assert mail.get_body(("plain",)).get_content().strip().splitlines() == MAIL.text.splitlines()


@pytest.mark.parametrize(
    ("rcpt", "data", "outcome"),
    [("550 Nobody", "250 Taken", "wrong_address"), ("554 No", "250 Taken", "refused"),
     ("450 Later", "250 Taken", "again"), ("250 OK", "554 No", "refused"),
     ("250 OK", "451 Later", "again"), ("250 OK", "hang up", "unknown")],
)  # fmt: skip
def test_what_may_be_repeated_by_mail(post: Post, rcpt: str, data: str, outcome: str) -> None:
    post.rcpt, post.data = rcpt, data
    assert post_it(MAIL).outcome == outcome


def test_an_address_that_would_add_headers_is_refused(post: Post) -> None:
    wicked = Letter("ref-3", "a@asimati.example\r\nBcc: b@asimati.example", "s", "t", "en")
    assert post_it(wicked).outcome is Outcome.REFUSED
    assert post.mails == []


def test_a_mail_server_that_is_not_there_had_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings().providers, "smtp_url", "smtp://127.0.0.1:1")
    assert post_it(MAIL).outcome is Outcome.AGAIN


def test_nobody_carries_what_nobody_is_set_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.name for one in providers("sms")] == ["mailbox"]
    monkeypatch.setattr(settings().providers, "mailbox", False)
    assert [*providers("sms"), *providers("email"), *providers("push")] == []


def test_a_gateway_is_described_not_programmed(http: type[Gateway], tmp_path: Path, monkeypatch: Monkey) -> None:
    at = settings().providers.sms_url
    file = tmp_path / "providers.toml"
    file.write_text(
        f"""
        [[provider]]
        name = "first"
        channel = "sms"
        kind = "gateway"
        rate = 30
        url = "{at}"
        headers = {{ "X-Api-Key" = "${{GATEWAY_KEY}}" }}
        json = {{ messages = [{{ recipient = "{{to}}", body = "{{text}}" }}], ref = "{{reference}}" }}
        id = "data.0.message_id"
        error = "code"
        meanings = {{ BAD_NUMBER = "wrong_address", FULL = "again" }}
        statuses = {{ 402 = "again" }}
        """
    )
    monkeypatch.setenv("GATEWAY_KEY", "s3cret")
    monkeypatch.setattr(settings().providers, "file", str(file))
    first, second = configured.providers("sms")
    assert (first.name, first.rate, second.name) == ("first", 30, "sms")
    http.body = {"data": [{"message_id": 77}]}
    assert first.carry(LETTER).reference == "77"
    seen = http.seen[0]
    assert seen["headers"]["X-Api-Key"] == "s3cret"
    assert seen["body"] == {
        "messages": [{"recipient": "+97333000111", "body": "123456 is your code"}], "ref": "ref-1",
    }  # fmt: skip
    wicked = replace(LETTER, text="{reference} {to} ${GATEWAY_KEY}")
    first.carry(wicked)
    assert http.seen[1]["body"]["messages"][0]["body"] == wicked.text  # nothing in a letter is filled in
    for status, body, outcome in (
        (200, {"code": "BAD_NUMBER"}, "wrong_address"), (400, {"code": "FULL"}, "again"), (402, {}, "again"),
    ):  # fmt: skip
        http.status, http.body = status, body
        assert first.carry(LETTER).outcome == outcome


@pytest.mark.parametrize(
    "wrong",
    ['kind = "pigeon"\nurl = "https://a.example"', 'kind = "gateway"', 'kind = "gateway"\nurl = "file:///etc"',
     'kind = "gateway"\nurl = "https://a.example"\nmeanings = { A = "maybe" }',
     'kind = "gateway"\nurl = "https://${NO_SUCH_VARIABLE}"'],
)  # fmt: skip
def test_an_unsound_providers_file_stops_with_a_sentence(tmp_path: Path, monkeypatch: Monkey, wrong: str) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(f'[[provider]]\nname = "a"\nchannel = "sms"\n{wrong}\n')
    monkeypatch.setattr(settings().providers, "file", str(file))
    with pytest.raises(SettingsError, match=re.escape(str(file))):
        configured.providers("sms")
