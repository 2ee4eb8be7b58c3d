"""Volunteers: sign-ups to review, hours to approve, shifts by day, the code shown at a shift."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import request

from asimati.console import showing
from asimati.console.asking import ask, listed, need
from asimati.console.forms import both, form_of, number_of, roles_of
from asimati.console.frame import act, back, blp, page, shown_or_refused, taken
from asimati.kit import clock, words
from asimati.kit.words import _


@blp.get("/shifts")
def shifts() -> Any:
    """Shifts as a calendar of weeks, from Sunday."""
    found = need("/staff/shifts", limit=100, after=request.args.get("after"))
    names = {one["id"]: one["title"] for one in listed("/staff/opportunities", limit=100)}
    return page("shifts.html", title=_("Shifts"), weeks=_weeks(found["items"]), names=names, next=found["next"])


def _weeks(shifts: list[Any]) -> list[list[tuple[date, list[Any]]]]:
    """Each week that has shifts, as its seven days with theirs."""
    by_day: dict[date, list[Any]] = defaultdict(list)
    for one in shifts:
        if begins := showing.moment(one["starts_at"]):
            by_day[begins.date()].append(one)
    sundays = sorted({day - timedelta(days=(day.weekday() + 1) % 7) for day in by_day})
    return [
        [(day, by_day.get(day, [])) for day in (sunday + timedelta(days=n) for n in range(7))] for sunday in sundays
    ]


@blp.get("/shifts/<uuid:shift_id>/code")
def shift_code(shift_id: UUID) -> Any:
    """The check-in code of this minute, large enough to scan from a few steps away."""
    shift, now = need(f"/staff/shifts/{shift_id}"), need(f"/staff/shifts/{shift_id}/code")
    return page("shift_code.html", title=_("Check-in code"), shift=shift, now=now)


@blp.get("/shifts/<uuid:shift_id>")
def shift(shift_id: UUID) -> Any:
    """One shift: its places, and who serves at it."""
    answer = ask("GET", f"/staff/shifts/{shift_id}")
    if not answer.ok:
        return shown_or_refused(answer)
    opportunity = need(f"/staff/opportunities/{answer.body['opportunity']}")
    begins = showing.moment(answer.body["starts_at"])
    return page(
        "shift.html",
        title=opportunity["title"],
        shift=answer.body,
        match=answer.tag,
        opportunity=opportunity,
        roster=_by_role(answer.body["roles"], listed("/staff/sign-ups", shift=shift_id, limit=100)),
        skills=need("/volunteering/choices")["skills"],
        began=begins is not None and begins <= clock.utcnow(),
    )


def _by_role(roles: list[Any], roster: list[Any]) -> list[tuple[Any, list[Any]]]:
    """Each role with those signed up for it; on a shift without roles everybody, under no name."""
    if not roles:
        return [(None, roster)]
    return [(role, [one for one in roster if one["role"] == role["code"]]) for role in roles]


@blp.post("/shifts/<uuid:shift_id>")
def change_shift(shift_id: UUID) -> Any:
    """More places, or fewer; or what roles it has."""
    said = {"places": number_of("places")} if "places" in request.form else {"roles": roles_of()}
    act("PATCH", f"/staff/shifts/{shift_id}", said, done=_("Saved."))
    return back("shift", shift_id=shift_id)


@blp.post("/shifts/<uuid:shift_id>/sign-ups/<uuid:sign_up_id>/<any('call-in', 'no-show'):step>")
def step_sign_up(shift_id: UUID, sign_up_id: UUID, step: str) -> Any:
    """Somebody of the line takes a free place, or did not come."""
    act("POST", f"/staff/sign-ups/{sign_up_id}/{step}", done=_("Done."))
    return back("shift", shift_id=shift_id)


@blp.post("/shifts/<uuid:shift_id>/broadcast")
def tell_shift(shift_id: UUID) -> Any:
    """Tell everybody who serves at a shift."""
    act("POST", f"/staff/shifts/{shift_id}/broadcast", {"text": both("text") or {}}, done=_("It is on its way."))
    return back("shift", shift_id=shift_id)


@blp.get("/shifts/<uuid:shift_id>/attendance.pdf")
def attendance_sheet(shift_id: UUID) -> Any:
    """The sheet to sign, in both languages."""
    path = f"/staff/shifts/{shift_id}/attendance.pdf"
    return taken(ask("GET", path, query={"language": words.language()}))


@blp.get("/volunteer-entities")
def volunteer_entities() -> Any:
    """Schools, companies and societies: those that wait for a word, then all."""
    waiting = listed("/staff/volunteer-entities", status="applied", limit=100)
    found = need("/staff/volunteer-entities", limit=50, after=request.args.get("after"))
    return page("volunteer_entities.html", title=_("Organisations"), waiting=waiting, found=found)


@blp.post("/volunteer-entities/<uuid:entity_id>/<any('accredit', 'decline', 'end'):step>")
def decide_entity(entity_id: UUID, step: str) -> Any:
    """Accredit an organisation, say no to it, or end its part."""
    act("POST", f"/staff/volunteer-entities/{entity_id}/{step}", form_of("reason"), done=_("Decided."))
    return back("volunteer_entities")


@blp.post("/shifts/<uuid:shift_id>/cancel")
def cancel_shift(shift_id: UUID) -> Any:
    """Let a shift not take place; its volunteers are told why."""
    said = {"reason": both("reason") or {}, "scope": "later" if "later" in request.form else "one"}
    act(
        "POST",
        f"/staff/shifts/{shift_id}/cancel",
        said,
        done=_("The shift is cancelled, and its volunteers are told."),
    )
    return back("shift", shift_id=shift_id)


@blp.get("/sign-ups")
def sign_ups() -> Any:
    """Sign-ups that wait for a decision."""
    found = need("/staff/sign-ups", status="pending", limit=50, after=request.args.get("after"))
    return page("sign_ups.html", title=_("Sign-ups"), found=found)


@blp.post("/sign-ups/<uuid:sign_up_id>/<decision>")
def decide_sign_up(sign_up_id: UUID, decision: str) -> Any:
    """Approve or decline a sign-up."""
    payload = form_of("note") if decision == "decline" else {}
    act("POST", f"/staff/sign-ups/{sign_up_id}/{decision}", payload, done=_("Decided."))
    return back("sign_ups")


@blp.get("/hours")
def hours() -> Any:
    """Hours that wait for a second person."""
    found = need("/staff/hours", status="pending", limit=50, after=request.args.get("after"))
    return page("hours.html", title=_("Hours to approve"), found=found)


@blp.post("/hours/<uuid:claim_id>/<decision>")
def decide_hours(claim_id: UUID, decision: str) -> Any:
    """Approve, correct or reject claimed hours."""
    payload: dict[str, Any] = form_of("reason")
    if (minutes := request.form.get("minutes", "")).isdigit() and decision == "correct":
        payload["minutes"] = int(minutes)
    act("POST", f"/staff/hours/{claim_id}/{decision}", payload, done=_("Decided."))
    return back("hours")


@blp.get("/disputes")
def disputes() -> Any:
    """Hours a volunteer does not agree with."""
    found = need("/staff/hours-disputes", status="open", limit=50, after=request.args.get("after"))
    return page("disputes.html", title=_("Disputed hours"), found=found)


@blp.post("/disputes/<uuid:dispute_id>")
def decide_dispute(dispute_id: UUID) -> Any:
    """Count other minutes, or let it stay, with a word to the volunteer."""
    decision = "uphold" if request.form.get("decision") == "uphold" else "dismiss"
    said: dict[str, Any] = form_of("answer")
    if decision == "uphold":
        said["minutes"] = number_of("minutes")
    act("POST", f"/staff/hours-disputes/{dispute_id}/{decision}", said, done=_("Decided."))
    return back("disputes")
