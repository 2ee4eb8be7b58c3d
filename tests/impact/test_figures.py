"""The public figures over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from tests.impact.acts import Act, TakenBack, say
from workers.tasks.deliver import drain

TALLIES = "/api/v1/impact/tallies"


def crowd(act: Act, **people: int) -> None:
    for sex, number in people.items():
        for _ in range(number):
            act(sex=sex)


def test_the_goals_say_what_was_done_for_each(client: FlaskClient, act: Act) -> None:
    crowd(act, female=6)
    drain()
    goals = {item["goal"]: item for item in client.get("/api/v1/impact/goals").json["items"]}
    assert set(goals) == {4, 11, 16}
    assert goals[4]["contributions"] == [
        {
            "target": "4.4", "measure": "hours", "title": {"ar": "hours ع", "en": "hours"},
            "unit": {"ar": "hours ع", "en": "hours"}, "value": 6, "at_least": False,
        }
    ]  # fmt: skip
    assert goals[4]["colour"].startswith("#")
    assert (goals[4]["progress"], goals[4]["aims"]) == (None, [])
    assert [one["code"] for one in goals[4]["objectives"]] == ["V1"]


def test_tallies_by_goal_and_group(client: FlaskClient, act: Act) -> None:
    crowd(act, female=6, male=7)
    drain()
    found = client.get(TALLIES, query_string={"goal": 4, "by": "sex,block"}).json["items"]
    assert [(cell["sex"], cell["block"], cell["value"], cell["withheld"]) for cell in found] == [
        ("female", "317", 6, False), ("male", "317", 7, False)
    ]  # fmt: skip
    assert found[0] | {"id": ""} == {
        "id": "", "goal": 4, "target": "4.4", "measure": "hours", "period": "2026-11",
        "unit": {"ar": "hours ع", "en": "hours"}, "value": 6, "withheld": False, "sex": "female", "block": "317",
        "people": 5, "version": 1,
    }  # fmt: skip


def test_small_groups_are_withheld_but_their_total_is_not(client: FlaskClient, act: Act) -> None:
    crowd(act, female=2, male=7)
    drain()
    by_sex = client.get(TALLIES, query_string={"measure": "hours", "by": "sex"}).json["items"]
    assert [(cell["value"], cell["withheld"]) for cell in by_sex] == [(None, True), (None, True)]
    assert client.get(TALLIES, query_string={"measure": "hours"}).json["items"][0]["value"] == 9


def test_one_person_often_is_still_one_person(client: FlaskClient, act: Act) -> None:
    person = uuid4()
    for programme in ("a", "b", "c", "d", "e", "f"):
        act(person=person, programme=programme)
    drain()
    found = client.get(TALLIES, query_string={"measure": "hours", "by": "sex"}).json["items"]
    assert found == []
    (total,) = client.get(TALLIES, query_string={"measure": "hours"}).json["items"]
    assert (total["value"], total["withheld"], total["people"]) == (None, True, None)


def test_a_total_about_few_people_is_withheld_wherever_it_could_be_read(client: FlaskClient, act: Act) -> None:
    """October has enough people, November two: the sum of both months would give November away."""
    crowd(act, female=7)
    for _ in range(2):
        act(on=date(2026, 10, 3))
    drain()
    impact = "/api/v1/impact"
    cells = client.get(f"{TALLIES}?measure=hours").json["items"]
    assert [(cell["period"], cell["value"]) for cell in cells] == [("2026-10", None), ("2026-11", 7)]
    assert client.get(f"{TALLIES}/{cells[0]['id']}/contributions").json["type"] == "/problems/withheld"
    (year,) = client.get(f"{impact}/series?measure=hours&per=year").json["items"]
    assert [point["value"] for point in year["points"]] == [None]
    goals = {one["goal"]: one for one in client.get(f"{impact}/goals").json["items"]}
    assert [(one["value"], one["at_least"]) for one in goals[4]["contributions"]] == [(7, True)]
    alone = {one["goal"]: one for one in client.get(f"{impact}/goals?from=2026-10&to=2026-10").json["items"]}
    assert [(one["value"], one["at_least"]) for one in alone[4]["contributions"]] == [(None, False)]
    people = f"{impact}/people?measure=hours"
    assert client.get(f"{people}&from=2026-10&to=2026-10").json["people"] is None
    assert client.get(f"{people}&from=2026-11&to=2026-11").json["people"] == 7
    table = client.get(f"{impact}/export/tallies.csv?measure=hours").get_data(as_text=True)
    assert '"2026-10","4","4.4","hours","","","True"' in table
    page = client.get("/impact?language=en").get_data(as_text=True)
    assert "at least <strong><bdi>7</bdi></strong>" in page and ">9<" not in page


def test_months_narrow_and_pages_continue(client: FlaskClient, act: Act) -> None:
    for month in (8, 9, 10, 11):
        act(on=date(2026, month, 10))
    drain()
    query = {"measure": "hours", "from": "2026-09", "to": "2026-10-31"}
    assert [cell["period"] for cell in client.get(TALLIES, query_string=query).json["items"]] == [
        "2026-09",
        "2026-10",
    ]
    seen, after = [], None
    while True:
        page = client.get(TALLIES, query_string={"limit": 3, **({"after": after} if after else {})}).json
        seen += page["items"]
        if not (after := page["next"]):
            break
    assert len({cell["id"] for cell in seen}) == len(seen) == 12


def test_the_acts_behind_a_figure_say_nothing_about_anybody(client: FlaskClient, act: Act) -> None:
    crowd(act, female=6, male=7)
    drain()
    cells = client.get(TALLIES, query_string={"measure": "hours", "by": "sex"}).json["items"]
    lines = client.get(f"{TALLIES}/{cells[0]['id']}/contributions", query_string={"limit": 4}).json
    more = client.get(
        f"{TALLIES}/{cells[0]['id']}/contributions", query_string={"limit": 4, "after": lines["next"]}
    ).json
    assert len(lines["items"]) + len(more["items"]) == 6
    assert set(lines["items"][0]) == {"reference", "act", "period", "amount", "measure_version"}
    assert lines["items"][0]["act"] == "toy.act"
    whole = client.get(TALLIES, query_string={"measure": "hours"}).json["items"][0]["id"]
    others = client.get(f"{TALLIES}/{whole}/contributions", query_string={"limit": 100}).json["items"]
    assert len(others) == 13
    ours = {line["reference"] for line in lines["items"] + more["items"]}
    assert not ours & {line["reference"] for line in others}, "lines of two figures must not be matched"


def test_the_acts_behind_a_withheld_figure_are_withheld_too(client: FlaskClient, act: Act) -> None:
    crowd(act, female=2, male=7)
    drain()
    for cell in client.get(TALLIES, query_string={"measure": "hours", "by": "sex"}).json["items"]:
        refused = client.get(f"{TALLIES}/{cell['id']}/contributions")
        assert (refused.status_code, refused.json["type"]) == (403, "/problems/withheld")


def test_nonsense_is_refused(client: FlaskClient, act: Act) -> None:
    assert client.get(TALLIES, query_string={"by": "cpr"}).status_code == 422
    assert client.get(TALLIES, query_string={"from": "2026-13"}).status_code == 422
    assert client.get(TALLIES, query_string={"after": "e30"}).status_code == 422
    for name in ("e30", "x", "W10", "bnVsbA", "WyIyMDI2LTExIiwxLDIsW11d"):
        assert client.get(f"{TALLIES}/{name}/contributions").status_code == 404


def test_lines_taken_back_are_told_of_a_total_and_of_no_group(client: FlaskClient, act: Act) -> None:
    """In a group they would tell how few of it had something taken back: lines less the figure, halved."""
    crowd(act, female=8, male=9)
    mistaken = act(sex="female")
    drain()
    say(TakenBack(source=mistaken.source))
    drain()

    def lines(by: str, number: int) -> int:
        cell = client.get(TALLIES, query_string={"measure": "hours", "by": by}).json["items"][number]
        return len(client.get(f"{TALLIES}/{cell['id']}/contributions?limit=100").json["items"])

    assert (lines("sex", 0), lines("sex", 1)) == (8, 9)
    assert lines("", 0) == 17 + 2


READINGS = (
    "tallies?by=sex", "tallies?by=programme,channel", "goals", "series?by=sex&per=year", "objectives", "measures",
    "people?measure=hours", "export/tallies.csv?by=sex", "export/tallies.sdmx.csv?by=sex", "export/open-sdg.zip",
)  # fmt: skip


def test_readers_never_touch_contributions(client: FlaskClient, act: Act) -> None:
    crowd(act, female=8, male=9)
    drain()
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        for what in READINGS:
            assert client.get(f"/api/v1/impact/{what}").status_code == 200, what
        assert client.get("/impact").status_code == 200
        read = list(asked)
        cell = client.get(TALLIES).json["items"][0]["id"]
        assert client.get(f"{TALLIES}/{cell}/contributions").status_code == 200
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    assert len(read) > len(READINGS)
    assert not [one for one in read if "contribution" in one]
    assert [one for one in asked if "contribution" in one], (
        "the control: only who asks for the acts behind a figure"
    )
