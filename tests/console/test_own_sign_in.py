"""One's own sign-in on the pages: setting an app up, being asked for it, coming back to a locked screen."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from asimati.accounts.actions import create_staff
from asimati.kit import db
from asimati.kit.policy import Role
from asimati.settings import settings

EMAIL, PASSWORD = "noor@asimati.example", "a password of some length"


@pytest.fixture
def sign_in(app: Flask, client: FlaskClient) -> Callable[..., Any]:
    """A new browser sends the sign-in form; the browser and the answer."""
    with db.transaction() as tx:
        create_staff(tx, EMAIL, PASSWORD, {"ar": "نور", "en": "Noor"}, [Role.REVIEWER])

    def send(**more: str) -> tuple[FlaskClient, Any]:
        made = app.test_client()
        made.post("/console/language", data={"language": "en"})
        return made, made.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD, **more})

    return send


@pytest.mark.parametrize("chosen", ["  palm trees by a distant shore ", "\tnine unconnected LETTERS in a row"])
def test_each_character_of_a_password_counts(sign_in: Callable[..., Any], client: FlaskClient, chosen: str) -> None:
    """On the pages and at the API alike: neither cuts what stands at its ends, nor changes its case."""
    browser, _ = sign_in()
    mark = mark_of(browser.get("/console/me").get_data(as_text=True))
    browser.post("/console/me/password", data={"mark": mark, "current": PASSWORD, "chosen": chosen})
    enter = lambda one: client.post("/api/v1/auth/staff", json={"email": EMAIL, "password": one}).status_code  # noqa: E731
    assert [enter(chosen), enter(chosen.strip()), enter(chosen.swapcase())] == [200, 401, 401]
    assert sign_in(password=chosen)[1].status_code == 303 and sign_in(password=chosen.strip())[1].status_code == 401


def test_whoever_was_told_their_password_is_led_to_choose_another_and_then_let_in(
    app: Flask, client: FlaskClient, sign_in: Callable[..., Any]
) -> None:
    with db.transaction() as tx:
        create_staff(tx, "head@asimati.example", PASSWORD, {"ar": "رئيس", "en": "Head"}, [Role.ADMINISTRATOR])
    head = app.test_client()
    head.post("/console/language", data={"language": "en"})
    head.post("/console/sign-in", data={"email": "head@asimati.example", "password": PASSWORD})
    sign_in()
    colleagues = head.get("/console/members").get_data(as_text=True)
    (address,) = re.findall(r'href="(/console/members/[^"]+)" data-open>Noor', colleagues)
    page = head.get(address).get_data(as_text=True)
    made = head.post(f"{address}/password", data={"mark": mark_of(page), "key": "once"}).get_data(as_text=True)
    told = re.findall(r'class="large"><[^>]+>([^<]+)<', made)[0]
    browser, entered = sign_in(password=told)
    assert entered.status_code == 303
    for path in ("/console/", "/console/queues"):
        assert browser.get(path).headers["Location"].endswith("/console/me"), path
    page = browser.get("/console/me").get_data(as_text=True)
    assert "was told to you" in page
    said = {"mark": mark_of(page), "current": told, "chosen": "palm trees by a distant shore"}
    browser.post("/console/me/password", data=said)
    assert browser.get("/console/").status_code == 200
    assert "was told to you" not in browser.get("/console/me").get_data(as_text=True)


def mark_of(page: str) -> str:
    return re.findall(r'data-mark="(\w+)"', page)[0]


def set_up(browser: FlaskClient) -> tuple[pyotp.TOTP, str]:
    mark = mark_of(browser.get("/console/me").get_data(as_text=True))
    begun = browser.post("/console/me/authenticator", data={"mark": mark}).get_data(as_text=True)
    app = pyotp.TOTP(re.findall(r"Or type it in: <bdi[^>]*>(\w+)</bdi>", begun)[0])
    code = app.at(time.time() - 30)
    told = browser.post("/console/me/authenticator/confirm", data={"mark": mark, "code": code})
    return app, html.unescape(told.get_data(as_text=True))


def test_an_app_is_set_up_and_asked_for(sign_in: Callable[..., Any]) -> None:
    browser, _answer = sign_in()
    app, told = set_up(browser)
    assert "Your recovery codes" in told and len(re.findall(r"(?:[a-z2-7]{4}-){6}[a-z2-7]{4}", told)) == 10
    _browser, asked = sign_in()
    assert asked.status_code == 401 and "A code of your authenticator app is needed" in asked.get_data(as_text=True)
    _browser, answer = sign_in(totp=app.now())
    assert answer.status_code == 303


def test_where_it_is_demanded_every_page_leads_to_setting_it_up(
    sign_in: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().staff, "second_factor", True)
    browser, _answer = sign_in()
    assert browser.get("/console/queues/mine").headers["Location"].endswith("/console/me")
    set_up(browser)
    assert browser.get("/console/queues/mine").status_code == 200


def test_a_screen_left_alone_is_opened_by_the_password_and_goes_on_where_one_was(
    sign_in: Callable[..., Any], moved_clock: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().staff, "idle_minutes", 15)
    browser, _answer = sign_in()
    with moved_clock(minutes=16):
        door = browser.get("/console/queues/mine").headers["Location"]
        assert door.startswith("/console/locked")
        assert "You were away" in browser.get(door).get_data(as_text=True)
        assert browser.post(door, data={"password": "wrong"}).status_code == 401
        opened = browser.post(door, data={"password": PASSWORD})
        assert (opened.status_code, opened.headers["Location"]) == (303, "/console/queues/mine")
        assert browser.get("/console/queues/mine").status_code == 200


@pytest.mark.parametrize("by_itself", [True, False], ids=["a page by itself", "somebody"])
def test_a_page_that_keeps_itself_up_to_date_is_nobodys_presence(
    sign_in: Callable[..., Any], moved_clock: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, by_itself: bool
) -> None:
    monkeypatch.setattr(settings().staff, "idle_minutes", 15)
    browser, _answer = sign_in()
    shown = browser.get("/console/").get_data(as_text=True)
    assert 'data-idle="900"' in shown, "so that the page itself goes too"
    with moved_clock(minutes=10):
        asked = browser.get("/console/counts", headers={"X-Unattended": "1"} if by_itself else {})
        assert asked.status_code == 200
    with moved_clock(minutes=16):
        assert browser.get("/console/").status_code == (302 if by_itself else 200)


def test_signing_in_where_one_is_signed_in_ends_that_sign_in(
    sign_in: Callable[..., Any], client: FlaskClient
) -> None:
    browser, _answer = sign_in()
    other, _answer = sign_in()

    def sessions() -> list[str]:
        shown = other.get("/console/me").get_data(as_text=True)
        return re.findall(r"/console/me/sessions/([^/]+)/end", shown)

    (before,) = sessions()
    again = browser.post(
        "/console/sign-in",
        data={
            "email": EMAIL,
            "password": PASSWORD,
            "mark": mark_of(browser.get("/console/").get_data(as_text=True)),
        },
    )
    assert again.status_code == 303
    (after,) = sessions()
    assert after != before


def test_signing_out_has_the_browser_forget_what_it_was_shown(sign_in: Callable[..., Any]) -> None:
    browser, _answer = sign_in()
    mark = mark_of(browser.get("/console/").get_data(as_text=True))
    out = browser.post("/console/sign-out", data={"mark": mark})
    assert out.headers["Clear-Site-Data"] == '"cache"'
    assert "data-signed-out" in browser.get(out.headers["Location"]).get_data(as_text=True)


def test_signing_out_elsewhere_ends_it_there(sign_in: Callable[..., Any]) -> None:
    here, _answer = sign_in()
    there, _answer = sign_in()
    page = here.get("/console/me").get_data(as_text=True)
    (path,) = re.findall(r'action="(/console/me/sessions/[^"]+)"', page)
    assert here.post(path, data={"mark": mark_of(page)}).status_code == 303
    assert there.get("/console/").status_code == 302 and here.get("/console/").status_code == 200


def test_a_password_changed_here_is_the_one_to_use(sign_in: Callable[..., Any]) -> None:
    browser, _answer = sign_in()
    mark = mark_of(browser.get("/console/me").get_data(as_text=True))
    weak = browser.post("/console/me/password", data={"mark": mark, "current": PASSWORD, "chosen": "password1234"})
    assert weak.status_code == 409 and "too easy to guess" in weak.get_data(as_text=True)
    chosen = "five palms beside a quiet well"
    done = browser.post("/console/me/password", data={"mark": mark, "current": PASSWORD, "chosen": chosen})
    assert "The password is changed" in done.get_data(as_text=True)
    assert sign_in()[1].status_code == 401 and sign_in(password=chosen)[1].status_code == 303
