"""Every operation of the OpenAPI document, asked by everybody with requests drawn from it: no surprise.

The requests are drawn by schemathesis, half of them fitting the document and half breaking it in one place, and the
same ones each time. Names in paths are of things that are there (`belongings.py`), every other time. Each is asked
by nobody, a resident, and a member of staff of each role, and taken back. `FUZZ` says how many of each kind are
drawn for an operation: a few in `make test`, many in `make fuzz`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from schemathesis import Case

from asimati.app import DEVELOPMENT_ROOMS, ROOMS
from asimati.http.routes import Route
from asimati.kit.policy import Role
from tests.house import belongings
from tests.house.belongings import House
from tests.house.drawn import Drawer, complaint
from tests.house.test_everywhere import ids
from tests.house.undo import undone

NUMBER = int(os.environ.get("FUZZ", "3"))
ROUTES = [route for room in (*ROOMS, *DEVELOPMENT_ROOMS) for route in room.blp.routes]
CALLERS = ("nobody", "resident", *Role)


@pytest.fixture(scope="module")
def house(app: Flask, database: str) -> House:
    from tests.conftest import empty

    empty()
    return belongings.make(app.test_client())


@pytest.fixture(scope="module")
def drawer(app: Flask, database: str) -> Drawer:
    return Drawer(app)


@pytest.mark.parametrize("route", ROUTES, ids=ids)
def test_whatever_is_asked_the_answer_is_one_that_the_document_names(
    house: House, drawer: Drawer, route: Route
) -> None:
    drawn = [*drawer.fitting(route, NUMBER), *drawer.unfitting(route, NUMBER)]
    for number, (case, caller) in enumerate(shared(route, drawn)):
        if number % 2 == 0 and "<" in route.rule:
            case.path_parameters = house.names(route)
        with undone():
            answer = case.call(headers=headers(house, route, caller))
        assert not (said := complaint(case, answer)), (
            f"{caller}: {answer.request.method} {answer.request.url} {said}"
        )


def shared(route: Route, drawn: list[Case]) -> Iterator[tuple[Case, str]]:
    """Who asks what: everybody something, and all of it whoever is let in, in turn."""
    admitted = [one for one in CALLERS if enters(route, one)]
    yield from zip(drawn, itertools.cycle(admitted))
    yield from zip(itertools.cycle(drawn), CALLERS)


def enters(route: Route, caller: str) -> bool:
    if caller in ("nobody", "resident"):
        return ("anonymous" if caller == "nobody" else "resident") in route.who.kinds
    return "staff" in route.who.kinds and (route.who.roles is None or caller in route.who.roles)


def headers(house: House, route: Route, caller: str) -> dict[str, Any]:
    match = {"If-Match": "*"} if route.needs_match else {}
    if caller == "nobody":
        return match
    return match | (house.owner if caller == "resident" else house.staff[caller])
