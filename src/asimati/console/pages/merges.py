"""Two accounts of one person: proposed by one of the staff, brought together upon another's word."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, request

from asimati.console.asking import Answer, ask, need
from asimati.console.forms import form_of
from asimati.console.frame import act, back, blp, page
from asimati.kit.words import _, translate


@blp.get("/account-merges")
def account_merges() -> Any:
    """What waits for a second person, and what was decided."""
    found = need("/staff/account-merges", limit=50, after=request.args.get("after"))
    return page("account_merges.html", title=_("Accounts to bring together"), found=found, refused=None, said={})


@blp.post("/account-merges")
def propose_merge() -> Any:
    """To what would happen: each account is found by a telephone or a personal number. What was typed is kept."""
    said = form_of("kept", "other", "reason")
    refused, whose = None, {}
    for side in ("kept", "other"):
        answer = _find(said.get(side, ""))
        if not answer.ok or not answer.body["person"]:
            refused = answer if not answer.ok else None
            break
        whose[side] = answer.body["person"]
    if len(whose) == 2:
        payload = {"reason": said.get("reason", ""), **whose}
        made = ask("POST", "/staff/account-merges", payload=payload, key=request.form.get("key"))
        if made.ok:
            return back("account_merge", merge_id=made.body["id"])
        refused = made
    elif refused is None:
        flash(translate(_("Nobody has this telephone or personal number.")), "refused")
    found = need("/staff/account-merges", limit=50)
    title = _("Accounts to bring together")
    return page("account_merges.html", title=title, found=found, refused=refused, said=said), 422


@blp.get("/account-merges/<uuid:merge_id>")
def account_merge(merge_id: UUID) -> Any:
    """Both accounts, what moves, what goes, and what stands in the way."""
    found = need(f"/staff/account-merges/{merge_id}")
    return page("account_merge.html", title=_("Two accounts, one person"), merge=found)


@blp.post("/account-merges/<uuid:merge_id>/<any(approve, refuse):step>")
def decide_merge(merge_id: UUID, step: str) -> Any:
    """Make them one, or say why not."""
    payload = form_of("answer") if step == "refuse" else None
    done = act("POST", f"/staff/account-merges/{merge_id}/{step}", payload, done=_("Decided."))
    if step == "refuse" and done.ok:
        return back("account_merges")
    return back("account_merge", merge_id=merge_id)


def _find(written: str) -> Answer:
    """Whoever has this telephone or personal number: nine digits are the latter."""
    digits = [char for char in written if char.isdecimal()]
    name = "cpr" if len(digits) == 9 and not written.strip().startswith("+") else "phone"
    return ask("POST", "/staff/people/find", payload={name: written})
