"""Roles of a shift: each has so many places, asks for something, and has a line of its own. Plain Python.

An opportunity names roles as a list; a shift keeps its own in its row, by their code, with `taken` and `waiting`.
Places hold by the lock on that row: what stands in it is read, after the wait, as the one before left it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from asimati.kit.errors import Invalid
from asimati.kit.words import _
from asimati.volunteering.refusals import RoleNeeded

Role = Mapping[str, Any]
Roles = Mapping[str, Role]  # of a shift
ASKED = ("title", "places", "skills", "minimum_age")


@dataclass(frozen=True)
class Room:
    """Places of a shift, or of one role of it."""

    places: int
    taken: int
    waiting: int

    @property
    def free(self) -> int:
        return max(0, self.places - self.taken)


def room(shift: Any, role: str | None) -> Room:
    """What a newcomer finds in a role, or on a shift without roles; `shift` is one, or a row with its counts."""
    if role is None:
        return Room(shift.places, shift.taken, shift.waiting)
    found = shift.roles[role]
    return Room(found["places"], found["taken"], found["waiting"])


def each(roles: Roles) -> Iterable[str | None]:
    """The codes of a shift's roles, one None for a shift without: what has places and a line of its own."""
    return list(roles) or [None]


def chosen(roles: Roles, said: str | None) -> str | None:
    """The role somebody means: the one they said, else the only one, else the first that asks for no skill.

    None for a shift without roles. Raises RoleNeeded where all of several ask for one, Invalid for one it has not.
    """
    if said is not None and said not in roles:
        raise Invalid([("/role", _("There is no such role."))])
    plain = [code for code, role in roles.items() if not role["skills"]]
    meant = said or next(iter(roles if len(roles) == 1 else plain), None)
    if roles and meant is None:
        raise RoleNeeded(roles=list(roles))
    return meant


def numbered(wanted: Sequence[Role]) -> list[dict[str, Any]]:
    """Roles as they are kept: each with all that may be asked and a code, the next free number if none was said."""
    said = {role["code"] for role in wanted if "code" in role}
    free = (str(number) for number in count(1) if str(number) not in said)
    kept = []
    for role in wanted:
        asked = {"skills": [], "minimum_age": None} | dict(role)
        kept.append({"code": role.get("code") or next(free), **{name: asked[name] for name in ASKED}})
    return kept


def opened(asked: Sequence[Role]) -> dict[str, dict[str, Any]]:
    """The roles of a new shift: nobody has them yet."""
    return {role["code"]: _without_code(role) | {"taken": 0, "waiting": 0} for role in asked}


def changed(roles: Roles, asked: Sequence[Role]) -> dict[str, dict[str, Any]]:
    """A shift's roles after a change, with their counts as they were."""
    counts = {code: {"taken": role["taken"], "waiting": role["waiting"]} for code, role in roles.items()}
    return {code: role | counts.get(code, {}) for code, role in opened(asked).items()}


def named(title: Mapping[str, str | None], roles: Roles, role: str | None) -> dict[str, str | None]:
    """What somebody signed up for, with their role: what a notice calls it."""
    added = roles[role]["title"] if role else {}
    return {
        language: f"{words} – {added[language]}" if words and added.get(language) else words
        for language, words in title.items()
    }


def counted(roles: Roles, role: str | None, places: int, waits: int) -> Roles:
    """The roles once so many more have that one, or wait for it."""
    if role is None:
        return roles
    now = roles[role]
    return {**roles, role: {**now, "taken": now["taken"] + places, "waiting": now["waiting"] + waits}}


def with_one_more(roles: Roles, role: str) -> dict[str, Any]:
    """The roles once that one has another place."""
    return {**roles, role: {**roles[role], "places": roles[role]["places"] + 1}}


def places(asked: Iterable[Role]) -> int:
    """Places of a shift with these roles."""
    return sum(role["places"] for role in asked)


def shown(roles: Roles) -> list[dict[str, Any]]:
    """A shift's roles as people see them."""
    seen = (*ASKED, "waiting")
    return [
        {"code": code, "places_left": role["places"] - role["taken"]} | {name: role[name] for name in seen}
        for code, role in roles.items()
    ]


def _without_code(role: Role) -> dict[str, Any]:
    return {name: role[name] for name in ASKED}
