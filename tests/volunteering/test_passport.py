"""The passport as its holder reads and prints it: levels, stamps, editions; and its credential under a race."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from asimati.credentials import actions as credentials
from asimati.credentials.models import Credential
from asimati.credentials.writing import Claim
from asimati.kit import db
from asimati.kit.policy import Actor
from asimati.volunteering import passport_queries, rules
from asimati.volunteering.models import Edition, HoursClaim, Shift, SignUp
from asimati.volunteering.rules import ClaimStatus, SignUpStatus
from tests.credentials.stranger import verified
from tests.volunteering.ground import TITLE, V1, Headers, all_at_once, make_edition, make_shift, now
from tests.volunteering.test_journey import get, post

SignIn = Callable[..., Headers]
LEVELS = [{"code": code, "hours": hours, "title": TITLE} for code, hours in (("silver", 5), ("bronze", 2))]


@pytest.fixture
def edition(client: FlaskClient) -> None:
    make_edition()
    with db.transaction() as tx:
        tx.get_one(Edition, "now").levels = LEVELS


def waiting(person: UUID, minutes: int, *, days_ago: int = 1, **opportunity: Any) -> UUID:
    """Hours of a person that wait for a word; committed."""
    shift = make_shift(now() - timedelta(days=days_ago), hours=12, **opportunity)
    with db.transaction() as tx:
        came = SignUp(shift_id=shift, person_id=person, status=SignUpStatus.CHECKED_OUT)
        tx.get_one(Shift, shift).taken = 1
        tx.add(came)
        tx.flush()
        claim = HoursClaim(sign_up_id=came.id, person_id=person, minutes=minutes, status=ClaimStatus.PENDING)
        tx.add(claim)
        tx.flush()
        return claim.id


def me(client: FlaskClient, who: Headers) -> UUID:
    return UUID(get(client, "/me", who)["id"])


@pytest.mark.usefixtures("edition")
def test_levels_are_reached_by_hours_and_left_when_hours_are_taken_back(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    first, second = (waiting(me(client, who), 120, days_ago=day) for day in (1, 2))
    passport = get(client, "/me/passport", who)
    assert (passport["level"], passport["next_level"]["code"]) == (None, "bronze")
    post(client, f"/staff/hours/{first}/approve", staff)
    post(client, f"/staff/hours/{second}/approve", staff)
    passport = get(client, "/me/passport", who)
    assert (passport["level"]["code"], passport["shifts"]) == ("bronze", 2)
    assert (passport["next_level"]["code"], passport["next_level"]["hours_left"]) == ("silver", "1.00")
    assert verified(client, passport["credential"]["jwt"])["credentialSubject"]["facts"]["level"] == TITLE
    page = client.get(f"{V1}/credentials/{passport['credential']['id']}", headers={"Accept": "text/html"}).text
    assert TITLE["ar"] in page and TITLE["en"] in page
    post(client, f"/staff/hours/{first}/correct", staff, minutes=60, reason="left early")
    post(client, f"/staff/hours/{second}/reject", staff, reason="was elsewhere")
    passport = get(client, "/me/passport", who)
    assert (passport["level"], passport["shifts"], passport["hours"]) == (None, 1, "1.00")


@given(
    st.integers(-60, 40_000),
    st.lists(st.integers(1, 500), unique=True, max_size=6),
    st.randoms(use_true_random=False),
)
def test_a_level_is_the_highest_reached_and_the_next_the_lowest_that_is_not(
    minutes: int, hours: list[int], random: Any
) -> None:
    ladder = [{"hours": one} for one in random.sample(hours, len(hours))]
    reached, ahead = rules.levels(minutes, ladder)
    assert reached == max(
        (one for one in ladder if one["hours"] * 60 <= minutes), key=lambda x: x["hours"], default=None
    )
    assert ahead == min(
        (one for one in ladder if one["hours"] * 60 > minutes), key=lambda x: x["hours"], default=None
    )


@pytest.mark.usefixtures("edition")
def test_a_stamp_has_the_goals_name_and_colour(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    post(client, f"/staff/hours/{waiting(me(client, who), 90, targets=['14.1', '14.2'])}/approve", staff)
    title = {"ar": "الحياة تحت الماء", "en": "Life below water"}
    stamps = get(client, "/me/passport", who)["stamps"]
    assert stamps == [{"goal": 14, "hours": "1.50", "title": title, "color": "#0A97D9"}]


def test_each_edition_keeps_its_own_passport_and_history_lists_them(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    today = now().date()
    with db.transaction() as tx:
        for code, start, end in (
            ("old", today - timedelta(days=400), today - timedelta(days=31)),
            ("new", today - timedelta(days=30), today + timedelta(days=300)),
        ):
            days = {"starts_on": start, "ends_on": end, "minimum_age": 0, "tolerance_minutes": 0}
            tx.add(Edition(code=code, title=TITLE, categories=[], **days))
    who, staff = as_resident(), as_staff("coordinator")
    for minutes, days_ago in ((60, 2), (90, 50), (30, 60)):
        post(client, f"/staff/hours/{waiting(me(client, who), minutes, days_ago=days_ago)}/approve", staff)
    assert get(client, "/me/passport", who)["hours"] == "1.00"
    old = get(client, "/me/passport?edition=old", who)
    assert (old["hours"], old["edition"]["code"], len(old["lines"])) == ("2.00", "old", 2)
    assert date.fromisoformat(old["lines"][0]["served_on"]) < today - timedelta(days=31)
    assert [(one["edition"]["code"], one["hours"]) for one in old["editions"]] == [("new", "1.00"), ("old", "2.00")]
    assert old["credential"]["id"] != get(client, "/me/passport", who)["credential"]["id"]
    assert client.get(f"{V1}/me/passport?edition=never", headers=who).status_code == 404


@pytest.mark.usefixtures("edition")
def test_the_passport_prints_in_both_languages(client: FlaskClient, as_resident: SignIn, as_staff: SignIn) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    empty = client.get(f"{V1}/me/passport.pdf", headers=who)
    assert (empty.status_code, empty.mimetype) == (200, "application/pdf")
    post(client, f"/staff/hours/{waiting(me(client, who), 150)}/approve", staff)
    papers = {one: client.get(f"{V1}/me/passport.pdf?language={one}", headers=who).data for one in ("ar", "en")}
    assert all(paper.startswith(b"%PDF-") and len(paper) > 20_000 for paper in papers.values())
    words = {
        one: "".join(page.extract_text() for page in PdfReader(io.BytesIO(papers[one])).pages) for one in papers
    }
    assert all("2.50" in said and "14" in said for said in words.values())
    assert "Volunteering passport" in words["en"] and TITLE["en"] in words["en"]
    assert "Volunteering passport" not in words["ar"] and re.search("[\u0600-\u06ff\ufb50-\ufeff]", words["ar"])
    assert client.get(f"{V1}/me/passport.pdf?language=fr", headers=who).status_code == 422


@pytest.mark.usefixtures("edition")
def test_the_passport_is_a_page_in_both_languages(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    tag = client.get(f"{V1}/me", headers=who).headers["ETag"]
    client.patch(f"{V1}/me", json={"name_ar": "أمل <b>"}, headers={**who, "If-Match": tag})
    empty = client.get(f"{V1}/me/passport.html", headers=who)
    assert (empty.status_code, empty.mimetype) == (200, "text/html") and "data:image" not in empty.text
    post(client, f"/staff/hours/{waiting(me(client, who), 150, targets=['14.1'])}/approve", staff)
    pages = {one: client.get(f"{V1}/me/passport.html?language={one}", headers=who) for one in ("ar", "en")}
    said = {one: html.document_fromstring(answer.text) for one, answer in pages.items()}
    assert [(one.get("lang"), one.get("dir")) for one in said.values()] == [("ar", "rtl"), ("en", "ltr")]
    for page in said.values():
        hours = page.xpath("//dl[@class='sums']//dd")[0].text_content()
        stamped = page.xpath("//ul[@class='stamps']/li[b]")
        assert hours == "2.50" and len(page.xpath("//ul[@class='stamps']/li")) == 17
        assert [one.xpath(".//*[name()='text']")[0].text for one in stamped] == ["14"]
        assert page.xpath("//p[@class='name']")[0].text_content() == "أمل <b>"
        assert [row[3].text_content() for row in page.xpath("//tbody/tr")] == ["2.50"]
        proof = client.get(page.xpath("//section[@aria-labelledby='proof']//a/@href")[0])
        assert proof.json["valid"] and page.xpath("//img/@src")[0].startswith("data:image/svg+xml;base64,")
    policy = pages["ar"].headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy and "sha256-" in policy
    assert pages["ar"].headers["Cache-Control"] == "private, no-store"
    assert client.get(f"{V1}/me/passport.html").status_code == 401


@pytest.mark.usefixtures("edition")
def test_a_coordinator_reads_a_passport_and_the_volunteer_sees_that(
    client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    who, staff = as_resident(), as_staff("coordinator")
    person = me(client, who)
    post(client, f"/staff/hours/{waiting(person, 60)}/approve", staff)
    seen = get(client, f"/staff/volunteers/{person}/passport", staff)
    assert (seen["hours"], seen["person"], seen["credential"]) == ("1.00", str(person), None)
    assert get(client, "/me/access-log", who)["items"]


# --- the credential under a race -------------------------------------------------------------------------------


def approve_all_at_once(app: Flask, client: FlaskClient, who: Headers, staff: list[Headers]) -> list[Any]:
    """Six approvals for one volunteer at once, each followed by the passport's signing."""
    claims = [waiting(me(client, who), 60, days_ago=day) for day in range(1, 7)]
    wanted = [(f"/staff/hours/{claim}/approve", {}, staff[n % len(staff)]) for n, claim in enumerate(claims)]
    return all_at_once(app, wanted)


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a passport says is read, and a while passes before it is signed."""
    said_of = passport_queries.said_of

    def slow(*arguments: Any) -> dict[str, Any]:
        said = said_of(*arguments)
        time.sleep(0.15)
        return said

    monkeypatch.setattr(passport_queries, "said_of", slow)


def living() -> list[Credential]:
    with db.transaction() as tx:
        return list(tx.scalars(select(Credential).where(Credential.revoked_at.is_(None))))


@pytest.mark.usefixtures("edition", "slowly")
def test_approvals_at_once_end_in_one_credential_that_says_all_hours(
    app: Flask, client: FlaskClient, as_resident: SignIn, as_staff: SignIn
) -> None:
    who, staff = as_resident(), [as_staff("coordinator") for _ in range(2)]
    answers = approve_all_at_once(app, client, who, staff)
    assert {one.status_code for one in answers} == {200}
    (one,) = living()
    assert one.facts["hours"] == get(client, "/me/passport", who)["hours"] == "6.00"
    assert verified(client, one.jwt)["credentialSubject"]["facts"]["hours"] == "6.00"


@pytest.mark.usefixtures("edition", "slowly")
def test_without_the_lock_approvals_are_refused_or_the_credential_says_too_little(
    app: Flask, client: FlaskClient, as_resident: SignIn, as_staff: SignIn, without: Callable[..., None]
) -> None:
    without("passport_lock")
    who, staff = as_resident(), [as_staff("coordinator") for _ in range(2)]
    answers = approve_all_at_once(app, client, who, staff)
    (one,) = living()  # the index holds even so
    assert {one.status_code for one in answers} != {200} or one.facts["hours"] != "6.00"


def test_two_issuing_for_one_subject_leave_one_living(clean: str) -> None:
    """The second line: nobody holds the subject's lock here."""
    facts: Any = {"title": TITLE, "description": TITLE, "criteria": TITLE, "facts": {}, "brief": ""}

    def issue(_number: int) -> bool:
        try:
            with db.transaction() as tx:
                credentials.issue(tx, Actor("system"), Claim(kind="letter", subject="one", **facts), None)
                time.sleep(0.1)
        except IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(issue, range(6)))
    assert 1 <= sum(made) < 6
    assert len(living()) == 1
