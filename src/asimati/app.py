"""The application: the features' routes behind one edge."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

import asimati.places.api as places
from asimati import models  # noqa: F401 - every table is known before the first query
from asimati.accounts import api as accounts
from asimati.accounts import api_keys_api as api_keys
from asimati.accounts import audit_api as audit
from asimati.accounts import calendar_api as calendar
from asimati.accounts import dev_api as dev_accounts
from asimati.accounts import household_api as household
from asimati.accounts import keys_api as keys
from asimati.accounts import proofs_api as proofs
from asimati.accounts import sign_on_api as sign_on
from asimati.accounts import staff_api as staff
from asimati.accounts.api_keys import reader_of
from asimati.accounts.callers import identify
from asimati.accounts.sign_on.providers import providers as sign_on_providers
from asimati.appointments import api as appointments
from asimati.console import blp as console
from asimati.credentials import api as credentials
from asimati.credentials import well_known
from asimati.dataprotection import api as dataprotection
from asimati.dataprotection import merging_api as account_merges
from asimati.dataprotection import staff_api as dataprotection_desk
from asimati.events import after_api as events_after
from asimati.events import api as events
from asimati.http import access, headers, health, metrics, openapi, problems, queues
from asimati.http.shelf import Shelf
from asimati.impact import api as impact
from asimati.impact import page as impact_page
from asimati.impact import staff_api as impact_staff
from asimati.integrity import api as integrity
from asimati.kit import logs, outbox, secrets
from asimati.kit.db import transaction
from asimati.migrations import is_current
from asimati.notifications import api as notifications
from asimati.notifications import dev_api as dev_notifications
from asimati.open311 import api as open311
from asimati.pack import api as pack
from asimati.service_requests import api as service_requests
from asimati.service_requests import attachments_api as attachments
from asimati.service_requests import entities
from asimati.service_requests.intake import api as intake
from asimati.service_requests.letters import api as letters
from asimati.service_requests.replies import api as replies
from asimati.settings import settings
from asimati.volunteering import api as volunteering
from asimati.volunteering import calling_api as volunteer_calling
from asimati.volunteering import care_api as volunteer_care
from asimati.volunteering import editions_api as editions
from asimati.volunteering import entities_api as volunteer_entities
from asimati.volunteering import hours_api as volunteering_hours
from asimati.volunteering import joining_api as volunteer_joining
from asimati.volunteering import offers_api as offers
from asimati.volunteering import passport_api as passport
from asimati.volunteering import profiles_api as volunteers
from asimati.volunteering import swaps_api as swaps

ROOMS = (
    accounts,
    staff,
    proofs,
    household,
    api_keys,
    sign_on,
    audit,
    keys,
    calendar,
    dataprotection,
    dataprotection_desk,
    account_merges,
    integrity,
    places,
    credentials,
    well_known,
    queues,
    service_requests,
    intake,
    attachments,
    entities,
    letters,
    replies,
    appointments,
    volunteering,
    volunteering_hours,
    swaps,
    volunteer_entities,
    offers,
    passport,
    volunteers,
    volunteer_care,
    volunteer_joining,
    volunteer_calling,
    editions,
    events,
    events_after,
    notifications,
    impact,
    impact_page,
    impact_staff,
    open311,
    pack,
)
DEVELOPMENT_ROOMS = (dev_accounts, dev_notifications)


class _Json(DefaultJSONProvider):
    ensure_ascii = False
    sort_keys = False


def create_app() -> Flask:
    """The WSGI application of this process."""
    logs.configure()
    sign_on_providers()  # an unsound description stops the start
    app = Flask("asimati", static_folder=None)
    app.json = _Json(app)
    app.url_map.strict_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings().web.body_limit
    app.config["MAX_FORM_PARTS"] = 20
    if seconds := settings().web.shelf:
        app.wsgi_app = Shelf(app.wsgi_app, seconds)  # type: ignore[method-assign,assignment]
    behind_proxies(app)
    app.secret_key = secrets.mac(["what a page says once"], "flask")
    app.extensions[access.EXTENSION] = identify
    app.extensions[access.KEYS] = reader_of
    headers.install(app)
    metrics.install(app, gauges)
    problems.install(app)
    health.install(app, _schema_is_current)
    api = openapi.install(app)
    for room in ROOMS:
        api.register_blueprint(room.blp)
    if settings().profile != "production":
        for room in DEVELOPMENT_ROOMS:
            api.register_blueprint(room.blp)
    app.register_blueprint(console)
    return app


def behind_proxies(app: Flask) -> None:
    """Take the caller's address, scheme and host from as many proxies as are trusted; from none by default."""
    if proxies := settings().web.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]


def gauges() -> Mapping[str, float]:
    """The figures that tell whether the house keeps up."""
    with transaction() as tx:
        box = outbox.health(tx)
        sent = accounts.codes_sent(tx)
        tallies = impact.queries.gauges(tx)
    return {
        **tallies,
        "outbox_oldest_seconds": box["oldest_seconds"],
        "outbox_waiting": box["waiting"],
        "outbox_dead_total": box["dead"],
        "otp_sent_total": sent,
    }


@cache
def _checked() -> list[bool]:
    return []


def _schema_is_current() -> bool:
    """Looked up until it is true once: a schema does not grow old under a running process."""
    if not _checked() and is_current():
        _checked().append(True)
    return bool(_checked())
