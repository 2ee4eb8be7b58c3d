"""The frame every page stands in: who asks, in which language, what they may open, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from asimati.console import session, showing
from asimati.console.asking import AT_ONCE, Answer, Refused, ask, said
from asimati.http import cookies, problems
from asimati.kit import words
from asimati.kit.errors import Refusal
from asimati.kit.policy import Role
from asimati.kit.words import _, translate
from asimati.settings import settings

blp = Blueprint("console", __name__, url_prefix="/console", template_folder="templates", static_folder="static")

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
LANGUAGE = "asimati_language"
_OPEN = {
    "console.sign_in", "console.sign_in_now", "console.static", "console.set_language", "console.locked",
    "console.unlock", "console.passkey_sign_in", "console.passkey_sign_in_options",
    "console.sign_on", "console.sign_on_back", "console.sign_on_factor",
}  # fmt: skip

# Pages that stand open where people come by: they keep themselves, and their sign-in, going.
_ATTENDED = {"console.door", "console.shift_code"}
_LARGE = {"console.import_events"}  # takes a file

for _name, _filter in showing.filters().items():
    blp.add_app_template_filter(_filter, _name)


_ANYBODY = frozenset(Role)
_CASES = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.AUDITOR})
_COORDINATION = frozenset({Role.COORDINATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})

_GUARDIANS = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.COORDINATOR})
_HEADS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
_WRITERS = _COORDINATION | {Role.AUDITOR}
_AUDIT = frozenset({Role.AUDITOR, Role.ADMINISTRATOR, Role.DATA_PROTECTION_OFFICER})
_OVERSEERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})

_VOICES = _COORDINATION | {Role.PARTNER_COORDINATOR, Role.AUDITOR}
_ADMINISTRATION = frozenset({Role.ADMINISTRATOR})
_DESK = frozenset({Role.DATA_PROTECTION_OFFICER})
_DECIDERS = frozenset({Role.COORDINATOR, Role.ADMINISTRATOR})

# The menu in its order. Each part has pages that stand beside each other, shown as tabs on each of them: endpoint,
# words, and the roles that have something to do there. The menu leads to the first page that one may open.
MENU = (
    (
        _("Today"),
        (("console.home", _("Today"), _ANYBODY), ("console.my_notices", _("Told to me"), _ANYBODY)),
    ),
    (
        _("Queues"),
        (
            ("console.queues", _("Queues"), _CASES | _COORDINATION),
            ("console.appointments", _("Appointments"), _CASES),
            ("console.guardians", _("Guardians to verify"), _GUARDIANS),
        ),
    ),
    (
        _("Events"),
        (
            ("console.events", _("Events"), _COORDINATION),
            ("console.programmes", _("Programmes"), _COORDINATION),
            ("console.bookings", _("Bookings to decide"), _COORDINATION),
            ("console.appeals", _("Appeals about fair use"), _DECIDERS),
        ),
    ),
    (_("The door"), (("console.doors", _("The door"), _COORDINATION),)),
    (
        _("Volunteering"),
        (
            ("console.shifts", _("Shifts"), _COORDINATION),
            ("console.opportunities", _("Opportunities"), _COORDINATION),
            ("console.offers", _("Opportunities to review"), _DECIDERS),
            ("console.sign_ups", _("Sign-ups"), _COORDINATION),
            ("console.hours", _("Hours to approve"), _COORDINATION),
            ("console.volunteer_entities", _("Organisations"), _WRITERS),
            ("console.disputes", _("Disputed hours"), _WRITERS),
        ),
    ),
    (
        _("Notices"),
        (
            ("console.broadcasts", _("Broadcasts"), _WRITERS),
            ("console.templates", _("Templates"), _WRITERS),
            ("console.undelivered", _("Not delivered"), _HEADS | {Role.AUDITOR}),
            ("console.dead_letters", _("Dead letters"), _OVERSEERS),
        ),
    ),
    (
        _("Impact"),
        (
            ("console.impact", _("Impact"), _ANYBODY),
            ("console.voices", _("Stories and partners"), _VOICES),
        ),
    ),
    (
        _("The house"),
        (
            ("console.members", _("Staff and roles"), _OVERSEERS),
            ("console.holidays", _("Holidays"), _ANYBODY),
            ("console.entities", _("Entities"), _CASES | _ADMINISTRATION),
            ("console.replies", _("Texts for answers"), _CASES | _ADMINISTRATION),
            ("console.pack", _("Services and pack"), _OVERSEERS),
            ("console.webhooks", _("Partner systems"), _OVERSEERS),
            ("console.api_keys", _("Keys of partners"), _ADMINISTRATION),
            ("console.delegations", _("Lending a role"), _ANYBODY),
        ),
    ),
    (
        _("Data protection"),
        (
            ("console.data_requests", _("Data-protection requests"), _DESK),
            ("console.people", _("A person's file"), _DESK | {Role.SUPERVISOR}),
            ("console.account_merges", _("Two accounts, one person"), _DESK | {Role.SUPERVISOR}),
            ("console.processing_records", _("Records of processing"), _AUDIT),
        ),
    ),
    (_("Integrity"), (("console.integrity", _("Integrity reports"), frozenset({Role.INTEGRITY_OFFICER})),)),
    (_("Audit"), (("console.audit", _("Audit"), _AUDIT),)),
)


@blp.before_request
def arrive() -> AnyResponse | None:
    words._language.set(words.as_language(cookies.read(LANGUAGE)))
    if request.endpoint == "console.static":
        return None
    if request.endpoint in _LARGE:
        request.max_content_length = settings().files.size
    session.adopt()
    if request.method == "POST":
        session.require_own_form()
    if g.staff is None and request.endpoint not in _OPEN:
        door = "console.locked" if g.locked else "console.sign_in"
        return redirect(url_for(door, next=request.full_path.rstrip("?")))
    return None


@blp.after_request
def leave(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    # Without a referrer browsers send forms with the origin "null", and we want to see that they are ours.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"
    if request.endpoint == "console.static":
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response
    response.headers["Cache-Control"] = "private, no-store"
    return session.write_cookie(response)


@blp.errorhandler(Refused)
def refused(fault: Refused) -> Any:
    """The API said no: the reason, on a page."""
    if fault.answer.slug in AT_ONCE and request.endpoint != "console.me":
        return redirect(url_for("console.me"))
    if fault.answer.status == 401:
        return redirect(url_for("console.sign_in", next=request.full_path.rstrip("?")))
    return shown_or_refused(fault.answer)


@blp.errorhandler(Refusal)
def refusal(fault: Refusal) -> Any:
    """A refusal of our own."""
    problem = problems.answer(fault)
    return shown_or_refused(Answer(problem.status_code, problem.get_json(), None, problem))


def page(template: str, *, title: str | Mapping[str, Any], **facts: Any) -> str:
    """A page in its frame; its title is words of ours, or the bilingual name of what it shows."""
    roles = g.staff.roles if g.get("staff") else frozenset()
    return render_template(
        template,
        title=said(title) if isinstance(title, Mapping) else translate(title),
        menu=_menu(roles),
        roles={str(role) for role in roles},
        one_of=lambda *named: not roles.isdisjoint(map(Role, named)),
        language=words.language(),
        direction="rtl" if words.language() == "ar" else "ltr",
        governorate=settings().governorate.facts["name"],
        mark=g.get("mark", ""),
        idle=settings().staff.idle_minutes * 60 if g.get("staff") and request.endpoint not in _ATTENDED else None,
        new_key=lambda: uuid4().hex,
        _=translate,
        name_of=showing.name_of,
        **facts,
    )


def _menu(roles: frozenset[Role]) -> list[dict[str, Any]]:
    """The parts of the console this person has something to do in, with their pages."""
    parts = []
    for title, pages in MENU:
        mine = [(endpoint, translate(words_)) for endpoint, words_, for_ in pages if roles & for_]
        if mine:
            here = any(endpoint == request.endpoint for endpoint, _words in mine)
            parts.append({"title": translate(title), "pages": mine, "here": here})
    return parts


def act(method: str, path: str, payload: Any = None, *, done: str) -> Answer:
    """Do what a form asks, once, and say how it went."""
    answer = ask(
        method, path, payload=payload, key=request.form.get("key"), match=request.form.get("match") or None
    )
    flash(translate(done) if answer.ok else answer.problem, "done" if answer.ok else "refused")
    return answer


def back(endpoint: str, **values: Any) -> AnyResponse:
    """To a page, after a form (303: the form is not sent again by a reload)."""
    return redirect(url_for(f"console.{endpoint}", **values), 303)


def shown_or_refused(answer: Answer) -> Any:
    """The page that says why the API refused to show a thing."""
    return page("refused.html", title=_("This page cannot be shown"), answer=answer), answer.status


def taken(answer: Answer) -> Any:
    """A file the API made, to take away; the reason, where it made none."""
    if not answer.ok:
        return shown_or_refused(answer)
    names = ("Content-Type", "Content-Disposition", "X-Content-Type-Options")
    kept = {name: answer.raw.headers[name] for name in names if name in answer.raw.headers}
    return Response(answer.raw.get_data(), headers=kept)


def inside(target: str | None) -> str:
    """A path of the console to go on to; the first page for anything else."""
    return target if target and target.startswith("/console/") and "\\" not in target else url_for("console.home")
