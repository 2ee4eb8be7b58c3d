"""Each deed that wants a state or a body of its own, done once in the house of one of each thing (`belongings.py`).

Drawn bodies do many routes as they stand. A route they cannot do has a function here, in the file of its part of
the house: it brings about the state in which the deed can be done and does it by `go`, who and with what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from asimati.http.routes import Route
from asimati.kit import db
from tests.house.belongings import PARAMETER, Headers, House
from tests.house.test_others_things import ALWAYS
from tests.house.undo import digests

Deed = Callable[[House, "Go"], Any]
DONE: dict[str, Deed] = {}


@dataclass
class Go:
    """Asks one route: `go(who, body)`; a word for a parameter of its path stands in place of the owner's thing.

    `looks`: whether it looks which tables are otherwise than before, as `changed`.
    """

    house: House
    route: Route
    looks: bool = False
    changed: set[str] = field(default_factory=set)

    def __call__(
        self, who: Headers | None = None, body: Any = None, *, query: Any = None, data: Any = None, **names: Any
    ) -> Any:
        rule = self.route.rule
        path = PARAMETER.sub(lambda one: str(names.get(one[1]) or self.house.value(rule, one[1])), rule)
        headers = {"Idempotency-Key": uuid4().hex, "If-Match": "*"} | (who or {})
        sent = {"data": data} if data is not None else {} if body is None else {"json": body}
        before = self._seen()
        answer = self.house.client.open(
            path, method=self.route.method, headers=headers, query_string=query or {}, **sent
        )
        assert answer.status_code < 300, (path, answer.status_code, answer.get_data(as_text=True))
        after = self._seen()
        self.changed = {name for name in after if before[name] != after[name]} - ALWAYS
        return answer.get_json(silent=True)

    def _seen(self) -> dict[str, str]:
        with db.transaction() as tx:
            return digests(tx.connection()) if self.looks else {}


def deed(*routes: str) -> Callable[[Deed], Deed]:
    """What a function does: these routes, each by itself."""

    def keep(function: Deed) -> Deed:
        assert not DONE.keys() & routes, routes
        DONE.update(dict.fromkeys(routes, function))
        return function

    return keep


def later(**by: float) -> None:
    """Move the database's clock, inside `undone`."""
    with db.transaction() as tx:
        moved = text("SELECT set_config('asimati.clock_offset', :seconds, false)")
        tx.execute(moved, {"seconds": str(timedelta(**by).total_seconds())})


from tests.house.deeds import (  # noqa: E402 - each keeps its deeds
    accounts,  # noqa: F401
    cases,  # noqa: F401
    events,  # noqa: F401
    house,  # noqa: F401
    organisations,  # noqa: F401
    volunteering,  # noqa: F401
)
