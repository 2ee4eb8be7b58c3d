"""Volunteers: sign-ups to review, hours to approve, shifts by day, the code shown at a shift."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import request

from asimati.console import showing
from asimati.console.asking import Answer, ask, listed, need
from asimati.console.forms import both, form_of, many_of, moment_of, number_of
from asimati.console.frame import act, back, blp, page, shown_or_refused, taken
from asimati.kit import clock, words
from asimati.kit.words import _

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


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
        roster=listed("/staff/sign-ups", shift=shift_id, limit=100),
        began=begins is not None and begins <= clock.utcnow(),
    )


@blp.post("/shifts/<uuid:shift_id>")
def change_shift(shift_id: UUID) -> Any:
    """More places, or fewer."""
    act("PATCH", f"/staff/shifts/{shift_id}", {"places": number_of("places")}, done=_("Saved."))
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


@blp.get("/opportunities")
def opportunities() -> Any:
    """Opportunities to serve."""
    found = need("/staff/opportunities", limit=50, after=request.args.get("after"))
    return page("opportunities.html", title=_("Opportunities"), found=found)


@blp.get("/opportunities/new")
def new_opportunity() -> Any:
    """An opportunity to write."""
    return _opportunity(None, {}, None)


@blp.post("/opportunities/new")
def make_opportunity() -> Any:
    """Keep a new opportunity."""
    answer = ask("POST", "/staff/opportunities", payload=_opportunity_said(), key=request.form.get("key"))
    if answer.ok:
        return back("opportunity", opportunity_id=answer.body["id"])
    return _opportunity(None, _opportunity_said(), None, refused=answer), answer.status


@blp.get("/opportunities/<uuid:opportunity_id>")
def opportunity(opportunity_id: UUID) -> Any:
    """An opportunity to change, with its shifts."""
    answer = ask("GET", f"/staff/opportunities/{opportunity_id}")
    return _opportunity(opportunity_id, answer.body, answer.tag) if answer.ok else shown_or_refused(answer)


@blp.post("/opportunities/<uuid:opportunity_id>")
def change_opportunity(opportunity_id: UUID) -> Any:
    """Keep the changes of an opportunity."""
    said = _opportunity_said()
    match = request.form.get("match") or None
    answer = ask("PATCH", f"/staff/opportunities/{opportunity_id}", payload=said, match=match)
    if answer.ok:
        return back("opportunity", opportunity_id=opportunity_id)
    fresh = ask("GET", f"/staff/opportunities/{opportunity_id}")
    return _opportunity(opportunity_id, {**fresh.body, **said}, fresh.tag, refused=answer), answer.status


@blp.post("/opportunities/<uuid:opportunity_id>/shifts")
def make_shift(opportunity_id: UUID) -> Any:
    """Add a shift."""
    said = {
        "opportunity": str(opportunity_id), "starts_at": moment_of("starts_at"), "ends_at": moment_of("ends_at"),
        "places": number_of("places"),
    }  # fmt: skip
    act("POST", "/staff/shifts", said, done=_("The shift was added."))
    return back("opportunity", opportunity_id=opportunity_id)


@blp.post("/opportunities/<uuid:opportunity_id>/series")
def make_series(opportunity_id: UUID) -> Any:
    """Show what a rule would make, or make its shifts."""
    form = request.form
    rule = {
        "opportunity": str(opportunity_id), "weekdays": form.getlist("weekdays"), "begins": form.get("begins", ""),
        "first_day": form.get("first_day", ""), "until": form.get("until", ""), "minutes": number_of("minutes"),
        "places": number_of("places"), "holidays": "holidays" in form,
    }  # fmt: skip
    if form.get("step") == "make":
        act("POST", "/staff/shift-series", rule, done=_("The shifts were made."))
        return back("opportunity", opportunity_id=opportunity_id)
    shown = ask("POST", "/staff/shift-series", query={"dry_run": "true"}, payload=rule)
    answer = ask("GET", f"/staff/opportunities/{opportunity_id}")
    if not answer.ok:
        return shown_or_refused(answer)
    preview = {"rule": rule, "days": shown.body["days"] if shown.ok else []}
    refused = None if shown.ok else shown
    return _opportunity(opportunity_id, answer.body, answer.tag, refused=refused, preview=preview)


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


def _opportunity_said() -> dict[str, Any]:
    said: dict[str, Any] = {
        "title": both("title"),
        "description": both("description"),
        "host": both("host"),
        "location": both("location"),
        "block": request.form.get("block", "").strip() or None,
        "minimum_age": number_of("minimum_age"),
        "targets": many_of("targets"),
        "review": "review" in request.form,
        "published": "published" in request.form,
    }
    return {name: value for name, value in said.items() if value is not None or name not in ("title", "location")}


def _opportunity(
    opportunity_id: UUID | None,
    said: Any,
    match: str | None,
    refused: Answer | None = None,
    preview: Any = None,
) -> str:
    title = _("New opportunity") if opportunity_id is None else said["title"]
    shown = {"said_": said, "match": match, "refused": refused, "preview": preview, "weekdays": _WEEKDAYS}
    return page("opportunity.html", title=title, opportunity_id=opportunity_id, **shown)
