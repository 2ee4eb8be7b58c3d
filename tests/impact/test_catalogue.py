"""The catalogue as the United Nations list it, the crosswalk to the national vision, and syncing both twice."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from asimati import pack
from asimati.cli import cli
from asimati.impact.rules import goal_of, wears_official_code
from asimati.kit import db
from asimati.pack.references import catalogue
from asimati.settings import settings

GOALS: list[dict[str, Any]] = catalogue()["goals"]
TARGETS: list[dict[str, Any]] = [target for goal in GOALS for target in goal["targets"]]
INDICATORS = {one["code"]: one for target in TARGETS for one in target["indicators"]}
# Targets of each goal in A/RES/70/1, and indicators listed under each in the framework after its review of 2025.
COUNTS = {
    1: (7, 13), 2: (8, 15), 3: (13, 28), 4: (10, 12), 5: (9, 14), 6: (8, 11), 7: (5, 6), 8: (12, 17), 9: (8, 12),
    10: (10, 14), 11: (10, 16), 12: (11, 13), 13: (5, 8), 14: (10, 10), 15: (12, 14), 16: (12, 24), 17: (19, 24),
}  # fmt: skip
COLOURS = [  # the guidelines on the use of the goals' colours
    "#E5243B", "#DDA63A", "#4C9F38", "#C5192D", "#FF3A21", "#26BDE2", "#FCC30B", "#A21942", "#FD6925",
    "#DD1367", "#FD9D24", "#BF8B2E", "#3F7E44", "#0A97D9", "#56C02B", "#00689D", "#19486A",
]  # fmt: skip
# The thirteen indicators that the framework lists under two or three targets.
REPEATS = (
    "1.5.1 11.5.1 13.1.1", "1.5.2 11.5.2", "1.5.3 11.b.1 13.1.2", "1.5.4 11.b.2 13.1.3", "4.7.1 12.8.1 13.3.1",
    "7.b.1 12.a.1", "8.4.1 12.2.1", "8.4.2 12.2.2", "10.3.1 16.b.1", "10.6.1 16.8.1", "13.2.1 13.b.1",
    "15.7.1 15.c.1", "15.a.1 15.b.1",
)  # fmt: skip
NOT_LETTER_FOR_LETTER = {"13.b.1"}  # 13.2.1 of the least developed countries and small islands
TABLES = ("goal", "target", "indicator", "framework", "objective", "crosswalk", "measure", "aim", "dossier_form",
          "former_rule", "former_tally", "contribution", "tally_mark", "message")  # fmt: skip


def test_seventeen_goals_169_targets_and_251_indicators_of_which_234_are_different() -> None:
    listed = {
        int(goal["code"]): (len(goal["targets"]), sum(len(one["indicators"]) for one in goal["targets"]))
        for goal in GOALS
    }
    assert listed == COUNTS
    assert (len(GOALS), len(TARGETS), len(INDICATORS)) == (17, 169, 251)
    assert sum(len(target["indicators"]) for target in TARGETS) == 251, "no code stands twice"
    repeated = sum(len(codes.split()) - 1 for codes in REPEATS)
    assert len(INDICATORS) - repeated == 234 == catalogue()["meta"]["counts"]["indicators_unique"]


def test_codes_say_where_they_belong() -> None:
    for goal in GOALS:
        for target in goal["targets"]:
            assert re.fullmatch(rf"{goal['code']}\.([1-9]\d?|[a-d])", target["code"])
            numbers = [one["code"].removeprefix(f"{target['code']}.") for one in target["indicators"]]
            assert numbers and all(re.fullmatch("[1-9]", number) for number in numbers), target["code"]
            assert numbers == sorted(numbers)


def test_repeats_are_those_the_framework_names_and_say_the_same() -> None:
    assert [" ".join(codes) for codes in catalogue()["meta"]["repeats"]] == list(REPEATS)
    for codes in REPEATS:
        first, *others = codes.split()
        for code in others:
            assert INDICATORS[code]["repeat_of"] == first
            same = INDICATORS[code]["title"] == INDICATORS[first]["title"]
            assert same is (code not in NOT_LETTER_FOR_LETTER), code
    marked = {code for code, one in INDICATORS.items() if "repeat_of" in one}
    assert marked == {code for codes in REPEATS for code in codes.split()[1:]}


def test_everything_has_its_words_in_both_languages_and_says_where_they_come_from() -> None:
    legend = set(catalogue()["meta"]["legend"])
    for one in (*GOALS, *TARGETS, *INDICATORS.values()):
        words = [one["title"], *([one["short"]] if "short" in one else [])]
        for said in words:
            assert re.search("[\u0621-\u064a]{2}", said["ar"]) and re.search("[A-Za-z]{2}", said["en"]), one["code"]
            assert said["ar"] == said["ar"].strip() and said["en"] == said["en"].strip()
        assert set(one.get("status", {}).values()) <= legend


def test_the_colours_are_the_official_ones() -> None:
    assert [goal["color"] for goal in GOALS] == COLOURS


def test_our_measures_never_wear_an_official_code() -> None:
    part = pack.load(settings().governorate.folder).impact()
    official = {one["code"] for one in (*GOALS, *TARGETS)} | set(INDICATORS)
    official |= {one["unsd_code"].lower() for one in INDICATORS.values() if one.get("unsd_code")}
    assert len(official) > 650
    assert all(wears_official_code(code.replace(".", joint)) for code in official for joint in ".-_")
    codes = [one["code"] for one in part["measures"]]
    assert codes and not [code for code in codes if wears_official_code(code)]


def test_the_crosswalk_leads_from_targets_there_are_to_objectives_there_are_and_leaves_none_out() -> None:
    part = pack.load(settings().governorate.folder).impact()
    targets, objectives = {one["code"] for one in TARGETS}, {one["code"] for one in part["objectives"]}
    assert {row["target"] for row in part["crosswalk"]} <= targets
    assert {row["objective"] for row in part["crosswalk"]} == objectives, "none of them stands alone"
    assert len({(row["target"], row["objective"]) for row in part["crosswalk"]}) == len(part["crosswalk"])


def contents() -> dict[str, list[str]]:
    with db.transaction() as tx:
        return {name: list(tx.scalars(text(f"SELECT t::text FROM {name} t ORDER BY 1"))) for name in TABLES}


@pytest.mark.usefixtures("clean")
def test_impact_sync_brings_it_all_and_a_second_one_changes_nothing() -> None:
    said = [CliRunner().invoke(cli, ["impact", "sync"])]
    first = contents()
    said.append(CliRunner().invoke(cli, ["impact", "sync"]))
    assert [one.exit_code for one in said] == [0, 0], said[0].output
    assert contents() == first
    part = pack.load(settings().governorate.folder).impact()
    assert {name: len(first[name]) for name in ("goal", "target", "indicator", "framework")} == {
        "goal": 17, "target": 169, "indicator": 251, "framework": 1
    }  # fmt: skip
    assert json.loads(said[0].output)["added"] == len(part["measures"]) == len(first["measure"])
    assert json.loads(said[1].output) == {"added": 0, "changed": 0, "retired": 0}
    with db.transaction() as tx:
        rows = tx.execute(text("SELECT code, goal FROM target")).all()
        assert all(goal_of(code) == goal for code, goal in rows)
        resolved = tx.scalar(text(
            "SELECT count(*) FROM crosswalk JOIN target ON target.code = crosswalk.target"
            " JOIN objective ON objective.code = crosswalk.objective"
        ))  # fmt: skip
        counts = tx.scalar(text("SELECT counts FROM framework"))
    assert resolved == len(part["crosswalk"])
    assert counts == {"goals": 17, "targets": 169, "indicators": 251}
