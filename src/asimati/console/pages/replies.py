"""The texts that answers begin with."""

from __future__ import annotations

from typing import Any

from flask import flash, request

from asimati.console.asking import ask, need
from asimati.console.forms import both, form_of, many_of
from asimati.console.frame import back, blp, page
from asimati.kit.words import _, translate
from asimati.service_requests.replies.actions import EXAMPLES, MOVES


@blp.get("/replies")
def replies() -> Any:
    """All of them, those out of use too."""
    return _page()


@blp.get("/replies/<code>")
def reply(code: str) -> Any:
    """One text: its words, what they become, and what it said before."""
    found = need(f"/staff/reply-templates/{code}")
    shown = ask("POST", "/staff/reply-templates/preview", payload={part: found[part] for part in ("title", "text")})
    versions = need(f"/staff/reply-templates/{code}/versions")["items"]
    return page(
        "reply.html", title=found["title"], reply=found, shown=shown.body if shown.ok else {}, versions=versions,
        **_choices(),
    )  # fmt: skip


@blp.post("/replies")
def add_reply() -> Any:
    """A new text; before it is kept, what it would become."""
    said = {**form_of("code"), **_words()}
    if "look" in request.form:
        return _page(typed=said, shown=ask("POST", "/staff/reply-templates/preview", payload=_only_words(said)))
    answer = ask("POST", "/staff/reply-templates", payload=said, key=request.form.get("key"))
    if not answer.ok:
        return _page(typed=said, refused=answer), answer.status
    flash(translate(_("Saved.")), "done")
    return back("reply", code=said.get("code"))


@blp.post("/replies/<code>")
def change_reply(code: str) -> Any:
    """Other words, or out of use."""
    said: dict[str, Any] = {"retired": request.form["retire"] == "yes"} if "retire" in request.form else _words()
    tag = ask("GET", f"/staff/reply-templates/{code}").tag
    answer = ask("PATCH", f"/staff/reply-templates/{code}", payload=said, match=tag)
    flash(translate(_("Saved.")) if answer.ok else answer.problem, "done" if answer.ok else "refused")
    return back("reply", code=code)


def _page(**facts: Any) -> str:
    found = need("/staff/reply-templates")
    given: dict[str, Any] = {"typed": {}, "shown": None, "refused": None, **facts}
    return page("replies.html", title=_("Texts for answers"), found=found, **given, **_choices())


def _choices() -> dict[str, Any]:
    return {"fields": list(EXAMPLES), "all_moves": [str(move) for move in MOVES]}


def _words() -> dict[str, Any]:
    words = {part: value for part in ("title", "text") if (value := both(part))}
    return {**words, "services": many_of("services"), "moves": request.form.getlist("moves")}


def _only_words(said: dict[str, Any]) -> dict[str, Any]:
    return {part: said[part] for part in ("title", "text") if part in said}
