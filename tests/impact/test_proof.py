"""The nightly proof: what differs is told to those who look after the figures, shown to them, and made anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from asimati import pack
from asimati.impact import proving
from asimati.impact.proving import reconcile
from asimati.impact.queries import gauges, verify_tallies
from asimati.kit import db
from asimati.kit.policy import Role
from asimati.notifications.sync import sync as sync_templates
from asimati.settings import settings
from tests.impact.acts import Act
from workers.schedule import JOBS, run_due
from workers.tasks.deliver import drain

V1 = "/api/v1"
Headers = dict[str, str]


@pytest.fixture
def told(act: Act, client: FlaskClient) -> Callable[[Headers], list[dict[str, Any]]]:
    """What somebody reads in their inbox; there is an act, and its tallies are made."""
    parts = pack.load(settings().governorate.folder).parts(datetime.now(UTC))
    with db.transaction() as tx:
        sync_templates(tx, parts["notifications"])
    act(hours="2.5")
    drain()

    def read(who: Headers) -> list[dict[str, Any]]:
        drain()
        items: list[dict[str, Any]] = client.get(f"{V1}/staff/notices", headers=who).json["items"]
        return items

    return read


def broken(change: str = "UPDATE tally_cell SET value = value + 3 WHERE measure = 'hours'") -> None:
    with db.transaction() as tx:
        tx.execute(text(change))


def night() -> Any:
    with db.transaction() as tx:
        return reconcile(tx)


def test_a_tally_that_differs_is_told_once_to_those_who_look_after_figures(
    told: Callable[[Headers], list[dict[str, Any]]], as_staff: Callable[..., Headers]
) -> None:
    warned = [as_staff(role) for role in (Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR)]
    others = [as_staff(role) for role in (Role.REVIEWER, Role.COORDINATOR)]
    assert night() is None
    assert [told(one) for one in warned] == [[], [], []], "the control: a night without differences tells nobody"
    broken()
    assert night()["ok"]
    assert night() is None
    for one in warned:
        (notice,) = told(one)
        assert (notice["topic"], notice["about"]["type"]) == ("impact.tallies_differed", "reconciliation")
        for language, words in (("en", "in sum: 3"), ("ar", "مجموع الفرق: \u20683\u2069")):
            assert words in notice["text"][language]
            for part in ("hours", "4.4", "2026-11"):
                assert part in notice["text"][language]
    assert [told(one) for one in others] == [[], []]
    broken()
    night()
    assert len(told(warned[0])) == 2, "a second failing night is told again"


@pytest.mark.parametrize(
    ("change", "more"),
    [
        ("DELETE FROM tally_cell WHERE measure = 'hours'", -2.5),
        ("UPDATE tally_cell SET sex = 'male' WHERE measure = 'hours'", 0),
        ("UPDATE tally_cell SET people = 7 WHERE measure = 'hours'", 0),
    ],
)
def test_what_differs_is_kept_and_shown_whatever_was_done_to_the_cells(
    told: Any, client: FlaskClient, as_staff: Callable[..., Headers], change: str, more: float
) -> None:
    broken(change)
    night()
    found = client.get(f"{V1}/staff/impact/proofs", headers=as_staff(Role.SUPERVISOR)).json["items"]
    (place,) = found[0]["places"]
    assert (place["measure"], place["target"], place["period"], place["more"]) == ("hours", "4.4", "2026-11", more)
    assert found[0]["mended"] and found[0]["differences"] >= place["cells"] >= 1
    with db.transaction() as tx:
        assert verify_tallies(tx)["ok"]


def test_the_alarm_stands_even_where_the_cells_cannot_be_made_anew(
    told: Any, client: FlaskClient, as_staff: Callable[..., Headers], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(tx: Session) -> Any:
        tx.execute(text("DELETE FROM tally_cell"))
        tx.execute(text("SELECT 1 / 0"))

    head = as_staff(Role.SUPERVISOR)
    broken()
    with monkeypatch.context() as patched:
        patched.setattr(proving, "rebuild_all", fails)
        assert not night()["ok"]
    assert len(told(head)) == 1
    assert not client.get(f"{V1}/staff/impact/proofs", headers=head).json["items"][0]["mended"]
    with db.transaction() as tx:
        assert gauges(tx)["impact_tally_differences"] == 2
    assert night()["ok"]
    assert len(told(head)) == 2


def test_the_night_runs_it_once(told: Any, as_staff: Callable[..., Headers]) -> None:
    head = as_staff(Role.SUPERVISOR)
    broken()
    job = [one for one in JOBS if one.name == "impact.reconcile"]
    assert job[0].nightly
    assert run_due(job[0].queue, job) == ["impact.reconcile"]
    assert run_due(job[0].queue, job) == []
    assert len(told(head)) == 1
