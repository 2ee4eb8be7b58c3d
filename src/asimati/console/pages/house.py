"""The house itself: who works here with which authority, and the partner systems that listen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g, request

from asimati.console.asking import ask, need, steady
from asimati.console.forms import both, form_of, many_of, moment_of
from asimati.console.frame import act, back, blp, page, shown_or_refused
from asimati.kit.policy import Role
from asimati.kit.words import _

SCOPES = ("department", "area", "service", "programme")


@blp.get("/members")
def members() -> Any:
    """The staff and their roles."""
    found = need("/staff/members", limit=50, after=request.args.get("after"))
    return page(
        "members.html", title=_("Staff and roles"), found=found, made=None, refused=None, all_roles=list(Role)
    )


@blp.get("/members/<uuid:staff_id>")
def member(staff_id: UUID) -> Any:
    """One member of staff: roles with their scopes and times, to grant and to end."""
    return _member(staff_id)


def _member(staff_id: UUID, told: Any = None) -> Any:
    answer = ask("GET", f"/staff/members/{staff_id}")
    if not answer.ok:
        return shown_or_refused(answer)
    return page(
        "member.html", title=answer.body["name"], member=answer.body, told=told, all_roles=list(Role), scopes=SCOPES
    )


@blp.post("/members")
def add_member() -> Any:
    """A new colleague; the first password is shown this once."""
    payload = {**form_of("email"), "name": both("name") or {}, "roles": request.form.getlist("roles")}
    answer = ask("POST", "/staff/members", payload=payload, key=request.form.get("key"))
    found = need("/staff/members", limit=50)
    made = {"email": payload.get("email"), **answer.body} if answer.ok else None
    return page(
        "members.html", title=_("Staff and roles"), found=found, made=made, refused=None if answer.ok else answer,
        all_roles=list(Role),
    )  # fmt: skip


@blp.post("/members/<uuid:staff_id>/password")
def reset_password(staff_id: UUID) -> Any:
    """A colleague forgot their password; the new one is shown this once."""
    answer = ask("POST", f"/staff/members/{staff_id}/password", key=request.form.get("key"))
    return _member(staff_id, told=answer.body) if answer.ok else shown_or_refused(answer)


@blp.post("/members/<uuid:staff_id>/close")
def close_member(staff_id: UUID) -> Any:
    """Somebody works here no more: no role, no way in."""
    act("DELETE", f"/staff/members/{staff_id}", done=_("The account was closed."))
    return back("member", staff_id=staff_id)


@blp.get("/delegations")
def delegations() -> Any:
    """Roles lent for a time, by me and to me."""
    mine = need("/staff/me")
    return page(
        "delegations.html", title=_("Lending a role"), found=need("/staff/delegations", limit=50), mine=mine,
        me=str(g.staff.id), colleagues=steady("/staff/colleagues"),
    )  # fmt: skip


@blp.post("/delegations")
def delegate() -> Any:
    """Lend one of my roles to a colleague until a day."""
    payload: dict[str, Any] = {**form_of("grant", "to", "reason"), "ends_at": moment_of("ends_at")}
    act("POST", "/staff/delegations", payload, done=_("Lent."))
    return back("delegations")


@blp.post("/delegations/<uuid:grant_id>/end")
def end_delegation(grant_id: UUID) -> Any:
    """Take a lent role back."""
    act("DELETE", f"/staff/delegations/{grant_id}", done=_("Taken back."))
    return back("delegations")


@blp.post("/members/<uuid:staff_id>/grants")
def grant(staff_id: UUID) -> Any:
    """Grant a role, in all of the house or in a part of it, for good or for a time."""
    payload: dict[str, Any] = form_of("role", "reason")
    if scopes := {kind: values for kind in SCOPES if (values := many_of(f"scope-{kind}"))}:
        payload["scopes"] = scopes
    if ends := moment_of("ends_at"):
        payload["ends_at"] = ends
    act("POST", f"/staff/members/{staff_id}/grants", payload, done=_("Granted."))
    return back("member", staff_id=staff_id)


@blp.post("/members/<uuid:staff_id>/grants/<uuid:grant_id>/end")
def end_grant(staff_id: UUID, grant_id: UUID) -> Any:
    """Take a role back."""
    act("DELETE", f"/staff/grants/{grant_id}", done=_("Taken back."))
    return back("member", staff_id=staff_id)


@blp.post("/members/<uuid:staff_id>/clearance")
def clear_member(staff_id: UUID) -> Any:
    """Clear somebody for confidential cases until a day."""
    payload: dict[str, Any] = {**form_of("reason"), "ends_at": moment_of("clear_until")}
    act("PUT", f"/staff/members/{staff_id}/clearance", payload, done=_("Cleared."))
    return back("member", staff_id=staff_id)


@blp.post("/members/<uuid:staff_id>/clearance/end")
def end_clearance(staff_id: UUID) -> Any:
    """Take a clearance back."""
    act("DELETE", f"/staff/members/{staff_id}/clearance", done=_("Taken back."))
    return back("member", staff_id=staff_id)


@blp.post("/members/<uuid:staff_id>/sessions/end")
def end_sessions(staff_id: UUID) -> Any:
    """Sign somebody out everywhere."""
    act("DELETE", f"/staff/members/{staff_id}/sessions", done=_("Signed out everywhere."))
    return back("member", staff_id=staff_id)


@blp.get("/webhooks")
def webhooks() -> Any:
    """Partner systems that hear of what happens here."""
    return page("webhooks.html", title=_("Partner systems"), found=need("/staff/webhooks", limit=50))


@blp.get("/webhooks/<uuid:webhook_id>")
def webhook(webhook_id: UUID) -> Any:
    """What was sent to one of them, and what it answered."""
    found = need(f"/staff/webhooks/{webhook_id}")
    sent = need(f"/staff/webhooks/{webhook_id}/deliveries", limit=50, after=request.args.get("after"))
    return page("webhook.html", title=found["name"], webhook=found, found=sent)


@blp.post("/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay")
def replay(webhook_id: UUID, delivery_id: UUID) -> Any:
    """Send one of them once more."""
    act("POST", f"/staff/webhooks/deliveries/{delivery_id}/replay", done=_("It is being sent again."))
    return back("webhook", webhook_id=webhook_id)
