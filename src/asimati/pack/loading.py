"""Loading a sound pack into the parts that features sync, and handing them over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from asimati.appointments import sync as appointments
from asimati.events import sync as events
from asimati.impact import sync as impact
from asimati.kit import clock
from asimati.kit.worktime import Target
from asimati.notifications import sync as notifications
from asimati.pack.checking import COLUMNS
from asimati.pack.moments import day, is_relative, moment
from asimati.pack.reading import read_rows, read_toml
from asimati.pack.references import catalogue
from asimati.places import sync as places
from asimati.service_requests import sync as service_requests
from asimati.service_requests.letters import sync as letters
from asimati.volunteering import sync as volunteering

Part = dict[str, Any]

SYNC_LOCK = 7_301_003  # advisory lock: one sync at a time


@dataclass(frozen=True)
class Pack:
    """A pack as its files have it; `parts(now)` gives what features receive."""

    folder: Path
    files: dict[str, Part]
    blocks: list[Part]

    def parts(self, now: datetime) -> dict[str, Part]:
        """The parts by feature, with relative moments reckoned from `now`."""
        zone = ZoneInfo(self.files["governorate.toml"]["time_zone"])
        return {
            "places": {"blocks": self.blocks, "holidays": self.files["holidays.toml"]["holiday"]},
            "service_requests": {
                "entities": self.files["entities.toml"]["entity"],
                "services": [
                    _service(values) for name, values in self.files.items() if name.startswith("services/")
                ],
                "replies": self.files.get("replies.toml", {}).get("reply", []),
            },
            "appointments": _appointments(self.files),
            "letters": {
                "letters": [
                    {"services": [], **values} for name, values in self.files.items() if name.startswith("letters/")
                ]
            },
            "volunteering": _volunteering(self.files["volunteering.toml"], now, zone),
            "events": _events(self.files["programmes.toml"], now, zone),
            "impact": self.impact(),
            "notifications": {
                "templates": [
                    _template(name, values) for name, values in self.files.items() if name.startswith("templates/")
                ]
            },
        }

    def impact(self) -> Part:
        """The part of impact, in which no moment is reckoned."""
        return _impact(self.files["impact.toml"])


def load(folder: Path) -> Pack:
    """Read a pack that `check` found sound."""
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.toml"))]
    files = {name: read_toml(folder, name).values for name in names}
    return Pack(folder, files, [_block(row) for _, row in read_rows(folder, "blocks.csv", COLUMNS)])


def sync(tx: Session, pack: Pack) -> dict[str, dict[str, int]]:
    """Hand every feature its part; what each did, in counts. Of two syncs at once the second waits."""
    tx.execute(select(func.pg_advisory_xact_lock(SYNC_LOCK)))
    parts = pack.parts(clock.now(tx))
    rooms = (places, service_requests, letters, appointments, volunteering, events, impact, notifications)
    names = (
        "places",
        "service_requests",
        "letters",
        "appointments",
        "volunteering",
        "events",
        "impact",
        "notifications",
    )
    return {name: room.sync(tx, parts[name]) for name, room in zip(names, rooms, strict=True)}


def _block(row: dict[str, str]) -> Part:
    return {
        "number": row["number"],
        "area": {"ar": row["area_ar"], "en": row["area_en"]},
        "lat": float(row["lat"]) if row["lat"] else None,
        "lon": float(row["lon"]) if row["lon"] else None,
    }


def _service(values: Part) -> Part:
    left_out = {"confidential": False, "documents": [], "fee": None, "targets": [], "entity": None}
    ui = {
        name: {"help": None, "order": order, "options": {}, **field}
        for order, (name, field) in enumerate(values["form"]["ui"].items(), start=1)
    }
    return {**left_out, **values, "form": {**values["form"], "ui": ui}}


def _appointments(files: dict[str, Part]) -> Part:
    """The desks, and the services done there in the words of the catalogue."""
    desks = [
        {
            "priority": {},
            **desk,
            "step": _minutes(desk["step"]),
            "services": {code: _minutes(time) for code, time in desk["services"].items()},
        }
        for desk in files.get("appointments.toml", {"desk": []})["desk"]
    ]
    wanted = sorted({code for desk in desks for code in desk["services"]})
    catalogue = {code: files[f"services/{code}.toml"] for code in wanted}
    return {
        "desks": desks,
        "services": [
            {
                "code": code,
                "title": found["title"],
                "targets": found.get("targets", []),
                "assurance": found["assurance"],
            }
            for code, found in catalogue.items()
        ],
    }


def _minutes(written: str) -> int:
    """PT1H30M in minutes."""
    return Target.parse(written).minutes


def _volunteering(values: Part, now: datetime, zone: ZoneInfo) -> Part:
    left_out: Part = {"block": None, "targets": [], "review": False, "minimum_age": None, "waitlist": True}
    return {
        "edition": values["edition"],
        "skills": values.get("skill", []),
        "languages": values.get("language", []),
        "charter": values.get("charter"),
        "opportunities": [
            {
                **left_out,
                **one,
                "roles": one.get("role", []),
                "shifts": [_dated(shift, ("starts_at", "ends_at"), now, zone) for shift in one["shift"]],
            }
            for one in values["opportunity"]
        ],
    }


_EVENT_TIMES = ("starts_at", "ends_at", "registration_opens_at", "registration_closes_at")


def _events(values: Part, now: datetime, zone: ZoneInfo) -> Part:
    left_out: Part = {
        "block": None,
        "waitlist": True,
        "party_limit": 1,
        "approval": False,
        "stated_for": "everybody",
        "late_cancel_hours": 24,
        **dict.fromkeys(
            ("minimum_age", "maximum_age", "series", "room_capacity", "audience", "endorsement", "questions")
        ),
        **{name: [] for name in ("speakers", "tags", "materials", "targets", "co_hosts")},
    }
    return {
        "programmes": [
            {
                **one,
                "relative": is_relative(one["starts_on"]),
                "starts_on": day(one["starts_on"], now, zone),
                "ends_on": day(one["ends_on"], now, zone),
            }
            for one in values["programme"]
        ],
        "events": [{**left_out, **_dated(event, _EVENT_TIMES, now, zone)} for event in values["event"]],
    }


def _dated(row: Part, names: tuple[str, ...], now: datetime, zone: ZoneInfo) -> Part:
    times = {name: moment(row[name], now, zone) for name in names}
    return {**row, **times, "relative": any(is_relative(row[name]) for name in names)}


def _impact(values: Part) -> Part:
    measures = [{"voided_by": None, **measure} for measure in values["measure"]]
    return {
        "goals": catalogue()["goals"],
        "framework": {
            "revision": catalogue()["meta"]["revision"],
            "description": catalogue()["meta"]["framework"],
        },
        "aims": values.get("aim", []),
        "dossiers": [
            {"code": one["code"], "title": one["title"], "sections": one["section"]}
            for one in values.get("dossier", [])
        ],
        "measures": measures,
        "objectives": values["objective"],
        "crosswalk": values["crosswalk"],
    }


def _template(name: str, values: Part) -> Part:
    def both(part: str) -> Part | None:
        words = {language: values[language].get(part) for language in ("ar", "en")}
        return words if all(words.values()) else None

    return {
        "topic": name.removeprefix("templates/").removesuffix(".toml"),
        "channels": values["channels"],
        "critical": values["critical"],
        "title": both("title"),
        "text": both("text"),
        "sms": both("sms"),
        "push": both("push"),
        "email": both("email"),
        "example": values.get("example"),
    }
