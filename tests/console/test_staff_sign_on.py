"""Staff who sign in with the governorate's own account, by the pages, over a real provider."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from asimati.accounts.actions import create_staff
from asimati.accounts.models import AccountSession, SignOnLink, StaffMember
from asimati.kit import clock, db
from asimati.kit.audit import AuditLine
from asimati.kit.policy import Role
from tests.accounts.provider import HostileProvider, running
from tests.accounts.walking import as_described
from tests.console.test_own_sign_in import PASSWORD, set_up

NOOR = {"email": "Noor@asimati.example", "email_verified": True}


@pytest.fixture
def provider(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileProvider]:
    with db.transaction() as tx:
        create_staff(tx, "noor@asimati.example", PASSWORD, {"ar": "نور", "en": "Noor"}, [Role.REVIEWER])
    with running() as made:
        as_described(monkeypatch, made.issuer)
        made.people = {"noor": NOOR}
        yield made


@pytest.fixture
def sign_on(app: Flask, provider: HostileProvider) -> Callable[..., tuple[FlaskClient, Any]]:
    """A new browser takes the button, says yes at the provider and comes back; the browser and the last answer."""

    def walk(subject: str, after: str = "") -> tuple[FlaskClient, Any]:
        browser = app.test_client()
        browser.post("/console/language", data={"language": "en"})
        page = browser.get("/console/sign-in" + (f"?next={after}" if after else "")).get_data(as_text=True)
        button = re.findall(r'href="(/console/sign-in/with/[^"]+)"', page)[0].replace("&amp;", "&")
        begun = browser.get(browser.get(button).headers["Location"])
        back = browser.get(_path(provider.approve(subject, begun.headers["Location"])))
        return browser, browser.get(_path(back.headers["Location"]))

    return walk


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def signed_in() -> list[tuple[str, str]]:
    with db.transaction() as tx:
        found = select(AccountSession.method, AccountSession.assurance).where(AccountSession.staff_id.is_not(None))
        return [(row.method, row.assurance) for row in tx.execute(found)]


def failures() -> list[str]:
    with db.transaction() as tx:
        return list(tx.scalars(select(AuditLine.facts).where(AuditLine.action == "accounts.sign_in_failed")))


def test_a_colleague_signs_in_with_the_button_and_goes_where_they_wanted(sign_on: Any) -> None:
    browser, answer = sign_on("noor", after="/console/queues")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/queues")
    assert browser.get("/console/me").status_code == 200
    assert signed_in() == [("staff", "standard")]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none", None])
def test_no_other_site_begins_a_sign_on(app: Flask, sign_on: Any, site: str | None) -> None:
    """A link elsewhere, and a provider that asks whoever is signed in there nothing: one would be in unasked."""
    begun = app.test_client().get(
        "/console/sign-in/with/work?next=/console/queues", headers={"Sec-Fetch-Site": site} if site else {}
    )
    ours = site in ("same-origin", "none", None)
    assert begun.status_code == 302 and ("/auth/oidc/work/start" in begun.headers["Location"]) == ours
    assert bool(begun.headers.getlist("Set-Cookie")) == ours
    if not ours:
        assert begun.headers["Location"] == "/console/sign-in?next=/console/queues"


def test_the_providers_second_factor_is_taken_where_settings_name_it(
    sign_on: Any, provider: HostileProvider
) -> None:
    provider.people["noor"] = NOOR | {"amr": ["pwd", "mfa"]}
    assert sign_on("noor")[1].status_code == 303
    assert signed_in() == [("staff", "advanced")]


def test_otherwise_ours_is_asked_and_a_wrong_one_can_be_mended(
    app: Flask, sign_on: Any, provider: HostileProvider
) -> None:
    own = app.test_client()
    own.post("/console/language", data={"language": "en"})
    own.post("/console/sign-in", data={"email": NOOR["email"], "password": PASSWORD})
    totp, _told = set_up(own)
    browser, asked = sign_on("noor")
    page = asked.get_data(as_text=True)
    assert asked.status_code == 401 and "A code of your authenticator app is needed" in page
    code = re.findall(r'name="code" value="([^"]+)"', page)[0]
    wrong = browser.post("/console/sign-in/back", data={"code": code, "totp": "000000"})
    assert wrong.status_code == 401 and "This is not the code of now" in wrong.get_data(as_text=True)
    right = browser.post("/console/sign-in/back", data={"code": code, "totp": totp.at(time.time() + 30)})
    assert right.status_code == 303
    assert ("staff", "advanced") in signed_in()


@pytest.mark.parametrize(
    "said",
    [
        {"email": "stranger@asimati.example", "email_verified": True},
        {"email": "noor@asimati.example", "email_verified": False},
        {"email": "noor@asimati.example", "email_verified": "true"},
        {"email": "noor@asimati.example"},
        {},
        {"email": ["noor@asimati.example"], "email_verified": True},
        {"email": "left@asimati.example", "email_verified": True},
    ],
)
def test_nobody_we_know_somebody_unverified_and_somebody_who_left_are_answered_alike(
    sign_on: Any, provider: HostileProvider, said: dict[str, Any]
) -> None:
    with db.transaction() as tx:
        gone = create_staff(tx, "left@asimati.example", PASSWORD, {"ar": "سابق", "en": "Left"}, [Role.AUDITOR])
        tx.execute(update(StaffMember).where(StaffMember.id == gone.id).values(disabled_at=clock.now(tx)))
    provider.people["somebody"] = said
    _browser, answer = sign_on("somebody")
    page = re.sub(r"\s+", " ", answer.get_data(as_text=True))
    assert answer.status_code == 401 and "This sign-on did not succeed" in page
    assert not signed_in() and len(failures()) == 1 and "asimati.example" not in failures()[0]
    with db.transaction() as tx:
        assert len(tx.scalars(select(StaffMember)).all()) == 2, "nobody is made by signing on"


def test_an_email_handed_on_opens_nobodys_former_account(sign_on: Any, provider: HostileProvider) -> None:
    assert sign_on("noor")[1].status_code == 303
    provider.people["successor"] = NOOR
    assert sign_on("successor")[1].status_code == 401
    with db.transaction() as tx:
        links = tx.scalars(select(SignOnLink)).all()
    assert len(links) == 1 and links[0].person_id is None


def test_taking_lost_factors_away_lets_a_new_account_of_the_provider_in(
    client: FlaskClient, sign_on: Any, provider: HostileProvider, as_staff: Any
) -> None:
    sign_on("noor")
    with db.transaction() as tx:
        noor = tx.scalars(select(StaffMember.id).where(StaffMember.email == "noor@asimati.example")).one()
    administrator = as_staff("administrator")
    assert client.delete(f"/api/v1/staff/members/{noor}/factors", headers=administrator).status_code == 204
    provider.people["noor at her new desk"] = NOOR
    assert sign_on("noor at her new desk")[1].status_code == 303


def test_who_left_is_out_at_once_however_they_came(sign_on: Any) -> None:
    browser, _answer = sign_on("noor")
    with db.transaction() as tx:
        tx.execute(update(StaffMember).values(disabled_at=clock.now(tx)))
    assert browser.get("/console/me").status_code == 302


def test_a_code_somebody_else_brings_signs_nobody_in(app: Flask, sign_on: Any, provider: HostileProvider) -> None:
    """Otherwise a stranger could have a colleague work under the stranger's name."""
    stranger = app.test_client()
    begun = stranger.get(stranger.get("/console/sign-in/with/staff").headers["Location"])
    back = stranger.get(_path(provider.approve("noor", begun.headers["Location"])))
    victim = app.test_client()
    victim.get("/console/sign-in/with/staff")
    for browser in (victim, app.test_client()):
        assert browser.get(_path(back.headers["Location"])).status_code == 401
    assert not signed_in()


def test_who_declines_is_back_at_the_sign_in(app: Flask, provider: HostileProvider) -> None:
    browser = app.test_client()
    begun = browser.get(browser.get("/console/sign-in/with/staff").headers["Location"])
    state = re.findall(r"[?&]state=([^&]+)", begun.headers["Location"])[0]
    back = browser.get(f"/api/v1/auth/oidc/staff/callback?error=access_denied&state={state}")
    answer = browser.get(_path(back.headers["Location"]))
    assert answer.status_code == 401 and "لم يكتمل تسجيل الدخول" in answer.get_data(as_text=True)


def test_staff_are_not_let_in_as_residents_nor_sent_to_the_app(app: Flask, provider: HostileProvider) -> None:
    from tests.accounts.walking import APP, Walk

    assert Walk(app, provider, provider="staff", redirect=APP).start().status_code == 403


def test_without_a_provider_there_is_no_button(app: Flask, client: FlaskClient) -> None:
    assert "/console/sign-in/with/" not in app.test_client().get("/console/sign-in").get_data(as_text=True)
