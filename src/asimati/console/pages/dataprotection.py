"""The data-protection desk, whose file is opened and why, the records of processing, and the integrity channel."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, request

from asimati.console.asking import Answer, ask, may, need
from asimati.console.forms import form_of
from asimati.console.frame import act, back, blp, page, shown_or_refused, taken
from asimati.console.names import NAMES
from asimati.kit.words import _, translate
from asimati.settings import settings

# What an officer corrects on somebody's behalf.
CORRECTED = ("name_ar", "name_latin", "sex", "birth_date", "nationality", "flat", "building", "road", "block")


@blp.get("/data-requests")
def data_requests() -> Any:
    """What people ask about their data, the law's clock beside each."""
    found = need("/staff/queues/data-requests", limit=50, after=request.args.get("after"))
    late = may("/staff/queues/data-to-pass-on", limit=50) or {"items": []}
    return page("data_requests.html", title=_("Data-protection requests"), found=found, to_pass_on=late["items"])


@blp.get("/data-requests/<reference>")
def data_request(reference: str) -> Any:
    """One request: what is asked, what an erasure would leave and why, the answer."""
    return _shown(reference)


@blp.post("/data-requests/<reference>/<any(claim, 'carry-out', refuse, 'passed-on'):step>")
def step_data_request(reference: str, step: str) -> Any:
    """Take it, carry it out, refuse it with reasons, or note that others were told. What was typed is kept."""
    payload: dict[str, Any] | None = form_of("answer") if step in ("carry-out", "refuse") else None
    if step == "carry-out" and payload is not None and (changes := form_of(*CORRECTED)):
        payload["changes"] = changes
    answer = ask("POST", f"/staff/data-requests/{reference}/{step}", payload=payload, key=request.form.get("key"))
    if not answer.ok:
        return _shown(reference, refused=answer, typed=request.form.get("answer", "")), answer.status
    flash(translate(_("Done.")), "done")
    return back("data_request", reference=reference)


@blp.get("/data-requests/<reference>/archive")
def data_archive(reference: str) -> Any:
    """The person's whole file, to hand over."""
    return taken(ask("GET", f"/staff/data-requests/{reference}/archive"))


@blp.get("/people")
def people() -> Any:
    """Finding a person by what only they would say."""
    return page("people.html", title=_("A person's file"), refused=None, nobody=False)


@blp.post("/people")
def find_person() -> Any:
    """To the file of whoever has this telephone or personal number."""
    answer = ask("POST", "/staff/people/find", payload=form_of("phone", "cpr"))
    if answer.ok and answer.body["person"]:
        return back("person", person_id=answer.body["person"])
    refused = None if answer.ok else answer
    return page("people.html", title=_("A person's file"), refused=refused, nobody=answer.ok)


@blp.get("/people/<uuid:person_id>")
def person(person_id: UUID) -> Any:
    """A person's file, masked unless it was opened with a reason a moment ago."""
    return _file(need(f"/staff/people/{person_id}"))


@blp.post("/people/<uuid:person_id>/unmask")
def unmask(person_id: UUID) -> Any:
    """Open what is masked, for some minutes and with a reason that the person reads."""
    payload = form_of("purpose", "reason")
    answer = ask("POST", f"/staff/people/{person_id}/unmask", payload=payload, key=request.form.get("key"))
    return _file(answer.body if answer.ok else need(f"/staff/people/{person_id}"), None if answer.ok else answer)


@blp.post("/people/<uuid:person_id>/sign-out")
def sign_out_person(person_id: UUID) -> Any:
    """Somebody lost a telephone: nobody is signed in as them any more."""
    act("DELETE", f"/staff/people/{person_id}/sessions", done=_("Signed out everywhere."))
    return back("person", person_id=person_id)


@blp.post("/people/<uuid:person_id>/restrictions/<uuid:restriction_id>/end")
def end_restriction(person_id: UUID, restriction_id: UUID) -> Any:
    """Data that were blocked may be used again."""
    act("DELETE", f"/staff/restrictions/{restriction_id}", done=_("Taken back."))
    return back("person", person_id=person_id)


@blp.get("/processing-records")
def processing_records() -> Any:
    """What is kept of people, why, on which legal ground and for how long."""
    return page(
        "records.html", title=_("Records of processing"), found=need("/staff/processing-records"),
        unmaskings=(may("/staff/unmaskings", limit=50) or {"items": []})["items"],
    )  # fmt: skip


@blp.get("/processing-records.xlsx")
def processing_records_table() -> Any:
    """The same as a table to take away."""
    return taken(ask("GET", "/staff/processing-records.xlsx"))


@blp.get("/integrity")
def integrity() -> Any:
    """Reports that came without a name."""
    found = need("/staff/integrity-reports", limit=50, after=request.args.get("after"))
    return page("integrity.html", title=_("Integrity reports"), found=found)


@blp.get("/integrity/<reference>")
def integrity_report(reference: str) -> Any:
    """One report and what was written back and forth."""
    found = need(f"/staff/integrity-reports/{reference}")
    return page("integrity_report.html", title=reference, report=found, outcomes=list(NAMES["finding"]))


@blp.post("/integrity/<reference>/<any(messages, close):step>")
def step_integrity(reference: str, step: str) -> Any:
    """Write back to whoever holds the code, or close the report with what was found."""
    payload = form_of("text", "outcome") if step == "close" else form_of("text")
    act("POST", f"/staff/integrity-reports/{reference}/{step}", payload, done=_("Done."))
    return back("integrity_report", reference=reference)


def _file(found: Any, refused: Answer | None = None) -> Any:
    title = {"ar": found["name_ar"] or found["name_latin"], "en": found["name_latin"] or found["name_ar"]}
    theirs = may(f"/staff/people/{found['id']}/household", limit=50) or {"items": []}
    return page(
        "person.html", title=title if title["ar"] else _("A person's file"), person=found, refused=refused,
        household=theirs["items"], title_of=_titles,
        purposes=list(NAMES["purpose"]),
    )  # fmt: skip


def _shown(reference: str, refused: Answer | None = None, typed: str = "") -> Any:
    answer = ask("GET", f"/staff/data-requests/{reference}")
    if not answer.ok:
        return shown_or_refused(answer)
    erasing = answer.body["kind"] == "erase" and answer.body["status"] in ("open", "in_hand")
    plan = may(f"/staff/data-requests/{reference}/plan") if erasing else None
    return page(
        "data_request.html", title=reference, data=answer.body, plan=plan, refused=refused, typed=typed,
        corrected=CORRECTED if answer.body["kind"] == "rectify" else (), title_of=_titles,
    )  # fmt: skip


def _titles(kind: str, code: str) -> Any:
    """What the pack calls a group of data (`group`) or a consent."""
    return next(
        (one["title"] for one in settings().governorate.facts["privacy"][kind] if one["code"] == code), code
    )
