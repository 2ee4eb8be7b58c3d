"""The inbox and the development mailbox over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from tests.notifications.letters import ask, parcel_for
from workers.tasks.deliver import drain

INBOX = "/api/v1/notifications"
SignIn = Callable[..., dict[str, str]]


@pytest.fixture
def told(resident: SimpleNamespace, ground: None) -> SimpleNamespace:
    """A resident who was told three things."""
    for pieces in (1, 2, 3):
        parcel_for(resident.id, pieces=pieces)
        drain()
    return resident


def test_the_inbox_is_in_both_languages_newest_first(client: FlaskClient, told: SimpleNamespace) -> None:
    items = client.get(INBOX, headers=told.headers).json["items"]
    assert [item["text"]["en"][0] for item in items] == ["3", "2", "1"]
    assert items[0]["title"] == {"ar": "وصل طرد: كتب", "en": "A parcel: Books"}
    assert items[0]["about"] == {"type": "parcel", "reference": "PC-7K3M9QWZ"}
    assert items[0]["topic"] == "toy.parcel_came"
    assert items[0]["read_at"] is None
    assert "09:30" in items[0]["text"]["en"]


def test_reading_keeps_the_first_moment(client: FlaskClient, told: SimpleNamespace) -> None:
    first = client.get(INBOX, headers=told.headers).json["items"][0]["id"]
    read = client.post(f"{INBOX}/{first}/read", headers=told.headers).json
    assert read["read_at"]
    assert client.post(f"{INBOX}/{first}/read", headers=told.headers).json["read_at"] == read["read_at"]
    unread = client.get(INBOX, headers=told.headers, query_string={"unread": "true"}).json["items"]
    assert first not in {item["id"] for item in unread}
    assert len(unread) == 2
    assert client.post(f"{INBOX}/read-all", headers=told.headers).json == {"read": 2}
    assert client.post(f"{INBOX}/read-all", headers=told.headers).json == {"read": 0}


def test_pages_continue(client: FlaskClient, told: SimpleNamespace) -> None:
    page = client.get(INBOX, headers=told.headers, query_string={"limit": 2}).json
    rest = client.get(INBOX, headers=told.headers, query_string={"limit": 2, "after": page["next"]}).json
    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)


def test_nobody_else_sees_or_marks_them(client: FlaskClient, told: SimpleNamespace, as_resident: SignIn) -> None:
    mine = client.get(INBOX, headers=told.headers).json["items"][0]["id"]
    other = as_resident()
    assert client.get(INBOX, headers=other).json["items"] == []
    assert client.post(f"{INBOX}/{mine}/read", headers=other).status_code == 404
    assert client.post(f"{INBOX}/read-all", headers=other).json == {"read": 0}
    assert client.get(INBOX).status_code == 401


def test_the_mailbox_shows_what_would_have_left(client: FlaskClient, told: SimpleNamespace) -> None:
    for to in ("+97333000111", "97333000111", "%2B97333000111"):
        items = client.get(f"/dev/mailbox?to={to}").json["items"]
        assert len(items) == 3
        assert set(items[0]) == {"to", "channel", "subject", "text", "at"}
    assert client.get("/dev/mailbox?to=%2B97333999999").json["items"] == []
    assert items[0]["channel"] == "sms"


def test_the_mailbox_is_a_page_for_a_browser(client: FlaskClient, told: SimpleNamespace) -> None:
    for language, direction, title in (("ar", "rtl", "صندوق"), ("en", "ltr", "Development mailbox")):
        page = client.get("/dev/mailbox", headers={"Accept": "text/html,*/*", "Accept-Language": language})
        words = page.get_data(as_text=True)
        assert page.mimetype == "text/html"
        assert f'dir="{direction}"' in words
        assert title in words
        assert "PC-7K3M9QWZ" in words
        assert "http" not in words.replace("http-equiv", "")  # nothing is fetched from outside


def test_a_letter_cannot_put_markup_into_the_page(client: FlaskClient, told: SimpleNamespace) -> None:
    ask("UPDATE dev_mail SET text = '<script>alert(1)</script>' RETURNING id")
    page = client.get("/dev/mailbox", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "<script>" not in page
