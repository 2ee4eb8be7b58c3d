"""Whom something may be told to: a small registry. A room that knows people in a respect registers a kind.

A kind answers with the ids of persons, by values that are public (a programme, an area) and never by what the law
calls sensitive. So whoever writes to many people needs to know no room, and asks for nothing no room has offered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from asimati.kit.words import Words

Values = Sequence[str]


@dataclass(frozen=True)
class Kind:
    """One respect in which people are chosen. No values: everybody the kind knows (whoever booked anything)."""

    name: str
    title: Words
    people: Callable[[Values], Select[Any]]
    choices: Callable[[Session], Sequence[tuple[str, dict[str, Any]]]]  # each value and what it is called


@dataclass(frozen=True)
class Role:
    """What somebody is to the governorate: a volunteer, a participant. All roles together make one kind."""

    name: str
    title: Words
    people: Callable[[], Select[Any]]


KINDS: dict[str, Kind] = {}
ROLES: dict[str, Role] = {}


def register(kind: Kind) -> None:
    """Offer a kind of audience; called when the room's module is loaded."""
    KINDS[kind.name] = kind


def register_role(role: Role) -> None:
    """Offer a role; called when the room's module is loaded."""
    ROLES[role.name] = role


def uuids(values: Values) -> list[UUID]:
    """The values that are identifiers."""
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found
