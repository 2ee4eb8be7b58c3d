"""What staff see of templates and of what did not arrive; what providers and mail clients call."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, render_template_string, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.http import access
from asimati.http.headers import styled
from asimati.http.pages import page_of
from asimati.http.queues import DESKS, Desk
from asimati.kit import audit, words
from asimati.kit.errors import IllegalMove, Malformed, NotFound, Unauthenticated
from asimati.kit.pages import Page, PageArgs, paginate
from asimati.kit.policy import Actor
from asimati.kit.words import _
from asimati.notifications import policy, receipts, templates, undelivered, unsubscribe
from asimati.notifications import staff_schemas as schemas
from asimati.notifications.api.blueprint import blp
from asimati.notifications.models import Notification, Template
from asimati.notifications.rules import Channel, Status

may = partial(access.staff_who, policy.MAY)
audit.SUBJECTS["notification"] = _("a notice sent to you")


@blp.get("/staff/templates", who=may("see_templates"), query=schemas.PageQuery, gives=page_of(schemas.TemplateOut))
def all_templates(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """What is said about each topic, and by which channels."""
    policy.require(actor, "see_templates")
    return paginate(tx, select(Template).where(~Template.retired), [Template.topic], query["page"])


@blp.get("/staff/templates/<topic>", who=may("see_templates"), gives=schemas.TemplateDetail, tagged=True)
def template(tx: Session, actor: Actor, topic: str) -> Any:
    """One template: its words, what they become with example data, what they cost, its versions."""
    policy.require(actor, "see_templates")
    return _detail(tx, templates.named(tx, topic))


@blp.post(
    "/staff/templates/<topic>/preview", who=may("see_templates"), takes=schemas.WordsIn, gives=schemas.PreviewedOut
)
def try_out(tx: Session, actor: Actor, payload: dict[str, Any], topic: str) -> Any:
    """What other words would become and cost, before they are published."""
    policy.require(actor, "see_templates")
    found = templates.named(tx, topic)
    said = templates.words_of(found) | payload
    wrong = [f"{part}: {{{name}}}" for part, name in templates.unknown_fields(topic, said)]
    return templates.preview(topic, found.channels, said, found.example) | {"wrong": wrong}


@blp.patch(
    "/staff/templates/<topic>", who=may("edit_templates"), takes=schemas.WordsIn, gives=schemas.TemplateDetail
)
def publish(tx: Session, actor: Actor, payload: dict[str, Any], version: int | None, topic: str) -> Any:
    """Publish other words: a new version."""
    return _detail(tx, templates.edit(tx, actor, topic, version, payload))


def _detail(tx: Session, found: Template) -> dict[str, Any]:
    names = ("topic", "channels", "critical", "version", "edited", *templates.WORDS)
    return {name: getattr(found, name) for name in names} | {
        "placeholders": sorted(templates.carried(found.topic) or ()),
        "preview": templates.preview(found.topic, found.channels, templates.words_of(found), found.example),
        "versions": templates.history(tx, found.topic),
    }


@blp.get(
    "/staff/undelivered",
    who=may("see_undelivered"),
    query=schemas.UndeliveredQuery,
    gives=page_of(schemas.UndeliveredOut),
)
def not_arrived(tx: Session, actor: Actor, query: dict[str, Any]) -> Page:
    """Notices that did not arrive, or may not have; the newest first."""
    return _listed(tx, actor, **query)


def _listed(
    tx: Session, actor: Actor, page: PageArgs, channel: Channel | None = None, status: Status | None = None
) -> Page:
    found = undelivered.undelivered(actor, channel, status)
    return paginate(tx, found, [Notification.created_at.desc(), Notification.id.desc()], page)


@blp.post(
    "/staff/undelivered/<uuid:notification_id>/send-again",
    who=may("send_again"),
    gives=schemas.UndeliveredOut,
    refuses=(IllegalMove,),
)
def send_again(tx: Session, actor: Actor, notification_id: UUID) -> Notification:
    """Send a notice that did not arrive once more."""
    return undelivered.send_again(tx, actor, notification_id)


@blp.post(
    "/staff/undelivered/send-again",
    who=may("send_again"),
    takes=schemas.SendAgainIn,
    gives=schemas.SentAgainOut,
)
def send_all_again(tx: Session, actor: Actor, payload: dict[str, Any]) -> Any:
    """Send all that did not arrive once more, after a provider's outage say."""
    return {"count": undelivered.send_all_again(tx, actor, **payload)}


@blp.get("/staff/dead-letters", who=may("see_dead_letters"), gives=page_of(schemas.DeadLetterOut))
def dead_letters(tx: Session, actor: Actor) -> Page:
    """Messages of the house that could not be worked: of a fault here, not of a provider."""
    return Page(undelivered.dead_letters(tx, actor))


@blp.post(
    "/staff/dead-letters/revive", who=may("revive"), takes=schemas.ReviveIn, gives=schemas.SentAgainOut,
    refuses=[NotFound],
)  # fmt: skip
def revive(tx: Session, actor: Actor, payload: dict[str, Any]) -> Any:
    """Put one of them back in line, or all, once the cause is mended."""
    return {"count": undelivered.revive(tx, actor, payload.get("id"))}


DESKS.append(
    Desk(
        titles={"undelivered": _("Notices that did not arrive")},
        may=lambda actor: policy.may(actor, "see_undelivered"),
        counts=undelivered.waiting,
        items=lambda tx, actor, name, query: undelivered.queue(tx, actor, query["page"]),
        gives=schemas.UndeliveredOut,
        opens="person",
    )
)


@blp.post("/providers/<name>/receipts", who=access.anyone, refuses=(Unauthenticated, Malformed), cost="signal")
def told_later(tx: Session, actor: Actor, name: str) -> None:
    """What became of letters, signed by the provider that carried them."""
    receipts.receive(tx, name, dict(request.headers), request.get_data())


@blp.post("/providers/<name>/messages", who=access.anyone, refuses=(Unauthenticated, Malformed), cost="signal")
def taken_in(tx: Session, actor: Actor, name: str) -> None:
    """Messages that people sent to our number, signed by the provider that took them in."""
    receipts.take_in(tx, name, dict(request.headers), request.get_data())


PAGE = """<!doctype html>
<html lang="{{ language }}" dir="{{ 'ltr' if language == 'en' else 'rtl' }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{{ title }}</title>
<style>body { font: 1.1rem/1.8 system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem }
button { font: inherit; padding: .4rem 1.2rem }</style></head>
<body><h1>{{ title }}</h1><p>{{ text }}</p>
{% if button %}<form method="post"><button>{{ button }}</button></form>{% endif %}</body></html>"""
ASKED = _("No more mails like this?")
WHAT_STAYS = _("You will still find these notices in the app. You can change this in your settings at any time.")
STOP = _("Stop these mails")
DONE = _("Done: no more mails like this")


@blp.get("/unsubscribe/<token>", who=access.anyone, sends="text/html")
def ask_to_unsubscribe(tx: Session, actor: Actor, token: str) -> Response:
    """A page with one button: looking at the link alone ends nothing, for scanners look at links too."""
    unsubscribe.read(token)
    return _page(ASKED, STOP)


@blp.post("/unsubscribe/<token>", who=access.anyone, sends="text/html")
def stop_mails(tx: Session, actor: Actor, token: str) -> Response:
    """One click, by a mail client (RFC 8058) or by the page's button."""
    unsubscribe.end(tx, token)
    return _page(DONE)


def _page(title: str, button: str = "") -> Response:
    say = words.translate
    page = render_template_string(
        PAGE,
        language=words.language(),
        title=say(title),
        text=say(WHAT_STAYS),
        button=say(button) if button else "",
    )
    return styled(page)
