"""All tables in one place, for whoever needs the whole of `Base.metadata`: migrations and tests."""

from importlib import import_module

import asimati.places.models as places
from asimati.accounts import models as accounts
from asimati.accounts import privacy  # noqa: F401 - what is sealed there is sealed anew first
from asimati.appointments import models as appointments
from asimati.credentials import models as credentials
from asimati.dataprotection import models as dataprotection
from asimati.events import models as events
from asimati.files import models as files
from asimati.http import limits, writes
from asimati.impact import models as impact
from asimati.integrity import models as integrity
from asimati.kit import audit, jobs, outbox, reminders
from asimati.kit.db import Base
from asimati.notifications import models as notifications
from asimati.service_requests import models as service_requests
from asimati.service_requests.intake import models as intake
from asimati.service_requests.letters import models as letters
from asimati.service_requests.replies import models as replies
from asimati.volunteering import models as volunteering

for _room in (
    "files",
    "credentials",
    "appointments",
    "events",
    "service_requests",
    "volunteering",
    "notifications",
    "dataprotection",
    "integrity",
):  # what each keeps of people: which columns are sealed, exported, erased, and when
    import_module(f"asimati.{_room}.privacy")

metadata = Base.metadata
__all__ = [
    "accounts",
    "appointments",
    "audit",
    "credentials",
    "dataprotection",
    "events",
    "files",
    "impact",
    "intake",
    "integrity",
    "jobs",
    "letters",
    "limits",
    "metadata",
    "notifications",
    "outbox",
    "places",
    "reminders",
    "replies",
    "service_requests",
    "volunteering",
    "writes",
]
