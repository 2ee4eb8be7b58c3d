"""The passport: the fold of its ledger lines, read out as hours, stamps, a level, and the editions before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Text, cast, func, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Person
from asimati.credentials.models import Credential
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.settings import settings
from asimati.volunteering import rules
from asimati.volunteering.goals import goals
from asimati.volunteering.hours_queries import line_view
from asimati.volunteering.models import Edition, Enrolment, HoursClaim, HoursLine, Opportunity, Shift, SignUp
from asimati.volunteering.queries import edition_on
from asimati.volunteering.rankings import places_of, title_of

PASSPORT = "volunteering-passport"


def passport(tx: Session, person: UUID, edition_code: str | None = None) -> dict[str, Any]:
    """A volunteer's passport of an edition (the present one): the fold of their ledger lines, and nothing else.

    Raises NotFound for an edition there never was.
    """
    edition = _edition(tx, edition_code)
    code = edition.code if edition else None
    lines = lines_of(tx, person, code)
    minutes, category = sum(line["minutes"] for line in lines), _category(tx, person, edition)
    return folded(lines) | {
        **levels_of(minutes, edition),
        "shifts": sum(int(line["minutes"] > 0) - int(line["minutes"] < 0) for line in lines),
        "edition": _shown(edition) if edition else None,
        "category": category,
        "category_title": title_of(edition.categories, category) if edition else None,
        "lines": lines,
        "editions": history(tx, person),
        "credential": _issued(tx, person, code),
    }


def of_volunteer(tx: Session, person: UUID, edition_code: str | None = None) -> dict[str, Any]:
    """Anybody's passport, without what proves it: that is its holder's to hand on. Or NotFound."""
    if tx.get(Person, person) is None:
        raise NotFound
    return passport(tx, person, edition_code) | {"person": person, "credential": None}


def history(tx: Session, person: UUID) -> list[dict[str, Any]]:
    """What somebody served in each edition, the newest first."""
    served = (
        select(Edition, func.sum(HoursLine.minutes))
        .join(HoursLine, HoursLine.edition == Edition.code)
        .where(HoursLine.person_id == person)
        .group_by(Edition.code)
        .order_by(Edition.starts_on.desc(), Edition.code)
    )
    places: dict[str, dict[str, Any]] = places_of(tx, person)
    return [
        {
            "edition": _shown(edition),
            "hours": rules.hours(minutes),
            "level": levels_of(minutes, edition)["level"],
            "place": places.get(edition.code, {}).get("place"),
        }
        for edition, minutes in tx.execute(served)
    ]


def said_of(tx: Session, person: UUID, edition: Edition) -> dict[str, Any]:
    """What a credential may say of a passport: hours, goals, stamps and level; no person and no place."""
    rows = tx.execute(
        select(HoursLine.minutes, HoursLine.targets).where(
            HoursLine.person_id == person, HoursLine.edition == edition.code
        )
    ).all()
    lines = [{"minutes": minutes, "targets": targets} for minutes, targets in rows]
    fold = folded(lines)
    stamps = [{"goal": stamp["goal"], "hours": stamp["hours"]} for stamp in fold["stamps"]]
    level = levels_of(sum(row.minutes for row in rows), edition)["level"]
    return {
        "edition": edition.code,
        "hours": fold["hours"],
        "goals": [stamp["goal"] for stamp in stamps],
        "stamps": stamps,
        **({"level": level["title"]} if level else {}),
    }


def levels_of(minutes: int, edition: Edition | None) -> dict[str, Any]:
    """The level so many minutes reach in an edition, and the next one with the hours that are missing."""
    reached, following = rules.levels(minutes, edition.levels if edition else [])
    level = {name: reached[name] for name in ("code", "title", "hours")} if reached else None
    ahead = following and {
        **{name: following[name] for name in ("code", "title", "hours")},
        "hours_left": rules.hours(following["hours"] * 60 - minutes),
    }
    return {"level": level, "next_level": ahead}


def passport_subject(person: UUID, edition: str) -> str:
    """What a passport's credential stands on."""
    return f"passport:{edition}:{person}"


def lines_of(tx: Session, person: UUID, edition: str | None) -> list[dict[str, Any]]:
    """A volunteer's ledger lines of an edition, oldest first."""
    names = ("claim_id", "at", "kind", "minutes", "reason")
    texts = (cast(one, Text).label(one.key) for one in (HoursLine.targets, Opportunity.title))
    day = cast(func.timezone(settings().governorate.time_zone.key, Shift.starts_at), Date).label("served_on")
    rows = tx.execute(  # columns, not objects, and nothing read or reckoned twice: a ledger may be long
        select(*(getattr(HoursLine, name) for name in names), *texts, day)
        .join(HoursClaim, HoursClaim.id == HoursLine.claim_id)
        .join(SignUp, SignUp.id == HoursClaim.sign_up_id)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Opportunity, Opportunity.id == Shift.opportunity_id)
        .where(HoursLine.person_id == person, HoursLine.edition == edition)
        .order_by(HoursLine.at, HoursLine.claim_id, HoursLine.step)
    )
    read = cache(json.loads)  # the same few titles and targets stand in many lines
    return [
        {**line_view(row, read(row.title)), "targets": read(row.targets), "served_on": row.served_on}
        for row in rows
    ]


def folded(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Hours and stamps of ledger lines."""
    by_goal = rules.stamps((line["minutes"], line["targets"]) for line in lines)
    return {
        "hours": rules.hours(sum(line["minutes"] for line in lines)),
        "stamps": [
            {"goal": goal, "hours": rules.hours(minutes), **goals()[goal]} for goal, minutes in by_goal.items()
        ],
    }


def _edition(tx: Session, code: str | None) -> Edition | None:
    if code is None:
        return edition_on(tx, clock.local_day(clock.now(tx)))
    found = tx.get(Edition, code)
    if found is None:
        raise NotFound
    return found


def _category(tx: Session, person: UUID, edition: Edition | None) -> str | None:
    """The category somebody is ranked in: the one they chose, or the edition's own for whoever chose none."""
    if edition is None:
        return None
    chosen = select(Enrolment.category).where(Enrolment.edition == edition.code, Enrolment.person_id == person)
    return tx.scalar(chosen) or edition.default_category


def _shown(edition: Edition) -> dict[str, Any]:
    return {name: getattr(edition, name) for name in ("code", "title", "starts_on", "ends_on")}


def _issued(tx: Session, person: UUID, edition: str | None) -> dict[str, Any] | None:
    """The newest credential of a passport, to hand on."""
    if edition is None:
        return None
    subject = passport_subject(person, edition)
    wanted = select(Credential).where(Credential.kind == PASSPORT, Credential.subject == subject)
    found = tx.scalar(wanted.order_by(Credential.issued_at.desc()).limit(1))
    if found is None:
        return None
    return {"id": found.id, "jwt": found.jwt, "link": found.link, "revoked": found.revoked_at is not None}
