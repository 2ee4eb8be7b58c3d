"""What each file of a pack may hold, as JSON Schema: keys, types and ranges. What refers to what is in `checking`.

TOML has days and moments of its own; the types `day` and `moment` stand for them.
"""

from __future__ import annotations

from typing import Any

Shape = dict[str, Any]

WORDS: Shape = {
    "type": "object",
    "properties": {"ar": {"type": "string", "minLength": 1}, "en": {"type": "string", "minLength": 1}},
    "required": ["ar", "en"],
    "additionalProperties": False,
}
CODE: Shape = {"type": "string", "pattern": "^[a-z0-9]+([-_.][a-z0-9]+)*$"}
TARGET: Shape = {"type": "string", "pattern": "^[0-9]{1,2}\\.[0-9a-z]{1,2}$"}
TARGETS: Shape = {"type": "array", "items": TARGET}
DURATION: Shape = {"type": "string", "pattern": "^P([0-9]+D|T([0-9]+H)?([0-9]+M)?)$"}
BLOCK: Shape = {"type": "string", "pattern": "^[1-9][0-9]{2,3}$"}
# A moment, or one reckoned from the day of the first sync: "day+3 10:00", "now-1h".
MOMENT: Shape = {
    "anyOf": [
        {"type": "moment"},
        {"type": "string", "pattern": "^(day([+-][0-9]+)? [0-9]{2}:[0-9]{2}|now([+-][0-9]+[hm])?)$"},
    ]
}
DAY: Shape = {"anyOf": [{"type": "day"}, {"type": "string", "pattern": "^day([+-][0-9]+)?$"}]}
HOURS: Shape = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"}
WEEK: Shape = dict.fromkeys(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), HOURS)


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


TEXT: Shape = {"type": "string", "minLength": 1}
FLAG: Shape = {"type": "boolean"}
COUNT: Shape = {"type": "integer", "minimum": 1}


def choice(*values: str) -> Shape:
    return {"enum": list(values)}


GOVERNORATE = table(
    {
        "code": CODE,
        "iso": TEXT,
        "name": WORDS,
        "time_zone": TEXT,
        "languages": many(choice("ar", "en")),
        "calling_code": TEXT,
        "otp_countries": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{2}$"}, "minItems": 1},
        "working_week": table({}, WEEK),
        "waking_hours": table({"from": TEXT, "to": TEXT}, {"friday_prayer": HOURS}),
        "privacy": table({"small_cell": {"type": "integer", "minimum": 1}}),
    },
    {
        "office": table({"address": WORDS}),
        "special_hours": many(table({"name": TEXT, "from": {"type": "day"}, "to": {"type": "day"}}, WEEK)),
        "offer_waking_hours": COUNT,
        "retention": {"type": "object", "additionalProperties": COUNT},
    },
)
HOLIDAYS = table(
    {
        "holiday": many(
            table({"day": {"type": "day"}, "name": WORDS, "standing": choice("provisional", "confirmed")})
        )
    }
)
ENTITIES = table(
    {
        "entity": many(
            table(
                {
                    "code": CODE,
                    "name": WORDS,
                    "kind": choice("ministry", "municipality", "authority", "internal"),
                    "target": DURATION,
                }
            )
        )
    }
)
FIELD_UI = table({"label": WORDS}, {"help": WORDS, "order": {"type": "integer"}, "options": {"type": "object"}})
SERVICE = table(
    {
        "code": CODE,
        "kind": choice("complaint", "request", "suggestion", "inquiry"),
        "domain": choice("service", "social", "security"),
        "title": WORDS,
        "description": WORDS,
        "assurance": choice("anonymous", "phone", "standard", "advanced"),
        "target": DURATION,
        "location": choice("required", "optional", "none"),
        "form": table(
            {
                "version": COUNT,
                "schema": {"type": "object"},
                "ui": {"type": "object", "additionalProperties": FIELD_UI},
            }
        ),
    },
    {"confidential": FLAG, "documents": many(WORDS), "fee": WORDS, "targets": TARGETS, "entity": CODE},
)
SHIFT = table({"code": CODE, "starts_at": MOMENT, "ends_at": MOMENT, "places": COUNT})
VOLUNTEERING = table(
    {
        "edition": table(
            {
                "code": CODE,
                "title": WORDS,
                "starts_on": {"type": "day"},
                "ends_on": {"type": "day"},
                "minimum_age": {"type": "integer", "minimum": 0},
                "hours_tolerance": DURATION,
                "categories": {"type": "array", "items": table({"code": CODE, "title": WORDS}), "minItems": 1},
            }
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
                    "minimum_age": {"type": "integer", "minimum": 0},
                },
            )
        ),
    }
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
                    "edition": TEXT,
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
                    "topic": TEXT,
                    "amount": TEXT,
                    "targets": {"anyOf": [TARGETS, {"const": "from_message"}]},
                    "since": {"type": "day"},
                },
                {"voided_by": TEXT},
            )
        ),
        "objective": many(table({"code": CODE, "title": WORDS})),
        "crosswalk": many(table({"target": TARGET, "objective": CODE})),
    }
)
_MESSAGE = table({"title": TEXT, "text": TEXT}, {"sms": TEXT})
TEMPLATE = table(
    {
        "channels": {"type": "array", "items": choice("inbox", "push", "sms", "email"), "minItems": 1},
        "critical": FLAG,
        "ar": _MESSAGE,
        "en": _MESSAGE,
    }
)
