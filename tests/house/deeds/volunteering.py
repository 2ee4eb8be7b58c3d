"""Volunteers and their shifts, hours, what they are offered, calls, editions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from asimati.accounts.actions import ensure_person
from asimati.kit import clock, db
from asimati.volunteering.models import Edition, Shift, SignUp, Volunteer
from tests.house.belongings import BOTH, STRANGER, Headers, House, member, now, signed_in
from tests.house.deeds import Go, deed, later
from tests.volunteering.ground import make_shift


def times(days: float, hours: float = 3) -> dict[str, str]:
    begins = now() + timedelta(days=days)
    return {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=hours)).isoformat()}


def guide(house: House) -> Headers:
    return house.staff["coordinator"]


def neighbour(house: House) -> Headers:
    """Somebody else who may volunteer."""
    charter(house, who := house.neighbour())
    return who


def charter(house: House, who: Headers) -> None:
    """They accept it."""
    words = house.ask("GET", "/volunteering/charter", None, 200)["version"]
    house.ask("PUT", "/me/volunteer/charter", who, 200, json={"version": words})


# --- a place on a shift ----------------------------------------------------------------------------------------


def signed_up(house: House, who: Headers | None = None, *, days: float = 20, **opportunity: Any) -> str:
    """A place on a shift to come; the sign-up's id."""
    shift = make_shift(now() + timedelta(days=days), **opportunity)
    return str(house.ask("POST", f"/shifts/{shift}/sign-ups", who or house.owner, json={})["id"])


@deed("DELETE /api/v1/sign-ups/<uuid:sign_up_id>")
def give_the_place_back(house: House, go: Go) -> None:
    go(house.owner, sign_up_id=signed_up(house))


def in_line(house: House) -> tuple[str, str]:
    """A sign-up of a neighbour's that has the only place, and one of the owner's that waits for it."""
    shift = make_shift(now() + timedelta(days=20), places=1, waitlist=True)
    both = (neighbour(house), house.owner)
    first, second = (house.ask("POST", f"/shifts/{shift}/sign-ups", who, json={})["id"] for who in both)
    return first, second


@deed("POST /api/v1/sign-ups/<uuid:sign_up_id>/accept")
def take_what_is_offered(house: House, go: Go) -> None:
    first, second = in_line(house)
    house.ask("DELETE", f"/sign-ups/{first}", house.neighbour(), 200)
    go(house.owner, sign_up_id=second)


@deed("POST /api/v1/staff/sign-ups/<uuid:sign_up_id>/call-in")
def call_in(house: House, go: Go) -> None:
    """There is a second place now, which nobody was offered."""
    first, second = in_line(house)
    with db.transaction() as tx:
        tx.get_one(Shift, tx.get_one(SignUp, UUID(first)).shift_id).places = 2
    go(guide(house), sign_up_id=second)


@deed("POST /api/v1/staff/sign-ups/<uuid:sign_up_id>/approve")
def approve(house: House, go: Go) -> None:
    go(guide(house), sign_up_id=signed_up(house, review=True))


@deed("POST /api/v1/staff/sign-ups/<uuid:sign_up_id>/decline")
def decline(house: House, go: Go) -> None:
    go(guide(house), {"note": "Too many already"}, sign_up_id=signed_up(house, review=True))


@deed("POST /api/v1/staff/sign-ups/<uuid:sign_up_id>/no-show")
def did_not_come(house: House, go: Go) -> None:
    place = signed_up(house, neighbour(house), days=0.1)
    later(hours=3)
    go(signed_in(staff=house.members["coordinator"]), sign_up_id=place)


def offered(house: House, **said: Any) -> tuple[dict[str, Any], Headers]:
    """A place of a neighbour's that somebody else may take."""
    giver = neighbour(house)
    swap = house.ask("POST", f"/sign-ups/{signed_up(house, giver)}/swap", giver, json=said)
    return swap, house.owner


@deed("POST /api/v1/swaps/<uuid:swap_id>/take")
def take_an_open_swap(house: House, go: Go) -> None:
    swap, who = offered(house, open=True)
    go(who, swap_id=swap["id"])


@deed("POST /api/v1/swaps/take")
def take_a_swap_by_its_code(house: House, go: Go) -> None:
    swap, who = offered(house)
    go(who, {"code": swap["code"]})


# --- hours -----------------------------------------------------------------------------------------------------


def arrived(house: House, who: Headers) -> str:
    """Somebody who came to a shift an hour and a half ago; the sign-up's id."""
    place = signed_up(house, who, days=-2 / 24)
    at = (now() - timedelta(hours=1.5)).isoformat()
    house.ask("POST", f"/sign-ups/{place}/check-in", guide(house), 200, json={"at": at})
    return place


def pending(house: House) -> str:
    """Hours that wait for a word."""
    place = arrived(house, neighbour(house))
    house.ask("POST", f"/sign-ups/{place}/check-out", guide(house), 200, json={})
    return str(house.ask("GET", "/staff/hours?status=pending", guide(house), 200)["items"][0]["id"])


@deed("POST /api/v1/staff/hours/<uuid:claim_id>/approve")
def approve_hours(house: House, go: Go) -> None:
    go(signed_in(staff=member("coordinator")), claim_id=pending(house))


@deed("POST /api/v1/staff/hours/<uuid:claim_id>/correct")
def correct_hours(house: House, go: Go) -> None:
    claim, other = pending(house), signed_in(staff=member("coordinator"))
    house.ask("POST", f"/staff/hours/{claim}/approve", other, 200, json={})
    go(other, {"minutes": 60, "reason": "left earlier"}, claim_id=claim)


@deed("POST /api/v1/staff/hours-disputes/<uuid:dispute_id>/uphold")
def uphold(house: House, go: Go) -> None:
    go(signed_in(staff=member("coordinator")), {"minutes": 45, "answer": "You were there"})


@deed("POST /api/v1/sign-ups/<uuid:sign_up_id>/hours")
def claim_hours(house: House, go: Go) -> None:
    """Somebody forgot to check out."""
    place, left = arrived(house, who := neighbour(house)), now() - timedelta(minutes=30)
    later(hours=2)
    go(who, {"left_at": left.isoformat(), "note": "forgot to check out"}, sign_up_id=place)


# --- what is offered -------------------------------------------------------------------------------------------


@deed("POST /api/v1/staff/opportunities")
def offer(house: House, go: Go) -> None:
    go(guide(house), {"title": BOTH, "targets": ["14.1"]})


@deed("POST /api/v1/staff/shifts")
def add_a_shift(house: House, go: Go) -> None:
    go(guide(house), {"opportunity": house.values["opportunities/opportunity_id"], "places": 3, **times(10)})


@deed("POST /api/v1/staff/shift-series")
def make_a_series(house: House, go: Go) -> None:
    day = (now() + timedelta(days=10)).date()
    rule = {
        "opportunity": house.values["opportunities/opportunity_id"], "weekdays": ["mon", "wed"],
        "first_day": str(day), "until": str(day + timedelta(days=14)), "begins": "09:00", "minutes": 120,
        "places": 3,
    }  # fmt: skip
    go(guide(house), rule, query={"dry_run": "false"})


@deed("POST /api/v1/staff/shifts/<uuid:shift_id>/cancel")
def cancel_a_shift(house: House, go: Go) -> None:
    go(guide(house), {"reason": BOTH}, shift_id=make_shift(now() + timedelta(days=9)))


@deed("POST /api/v1/staff/shifts/<uuid:shift_id>/broadcast")
def write_to_a_shift(house: House, go: Go) -> None:
    shift = make_shift(now() + timedelta(days=9))
    house.ask("POST", f"/shifts/{shift}/sign-ups", house.owner, json={})
    go(guide(house), {"text": BOTH}, shift_id=shift)


# --- one's own profile, consents, calls ------------------------------------------------------------------------


@deed("PATCH /api/v1/me/volunteer")
def edit_my_profile(house: House, go: Go) -> None:
    house.ask("PUT", "/me/volunteer", house.owner, 200, json={})
    go(house.owner, {"blocks": ["317"]})


@deed("DELETE /api/v1/me/volunteer")
def take_my_profile_away(house: House, go: Go) -> None:
    house.ask("PUT", "/me/volunteer", house.owner, 200, json={})
    go(house.owner)


NEEDS = {"needs": "A wheelchair", "edition": 1}


@deed("PUT /api/v1/me/volunteer/accessibility")
def say_what_i_need(house: House, go: Go) -> None:
    go(house.owner, NEEDS)


@deed("DELETE /api/v1/me/volunteer/accessibility")
def take_back_what_i_need(house: House, go: Go) -> None:
    house.ask("PUT", "/me/volunteer/accessibility", house.owner, 204, json=NEEDS)
    go(house.owner)


@deed("POST /api/v1/me/guardian-consents/<uuid:consent_id>/withdraw")
def withdraw_my_consent(house: House, go: Go) -> None:
    consent = house.values["guardian-consents/consent_id"]
    house.ask("POST", f"/me/guardian-consents/{consent}/give", house.owner, 200, json={})
    go(house.owner)


@deed("POST /api/v1/staff/shifts/<uuid:shift_id>/call-outs")
def call_volunteers(house: House, go: Go) -> None:
    with db.transaction() as tx:
        tx.add(Volunteer(person_id=ensure_person(tx, STRANGER).id))
    go(guide(house), {"text": BOTH}, shift_id=make_shift(now() + timedelta(days=9)))


@deed("PUT /api/v1/me/enrolment")
def choose_a_category(house: House, go: Go) -> None:
    with db.transaction() as tx:
        tx.get_one(Edition, "now").categories = [{"code": "youth", "title": BOTH}]
    go(house.owner, {"category": "youth"})


def over() -> None:
    with db.transaction() as tx:
        tx.get_one(Edition, "now").ends_on = clock.local_day(clock.now(tx)) - timedelta(days=1)


@deed("POST /api/v1/staff/editions/<code>/freeze")
def freeze(house: House, go: Go) -> None:
    over()
    go(house.staff["supervisor"], {"despite": True})


@deed("POST /api/v1/staff/editions/<code>/thank")
def thank(house: House, go: Go) -> None:
    over()
    house.ask("POST", "/staff/editions/now/freeze", house.staff["supervisor"], 200, json={"despite": True})
    go(house.staff["supervisor"])
