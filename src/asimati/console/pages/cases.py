"""The review queues and the case: seeing, claiming, asking, referring, answering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import flash, g, request

from asimati.console.asking import Answer, ask, listed, need, public, said, steady
from asimati.console.forms import both, form_of
from asimati.console.frame import back, blp, page, shown_or_refused, taken
from asimati.console.mapping import map_of
from asimati.console.names import NAMES
from asimati.kit.words import _, translate
from asimati.service_requests import policy

# Moves that say something to the resident, and those that need more than words.
TELLING = frozenset({"ask", "resolve", "decline", "refer", "return", "reopen", "approve", "propose"})
GIVING = frozenset({"assign", "hand_over"})
CASE_QUEUES = frozenset({"mine", "unassigned", "overdue", "referred", "waiting", "due-today", "due_today", "open"})
# The other queues have pages of their own.
ELSEWHERE = {
    "sign-ups": "sign_ups", "hours": "hours", "bookings": "bookings", "undelivered": "undelivered",
    "appointments": "appointments", "appeals": "appeals", "hours-disputes": "disputes",
    "data-requests": "data_requests", "data-to-pass-on": "data_requests", "integrity": "integrity",
    "guardians": "guardians", "opportunities": "offers",
    "account_merges": "account_merges",
}  # fmt: skip


@blp.get("/queues")
def queues() -> Any:
    """All queues with their counts."""
    return page("queues.html", title=_("Queues"), queues=listed("/staff/queues"), elsewhere=ELSEWHERE)


_ASKED = (
    "q", "service", "department", "area", "block", "channel", "kind", "status", "holder", "entity", "filed_from",
    "filed_to", "due_from", "due_to", "order", "after",
)  # fmt: skip
_OPEN_STATES = ("submitted", "in_review", "waiting", "referred", "proposed")
_ORDERS = {
    "due": _("Most urgent first"), "oldest": _("Oldest first"), "newest": _("Newest first"),
    "changed": _("Last changed first"),
}  # fmt: skip


@blp.get("/queues/<name>")
def queue(name: str) -> Any:
    """The cases of one queue, the most urgent first."""
    if name in ELSEWHERE:
        return back(ELSEWHERE[name])
    asked = {part: request.args.get(part) or None for part in _ASKED}
    found = need(f"/staff/queues/{name}", limit=50, **asked)
    queues = listed("/staff/queues")
    title = next((one["title"] for one in queues if one["name"] == name), NAMES["queue"].get(name, name))
    if found["items"] and "service" not in found["items"][0]:
        return page("any_queue.html", title=title, found=found, name=name)
    return page(
        "queue.html",
        title=title,
        name=name,
        found=found,
        asked=asked,
        orders=_ORDERS,
        channels=list(NAMES["channel"]),
        kinds=list(NAMES["kind"]),
        states=_OPEN_STATES,
        officers=steady("/staff/officers", in_pages=False),
        departments=steady("/staff/departments", in_pages=False),
        entities=steady("/staff/entities"),
        queues=queues,
        elsewhere=ELSEWHERE,
        services=public("/services"),
        areas=_areas(),
    )


def _areas() -> list[dict[str, str]]:
    """The parts of the governorate, each once, as the reader's language orders them."""
    named = {one["area"]["ar"]: one["area"] for one in public("/places/blocks")}
    return sorted(named.values(), key=said)


@blp.post("/queues/<name>/bulk")
def bulk(name: str) -> Any:
    """One move for many cases, with a result for each."""
    move, results = request.form["move"], []
    for reference in request.form.getlist("reference")[:50]:
        key = f"{request.form['key']}-{reference}"
        answer = ask("POST", f"/staff/service-requests/{reference}/{move}", payload={}, key=key)
        results.append({"reference": reference, "ok": answer.ok, "problem": answer.problem})
    title = NAMES["move"].get(move, move)
    return page("bulk.html", title=title, name=name, results=results)


@blp.get("/cases/<reference>")
def case(reference: str) -> Any:
    """A case: the answers as the resident saw them, the clock, the thread, and what can be done now."""
    answer = ask("GET", f"/staff/service-requests/{reference}")
    return _shown(answer, reference)


@blp.get("/cases/<reference>/attachments/<uuid:file_id>")
def attachment(reference: str, file_id: UUID) -> Any:
    """A file of the case, to take away."""
    return taken(ask("GET", f"/staff/service-requests/{reference}/attachments/{file_id}"))


@blp.get("/letters/<letter>/pdf")
def letter(letter: str) -> Any:
    """A letter issued from a case, to print."""
    return taken(ask("GET", f"/staff/letters/{letter}/pdf"))


@blp.post("/cases/<reference>/<move>")
def move(reference: str, move: str) -> Any:
    """One move. When somebody else was quicker, the page says so and keeps what was typed."""
    payload: dict[str, Any] = form_of("note", "entity", "reviewer", "reason", "template", "into")
    if message := both("message"):
        payload["message"] = message
    step = move.replace("_", "-")  # as the API's addresses have it
    answer = ask(
        "POST", f"/staff/service-requests/{reference}/{step}", payload=payload,
        key=request.form.get("key"), match=request.form.get("match") or None,
    )  # fmt: skip
    if answer.ok:
        flash(translate(_("Done: {move}.")).format(move=translate(NAMES["move"].get(move, move))), "done")
        return back("case", reference=reference)
    fresh = ask("GET", f"/staff/service-requests/{reference}")
    return _shown(fresh, reference, refused=answer, tried=move, typed=request.form), answer.status


def _shown(answer: Answer, reference: str, **more: Any) -> Any:
    if not answer.ok:
        return shown_or_refused(answer)
    found = answer.body
    moves = open_moves(found)
    facts: dict[str, Any] = {"refused": None, "tried": None, "typed": {}, **more}
    return page(
        "case.html",
        title=reference,
        case=found,
        match=answer.tag,
        fields=answered(found),
        place=map_of(found.get("location")),
        entities=steady("/staff/entities") if "refer" in moves else [],
        officers=listed("/staff/officers", case=reference) if GIVING & set(moves) else [],
        files=listed(f"/staff/service-requests/{reference}/attachments"),
        letters=listed(f"/staff/service-requests/{reference}/letters"),
        moves=moves,
        replies=fitting(listed(f"/staff/service-requests/{reference}/replies")) if TELLING & set(moves) else {},
        telling=TELLING,
        **facts,
    )


def fitting(replies: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The texts to begin an answer with, by the move they fit."""
    return {move: [one for one in replies if not one["moves"] or move in one["moves"]] for move in TELLING}


def open_moves(found: Mapping[str, Any]) -> list[str]:
    """The legal next moves that whoever looks may make, by the same policy that would refuse the others."""
    own = found["claimed_by"] in (None, str(g.staff.id)) or policy.may(g.staff, "stand_in")
    return [move for move in found["moves"] if own and policy.may(g.staff, move)]


def answered(found: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """The answers with the labels of the form they were given on, in its order."""
    ui, given = found["form"]["ui"] or {}, found["answers"] or {}
    order = sorted(given, key=lambda name: (ui.get(name) or {}).get("order", 99))
    shown = []
    for name in order:
        about, value = ui.get(name) or {}, given[name]
        options = about.get("options") or {}
        values = [options.get(str(one), one) for one in (value if isinstance(value, list) else [value])]
        shown.append((about.get("label") or name, values))
    return shown
