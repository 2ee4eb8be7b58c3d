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
from asimati.accounts import audit_api as audit
from asimati.accounts import calendar_api as calendar
from asimati.accounts import dev_api as dev_accounts
from asimati.accounts import keys_api as keys
from asimati.accounts import proofs_api as proofs
from asimati.accounts import staff_api as staff
from asimati.accounts.callers import identify
from asimati.appointments import api as appointments
from asimati.console import blp as console
from asimati.credentials import api as credentials
from asimati.credentials import well_known
from asimati.events import after_api as events_after
from asimati.events import api as events
from asimati.http import access, headers, health, metrics, openapi, problems, queues
from asimati.http.shelf import Shelf
from asimati.impact import api as impact
from asimati.impact import page as impact_page
from asimati.impact import staff_api as impact_staff
from asimati.kit import logs, outbox, secrets
from asimati.kit.db import transaction
from asimati.migrations import is_current
from asimati.notifications import api as notifications
from asimati.notifications import dev_api as dev_notifications
from asimati.open311 import api as open311
from asimati.open311 import keys_api as open311_keys
from asimati.service_requests import api as service_requests
from asimati.service_requests import attachments_api as attachments
from asimati.service_requests.letters import api as letters
from asimati.settings import settings
from asimati.volunteering import api as volunteering

ROOMS = (
    accounts,
    staff,
    proofs,
    audit,
    keys,
    calendar,
    places,
    credentials,
    well_known,
    queues,
    service_requests,
    attachments,
    letters,
    appointments,
    volunteering,
    events,
    events_after,
    notifications,
    impact,
    impact_page,
    impact_staff,
