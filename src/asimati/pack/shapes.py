"""What each file of a pack may hold, as JSON Schema: keys, types and ranges. What refers to what is in `checking`.

TOML has days and moments of its own; the types `day` and `moment` stand for them.
"""

from __future__ import annotations

from typing import Any

from asimati.impact.disclosure import DIMENSIONS
from asimati.pack import moments

Shape = dict[str, Any]


def written(description: str, pattern: str) -> Shape:
    """Text of a form; the description is what a fault says it should have been."""
    return {"type": "string", "pattern": pattern, "description": description}


WORD = written("text", "\\S")
WORDS: Shape = {
    "type": "object",
    "properties": {"ar": WORD, "en": WORD},
    "required": ["ar", "en"],
    "additionalProperties": False,
    "description": 'text in both languages: { ar = "…", en = "…" }',
}
CODE = written("a code of small letters, digits and - _ .", "^[a-z0-9]+([-_.][a-z0-9]+)*$")
TARGET = written("an SDG target such as 11.2", "^[0-9]{1,2}\\.[0-9a-z]{1,2}$")
TARGETS: Shape = {"type": "array", "items": TARGET, "uniqueItems": True}
# Working days or working hours, as kit.worktime reads them; and hours and minutes alone.
TARGET_TIME = written(
    "working days (P5D) or working hours (PT4H)",
    "^P(?=.*[1-9])([0-9]{1,3}D|T(?=[0-9])([0-9]{1,4}H)?([0-9]{1,5}M)?)$",
)
SHORT_TIME = written("hours and minutes (PT15M)", "^PT(?=[0-9])([0-9]{1,2}H)?([0-9]{1,4}M)?$")
BLOCK = written("a block's number", "^[1-9][0-9]{2,3}$")
MOMENT: Shape = {
    "anyOf": [{"type": "moment"}, {"type": "string", "pattern": moments.MOMENT}],
    "description": 'a moment: 2026-12-01T10:00:00+03:00, or "day+3 10:00", "sun+1 10:00", "now-1h"',
}
DAY: Shape = {
    "anyOf": [{"type": "day"}, {"type": "string", "pattern": moments.DAY}],
    "description": 'a day: 2026-12-01, or "day+3", "sun+1"',
}
FIXED_DAY: Shape = {"type": "day", "description": "a day: 2026-12-01"}
CLOCK = written("a time of day (08:00)", "^([01][0-9]|2[0-3]):[0-5][0-9]$")
HOURS = written("hours (07:00-14:15)", "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$")
_SPAN = "[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"
DESK_HOURS = written("hours, with breaks between them (07:30-10:30,11:00-13:00)", f"^{_SPAN}(,{_SPAN})*$")
DESK_WEEK: Shape = dict.fromkeys(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), DESK_HOURS)
WEEK: Shape = dict.fromkeys(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), HOURS)


REMINDED = (
    "appointment", "booking", "shift", "offer", "check_out", "documents", "referral", "referral_late",
    "data_request", "data_request_late",
)  # fmt: skip


def table(required: Shape, optional: Shape | None = None) -> Shape:
    """A table with these keys and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def many(item: Shape) -> Shape:
    return {"type": "array", "items": item}


HELD = ("figures", "people", "aims", "objectives", "stories", "endorsements", "method")
SHARE = written("a share such as 0.5", "^[0-9]+(\\.[0-9]+)?$")
YEAR: Shape = {"type": "integer", "minimum": 2015, "maximum": 2050}
FLAG: Shape = {"type": "boolean"}
COUNT: Shape = {"type": "integer", "minimum": 1}
AGE: Shape = {"type": "integer", "minimum": 0, "maximum": 99}
LINK = written("an address (https://…)", '^https://[^\\s<>"]+$')


def choice(*values: str) -> Shape:
    return {"enum": list(values)}


GROUPING: Shape = {"type": "array", "items": choice(*DIMENSIONS), "minItems": 1, "uniqueItems": True}
APPOINTMENT_RULES = (
    "horizon_days", "notice_minutes", "open_at_once", "priority_age", "priority_released_minutes", "no_shows",
    "no_show_days", "grace_minutes",
)  # fmt: skip
VOLUNTEERING_RULES = ("contact_hours", "guardian_hours", "calls_a_week", "urgent_hours")
FLOW = table(
    {},
    {
        "without": many(WORD),
        "four_eyes": many(choice("resolve", "decline")),
        "moves": {
            "type": "object",
            "additionalProperties": table(
                {},
                {
                    "may": many(choice("reviewer", "supervisor")),
                    "needs": many(choice("message", "note")),
                    "told": WORDS,
                },
            ),
        },
    },
)
# Why data may be processed (Bahrain's Personal Data Protection Law, No. 30 of 2018, articles 4 and 5).
BASES = ("consent", "contract", "legal_obligation", "public_task", "vital_interest")
GOVERNORATE = table(
    {
        "code": CODE,
        "iso": WORD,
        "name": WORDS,
        "time_zone": WORD,
        "languages": many(choice("ar", "en")),
        "calling_code": WORD,
        "otp_countries": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{2}$"}, "minItems": 1},
        "working_week": table({}, WEEK),
        "waking_hours": table({"from": CLOCK, "to": CLOCK}, {"friday_prayer": HOURS}),
        "privacy": table(
            {
                "small_cell": {"type": "integer", "minimum": 1},
                "answer_within": TARGET_TIME,
                "third_parties_within": TARGET_TIME,
                "controller": WORDS,
                "group": many(
                    table({"code": CODE, "title": WORDS, "purpose": WORDS, "basis": choice(*BASES), "law": WORDS})
                ),
            },
            {
                "exact_people": {"type": "integer", "minimum": 64, "maximum": 100_000},
                "groupings": many(
                    {"type": "array", "items": choice(*DIMENSIONS), "minItems": 1, "uniqueItems": True}
                ),
                "consent": many(table({"code": CODE, "version": COUNT, "title": WORDS, "text": WORDS})),
            },
        ),
    },
    {
        "office": table({"address": WORDS}),
        "special_hours": many(table({"name": WORD, "from": FIXED_DAY, "to": FIXED_DAY}, WEEK)),
        "offer_waking_hours": COUNT,
        "fair_use": table({}, {"missed": COUNT, "within_days": COUNT, "days": COUNT}),
        "service_requests": table({}, {"reopen_days": COUNT, "rating_days": COUNT, "draft_days": COUNT}),
        "import": many(
            table(
                {"channel": choice("tawasul", "office", "phone", "majlis", "field_visit", "social_media")},
                {
                    "columns": {"type": "object", "additionalProperties": WORD},
                    "services": {"type": "object", "additionalProperties": CODE},
                },
            )
        ),
        "household": table({}, {"guardian_assurance": choice("phone", "standard", "advanced")}),
        "volunteering": table({}, dict.fromkeys(VOLUNTEERING_RULES, COUNT)),
        "decline_reason": many(table({"code": CODE, "text": WORDS})),
        "department": many(table({"code": CODE, "title": WORDS})),
        "appointments": table({}, dict.fromkeys(APPOINTMENT_RULES, COUNT)),
        "retention": {"type": "object", "additionalProperties": COUNT},
        "reminders": table(
            {},
            {
                kind: {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0},
                    "uniqueItems": True,
                    "maxItems": 5,
                }
                for kind in REMINDED
            },
        ),
        "messaging": table(
            {},
            {
                "sms_part": written("a price such as 0.015", "^[0-9]+\\.[0-9]+$"),
                "currency": WORD,
                "approve_above": COUNT,
            },
        ),
    },
)
HOLIDAYS = table(
    {"holiday": many(table({"day": FIXED_DAY, "name": WORDS, "standing": choice("provisional", "confirmed")}))}
)
ENTITY_CALENDAR = table(
    {},
    {
        "working_week": table({}, DESK_WEEK),
        "special_hours": many(table({"from": FIXED_DAY, "to": FIXED_DAY, "hours": table({}, DESK_WEEK)})),
        "holidays": {"type": "array", "items": FIXED_DAY, "uniqueItems": True},
        "public_holidays": FLAG,
    },
)
MAIL = written("an e-mail address", "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$")
CONTACT: Shape = {"name": WORD, "language": choice("ar", "en")}
ENTITIES = table(
    {
        "entity": many(
            table(
                {
                    "code": CODE,
                    "name": WORDS,
                    "kind": choice("ministry", "municipality", "authority", "internal"),
                    "target": TARGET_TIME,
                },
                {"calendar": ENTITY_CALENDAR, "contacts": many(table({"email": MAIL}, CONTACT))},
            )
        )
    }
)
REPLIES = table(
    {
        "reply": many(
            table(
                {"code": CODE, "title": WORDS, "text": WORDS},
                {
                    "services": {"type": "array", "items": CODE, "uniqueItems": True},
                    "moves": {
                        "type": "array",
                        "items": choice("ask", "resolve", "decline", "refer", "return", "reopen"),
                        "uniqueItems": True,
                    },
                },
            )
        )
    }
)
# What of a profile, or of answers given before, a field begins with.
PREFILL = choice("name", "phone", "email", "sex", "birth_date", "flat", "building", "road", "block", "earlier")
ELIGIBILITY = table(
    {},
    {
        "age_from": COUNT,
        "age_to": COUNT,
        "lives_here": FLAG,
        "blocks": {"type": "array", "items": BLOCK, "minItems": 1, "uniqueItems": True},
        "personal_number": FLAG,
    },
)
FIELD_UI = table(
    {"label": WORDS},
    {
        "prefill": PREFILL,
        "help": WORDS,
        "order": {"type": "integer"},
        "options": {"type": "object", "additionalProperties": WORDS},
    },
)
SERVICE = table(
    {
        "code": CODE,
        "kind": choice("complaint", "request", "suggestion", "inquiry"),
        "domain": choice("service", "social", "security"),
        "title": WORDS,
        "description": WORDS,
        "assurance": choice("anonymous", "phone", "standard", "advanced"),
        "target": TARGET_TIME,
        "location": choice("required", "optional", "none"),
        "form": table(
            {
                "version": COUNT,
                "schema": {"type": "object"},
                "ui": {"type": "object", "additionalProperties": FIELD_UI},
            }
        ),
    },
    {
        "confidential": FLAG,
        "documents": many(WORDS),
        "fee": WORDS,
        "targets": TARGETS,
        "entity": CODE,
        "department": CODE,
        "eligibility": ELIGIBILITY,
        "workflow": FLOW,
    },
)
LETTER = table({"code": CODE, "title": WORDS, "text": WORDS}, {"services": many(CODE)})
APPOINTMENTS = table(
    {
        "desk": many(
            table(
                {
                    "code": CODE,
                    "kind": choice("counter", "officer"),
                    "title": WORDS,
                    "place": WORDS,
                    "step": SHORT_TIME,
                    "services": {"type": "object", "additionalProperties": SHORT_TIME, "minProperties": 1},
                    "hours": table({}, DESK_WEEK),
                },
                {"priority": table({}, DESK_WEEK)},
            )
        )
    }
)
SHIFT = table({"code": CODE, "starts_at": MOMENT, "ends_at": MOMENT}, {"places": COUNT})
SKILLS = {"type": "array", "items": CODE, "uniqueItems": True}
ROLE = table({"title": WORDS, "places": COUNT}, {"skills": SKILLS, "minimum_age": AGE})
CATEGORY = table({"code": CODE, "title": WORDS}, {"entity": choice("school", "company", "society")})
VOLUNTEERING = table(
    {
        "edition": table(
            {
                "code": CODE,
                "title": WORDS,
                "starts_on": FIXED_DAY,
                "ends_on": FIXED_DAY,
                "minimum_age": {"type": "integer", "minimum": 0},
                "hours_tolerance": SHORT_TIME,
                "rest": SHORT_TIME,
                "categories": {"type": "array", "items": CATEGORY, "minItems": 1},
            },
            {
                "default_category": CODE,
                "ties": {"type": "array", "items": choice("shifts", "earlier"), "uniqueItems": True},
                "levels": many(table({"code": CODE, "title": WORDS, "hours": COUNT})),
                "claim_days": COUNT,
                "dispute_days": COUNT,
                "orientation": FLAG,
                "enrolment": FLAG,
                "guardian_below": AGE,
            },
        ),
        "opportunity": many(
            table(
                {
                    "code": CODE,
                    "title": WORDS,
                    "description": WORDS,
                    "host": WORDS,
                    "location": WORDS,
                    "shift": many(SHIFT),
                },
                {
                    "block": BLOCK,
                    "targets": TARGETS,
                    "review": FLAG,
                    "waitlist": FLAG,
                    "minimum_age": {"type": "integer", "minimum": 0},
                    "skills": SKILLS,
                    "role": many(ROLE),
                    "languages": {"type": "array", "items": CODE, "uniqueItems": True},
                    "orientation": choice("as_edition", "required", "not_required", "held"),
                },
            )
        ),
    },
    {
        "charter": table({"version": COUNT, "title": WORDS, "text": WORDS}),
        "skill": many(table({"code": CODE, "title": WORDS})),
        "language": many(table({"code": CODE, "title": WORDS})),
    },
)
EVENT = table(
    {
        "code": CODE,
        "programme": CODE,
        "type": choice("workshop", "talk", "panel", "mentoring", "exhibition"),
        "title": WORDS,
        "description": WORDS,
        "language": choice("ar", "en", "both"),
        "mode": choice("in_person", "online", "hybrid"),
        "venue": WORDS,
        "starts_at": MOMENT,
        "ends_at": MOMENT,
        "registration_opens_at": MOMENT,
        "registration_closes_at": MOMENT,
        "capacity": COUNT,
    },
    {
        "block": BLOCK,
        "waitlist": FLAG,
        "party_limit": COUNT,
        "approval": FLAG,
        "stated_for": choice("everybody", "first_timers"),
        "minimum_age": AGE,
        "maximum_age": AGE,
        "late_cancel_hours": {"type": "integer", "minimum": 0, "maximum": 720},
        "series": CODE,
        "room_capacity": COUNT,
        "speakers": many(table({"name": WORDS}, {"role": WORDS})),
        "audience": WORDS,
        "endorsement": WORDS,
        "tags": {"type": "array", "items": CODE, "uniqueItems": True},
        "materials": many(table({"title": WORDS, "url": LINK})),
        "questions": {"type": "object", "description": "a form (JSON Schema) asked when booking"},
        "targets": TARGETS,
        "co_hosts": many(WORDS),
    },
)
PROGRAMMES = table(
    {
        "programme": many(
            table(
                {
                    "slug": CODE,
                    "title": WORDS,
                    "description": WORDS,
                    "edition": WORD,
                    "starts_on": DAY,
                    "ends_on": DAY,
                }
            )
        ),
        "event": many(EVENT),
    }
)
IMPACT = table(
    {
        "measure": many(
            table(
                {
                    "code": CODE,
                    "title": WORDS,
                    "unit": WORDS,
                    "topic": WORD,
                    "amount": WORD,
                    "targets": {
                        "anyOf": [{**TARGETS, "minItems": 1}, {"const": "from_message"}],
                        "description": 'SDG targets, or "from_message"',
                    },
                    "since": FIXED_DAY,
                },
                {
                    "voided_by": WORD,
                    "about": choice("people", "organisations"),
                    "weights": {"type": "object", "additionalProperties": SHARE},
                    "disaggregations": {"type": "array", "items": choice(*DIMENSIONS), "uniqueItems": True},
                },
            )
        ),
        "objective": many(table({"code": CODE, "title": WORDS})),
        "crosswalk": many(table({"target": TARGET, "objective": CODE})),
    },
    {
        "dossier": many(
            table(
                {
                    "code": CODE,
                    "title": WORDS,
                    "section": many(table({"heading": WORDS}, {"text": WORDS, "holds": many(choice(*HELD))})),
                }
            )
        ),
        "aim": many(
            table(
                {
                    "measure": CODE,
                    "target": TARGET,
                    "year": YEAR,
                    "value": COUNT,
                    "baseline": {"type": "integer", "minimum": 0},
                    "baseline_year": YEAR,
                    "source": WORDS,
                }
            )
        ),
    },
)
_MESSAGE = table({"title": WORD, "text": WORD}, {"sms": WORD, "push": WORD, "email": WORD})
_EXAMPLE: Shape = {
    "anyOf": [WORD, WORDS, {"type": "integer"}, {"type": "moment"}, {"type": "day"}],
    "description": "an example: text, text in both languages, a whole number, a day or a moment with its offset",
}
TEMPLATE = table(
    {
        "channels": {"type": "array", "items": choice("inbox", "push", "sms", "email"), "minItems": 1},
        "critical": FLAG,
        "ar": _MESSAGE,
        "en": _MESSAGE,
    },
    {"example": {"type": "object", "additionalProperties": _EXAMPLE}},
)
