"""The ground of the impact tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from asimati.impact.sync import sync
from asimati.kit import db, outbox
from tests.impact.acts import PART, Act, Acted, TakenBack, say


@pytest.fixture
def ground(clean: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue and the measures in the tables, the toy topics known."""
    for kind in (Acted, TakenBack):
        monkeypatch.setitem(outbox.TOPICS, kind.topic, kind)
    with db.transaction() as tx:
        sync(tx, PART)
    yield


@pytest.fixture
def act(ground: None) -> Act:
    """Publish an act; defaults make it one hour of somebody new on 23 November 2026."""

    def publish(**fields: Any) -> Acted:
        group = {"sex": "female", "age_band": "25-34", "disability": "no", "block": "317"}
        group |= {name: fields.pop(name) for name in list(fields) if name in group}
        made = Acted(
            **{"source": f"toy.act:{uuid4()}", "on": date(2026, 11, 23), "group": group, "person": uuid4()} | fields
        )
        say(made)
        return made

    return publish
