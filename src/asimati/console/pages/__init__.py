"""The pages, a file for each part of the house. Importing them puts their routes on the blueprint."""

from asimati.console.pages import (
    appointments,
    audit,
    cases,
    dataprotection,
    events,
    governorate,
    home,
    house,
    households,
    impact,
    me,
    messages,
    notices,
    replies,
    sign_on,
    volunteering,
)

__all__ = [
    "appointments",
    "audit",
    "cases",
    "dataprotection",
    "events",
    "governorate",
    "home",
    "house",
    "households",
    "impact",
    "me",
    "messages",
    "notices",
    "replies",
    "sign_on",
    "volunteering",
]
