"""The attack: everything that is told is asked for, in every grouping, period, measure and format, and subtracted.

Each told figure is an equation over the acts it is made of; elimination over fractions finds whatever follows.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from asimati.impact import disclosure
from asimati.impact.actions import rebuild_all
from asimati.impact.disclosure import BLANK, DIMENSIONS, OTHER, PERSONAL, Atom, Figure, Table, figures
from asimati.impact.publishing import GROUPINGS
from asimati.impact.sync import sync
from asimati.kit import db
from tests.impact.acts import PART, Act, measure
from workers.tasks.deliver import drain

THRESHOLD = 5
Sums = Mapping[Any, int]  # what is added up: atoms or acts, each so often


class Known:
    """Sums an attacker has learnt, and whether another one follows from them."""

    def __init__(self) -> None:
        self._rows: dict[Any, dict[Any, Fraction]] = {}

    def learn(self, sums: Sums) -> None:
        row = self._left(sums)
        if row:
            pivot = min(row)
            self._rows[pivot] = {column: value / row[pivot] for column, value in row.items()}

    def follows(self, sums: Sums) -> bool:
        return not self._left(sums)

    def _left(self, sums: Sums) -> dict[Any, Fraction]:
        left = {column: Fraction(times) for column, times in sums.items()}
        while known := left.keys() & self._rows.keys():
            pivot = min(known)
            share = left[pivot]
            for column, value in self._rows[pivot].items():
                left[column] = left.get(column, Fraction(0)) - share * value
                if not left[column]:
                    del left[column]
        return left


# --- on the rules alone: random crowds, in three measures that count some of the same acts -----------------------

ALL, IN_TIME, SOME = ("resolved", "16.6"), ("in-time", "16.6"), ("by-target", "11.6")
SIGNATURES = [(ALL,), (ALL, IN_TIME), (ALL, SOME), (ALL, IN_TIME, SOME)]
# Smaller examples of a failure are not worth minutes of looking for them.
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
CROWD = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.fixed_dictionaries({
            "sex": st.sampled_from(["female", "male"]), "age_band": st.sampled_from(["15-24", "25-34", "60+"]),
            "disability": st.sampled_from(["no", "yes"]), "area": st.sampled_from(["hoora", "seef"]),
            "programme": st.sampled_from(["none", "gew"]), "channel": st.sampled_from(["none", "app"]),
        }),
        st.sampled_from(SIGNATURES),
    ),
    min_size=1, max_size=30,
)  # fmt: skip
Drawn = Sequence[tuple[int, dict[str, str], Sequence[Table]]]


def crowd_of(drawn: Drawn) -> list[Atom]:
    counts: dict[tuple[Any, ...], int] = {}
    for people, group, tables in drawn:
        key = (tuple((BLANK | group).items()), tuple(tables))
        counts[key] = counts.get(key, 0) + people
    atoms, first = [], 0
    for (group, tables), people in counts.items():
        someone = frozenset(range(first, first + people))
        atoms.append(Atom(dict(group), dict.fromkeys(tables, Decimal(people)), someone))
        first += people
    return atoms


def found_out(crowd: Sequence[Atom], told: Iterable[Figure]) -> list[tuple[int, ...]]:
    """The sums about few people that follow from everything told: of groups, and of groups in one table only.

    The attacker also knows which of the finest groups have anybody in them.
    """
    everything, known = list(told), Known()
    for one in everything:
        if one.told:
            known.learn(dict.fromkeys(one.atoms, 1))
    groups: dict[tuple[Any, ...], list[set[int]]] = {}
    for number, atom in enumerate(crowd):
        for by in {(), *(one.by for one in everything if _says_something(one))}:
            for place, table in enumerate((ALL, IN_TIME, SOME)):
                if table in atom.adds:
                    key = (by, *(atom.group[name] for name in by))
                    groups.setdefault(key, [set(), set(), set()])[place].add(number)
    wanted = {
        tuple(sorted(acts))
        for tables in groups.values()
        for one, other in [
            *((one, set[int]()) for one in tables),
            *((a, b) for a in tables for b in tables if a & b),
        ]
        if (acts := one - other)
    }
    return [
        acts
        for acts in wanted
        if len(frozenset[int]().union(*(crowd[number].people for number in acts))) < THRESHOLD
        and known.follows(dict.fromkeys(acts, 1))
    ]


def _says_something(one: Figure) -> bool:
    """That nothing is known of somebody is told where it is so of all; it says nothing about them."""
    return any(one.group[name] != BLANK[name] for name in one.by)


@settings(deadline=None, max_examples=60, phases=QUICK)
@given(CROWD)
def test_nothing_small_follows_from_everything_that_is_told(drawn: Drawn) -> None:
    crowd = crowd_of(drawn)
    assert found_out(crowd, figures(crowd, GROUPINGS, THRESHOLD)) == []


@settings(deadline=None, max_examples=60, phases=QUICK)
@given(CROWD)
def test_no_line_leaves_a_few_people_as_what_is_missing(drawn: Drawn) -> None:
    """What is withheld of a line whose total is told stands for enough people together, or for the whole line."""
    everything = figures(crowd_of(drawn), GROUPINGS, THRESHOLD)
    totals = {(one.table, one.by, tuple(one.group.items())): one for one in everything if one.told}
    for table, by in {(one.table, one.by) for one in everything if not one.is_total}:
        for free in by:
            rest = tuple(name for name in by if name != free)
            lines: dict[tuple[tuple[str, str], ...], list[Figure]] = {}
            for one in (one for one in everything if (one.table, one.by) == (table, by)):
                lines.setdefault(tuple((name, one.group[name]) for name in rest), []).append(one)
            for key, line in lines.items():
                total = totals.get((table, rest, key))
                hidden = sum(one.people for one in line if not one.told)
                assert not total or hidden in (0, total.people) or hidden >= THRESHOLD


def test_the_attack_finds_what_a_careless_publication_gives_away() -> None:
    """The control: withholding the small figures alone is not enough, and the attack says so."""
    crowd = crowd_of(
        [(people, {"sex": sex}, (ALL,)) for sex, people in (("female", 2), ("male", 40), ("unknown", 9))]
    )
    careless = figures(crowd, GROUPINGS, THRESHOLD)
    for one in careless:
        one.told = one.people >= THRESHOLD
    assert (0,) in found_out(crowd, careless)


def test_totals_are_cells_too_and_so_are_their_differences() -> None:
    """Of 12 who were answered 10 in time, of 3 in another month all: nobody may learn of the 2, nor of the 3."""
    drawn: Drawn = [(10, {}, (ALL, IN_TIME)), (2, {}, (ALL,))]
    crowd = crowd_of(drawn)
    told = {one.table: one.told for one in figures(crowd, GROUPINGS, THRESHOLD) if one.is_total}
    assert told == {ALL: True, IN_TIME: False}
    careless = figures(crowd, GROUPINGS, THRESHOLD)
    for one in careless:
        one.told = one.is_total
    assert (1,) in found_out(crowd, careless), "the control"
    (small,) = (one for one in figures(crowd_of([(3, {}, (ALL,))]), GROUPINGS, THRESHOLD) if one.is_total)
    assert not small.told


def test_the_attack_finds_what_measures_give_away_that_are_published_each_alone() -> None:
    """The control: 12 women were answered, 10 in time; nobody may learn that 2 were not."""
    drawn: Drawn = [
        (people, {"sex": sex}, tables)
        for sex, tables, people in (
            ("female", (ALL, IN_TIME), 10), ("female", (ALL,), 2), ("male", (ALL, IN_TIME), 9), ("male", (ALL,), 8)
        )
    ]  # fmt: skip
    crowd = crowd_of(drawn)
    assert found_out(crowd, figures(crowd, GROUPINGS, THRESHOLD)) == []
    alone = []
    for table in (ALL, IN_TIME):
        mine = [number for number, atom in enumerate(crowd) if table in atom.adds]
        kept = [Atom(crowd[n].group, {table: crowd[n].adds[table]}, crowd[n].people) for n in mine]
        for one in figures(kept, GROUPINGS, THRESHOLD):
            one.atoms = [mine[n] for n in one.atoms if n < len(mine)]
            alone.append(one)
    assert (1,) in found_out(crowd, alone)


# --- on the running house: whatever can be asked of it ------------------------------------------------------------

MEASURES = [
    measure("hours"),
    measure("people", amount="1", targets=["11.3", "16.7"]),
    measure("later", amount="1", targets=["16.7"], since=date(2026, 10, 5)),  # some of the same acts
    measure("by-sex", amount="1", targets=["4.7"], disaggregations=["sex"]),
]
MONTHS = (date(2026, 9, 1), date(2026, 10, 1))


def history(act: Act, seed: int) -> list[dict[str, Any]]:
    """A hundred and twenty acts of one hour, each of somebody else."""
    chance = Random(seed)
    acts = []
    for _ in range(120):
        group = {
            "sex": chance.choice(["female", "female", "male"]),
            "age_band": chance.choice(["15-24", "25-34", "60+"]),
            "disability": chance.choice(["no"] * 9 + ["yes"]), "block": chance.choice(["317", "317", "304", "428"]),
        }  # fmt: skip
        on = chance.choice(MONTHS).replace(day=chance.choice([2, 8, 20]))
        targets = chance.choice([["4.4"], ["4.4"], ["4.4", "4.7"]])
        programme = chance.choice([None, "gew", "gew", "rare"]) if chance.random() < 0.8 else None
        act(on=on, targets=targets, programme=programme, **group)
        acts.append({**BLANK, **group, "programme": programme or "none", "on": on, "targets": targets})
    drain()
    return acts


def counts_in(one: Mapping[str, Any], code: str, target: str) -> bool:
    match code:
        case "hours":
            return target in one["targets"]
        case "later":
            return one["on"] >= date(2026, 10, 5)
        case _:
            return True


def stood(one: Mapping[str, Any], code: str, name: str) -> str:
    return str(BLANK[name] if code == "by-sex" and name != "sex" else one[name])


Row = tuple[str, str, str, dict[str, str], Decimal]  # measure, target, period, group, value


def everything_told(client: FlaskClient) -> Iterable[Row]:
    """All rows of all answers in which a value is told."""
    said = client.get("/api/v1/impact/groupings").json
    others = [names for size in range(len(OTHER) + 1) for names in combinations(said["others"], size)]
    for by in [*said["about_people"], *map(list, others)]:
        yield from _asked(client, ",".join(by))
    with zipfile.ZipFile(io.BytesIO(client.get("/api/v1/impact/export/open-sdg.zip").data)) as made:
        for name in made.namelist():
            if name.startswith("data/"):
                _goal, _number, code = name.removeprefix("data/indicator_").removesuffix(".csv").split("-", 2)
                target = f"{_goal}.{_number}"
                for row in csv.DictReader(io.StringIO(made.read(name).decode())):
                    group = {one: row[one] for one in PERSONAL if row[one]}
                    yield code, target, row["Year"], group, Decimal(row["Value"])


def _asked(client: FlaskClient, by: str) -> Iterable[Row]:
    names, after = [one for one in by.split(",") if one], None
    while True:
        query = {"by": by, "limit": 100} | ({"after": after} if after else {})
        page = client.get("/api/v1/impact/tallies", query_string=query).json
        for one in page["items"]:
            if not one["withheld"]:
                group = {name: one[name] for name in names}
                yield one["measure"], one["target"], one["period"], group, Decimal(str(one["value"]))
        if not (after := page["next"]):
            break
    for per in ("month", "quarter", "year"):
        for one in client.get("/api/v1/impact/series", query_string={"by": by, "per": per}).json["items"]:
            for point in one["points"]:
                if point["value"] is not None:
                    value = Decimal(str(point["value"]))
                    yield one["measure"], one["target"], point["period"], one["group"], value
    for kind in ("tallies.csv", "tallies.sdmx.csv"):
        answer = client.get(f"/api/v1/impact/export/{kind}", query_string={"by": by}).data.decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(answer)):
            if row.get("value"):
                group = {name: row[name] for name in names}
                yield row["measure"], row["target"], row["period"], group, Decimal(row["value"])
            elif row.get("OBS_VALUE"):
                group = {name: _word(name, row[name.upper()]) for name in names}
                period, value = row["TIME_PERIOD"], Decimal(row["OBS_VALUE"])
                yield row["MEASURE"], row["SDG_TARGET"], period, group, value


def _word(name: str, code: str) -> str:
    return {"F": "female", "M": "male", "_U": "unknown", "_Z": "none"}.get(code, code)


def _in(period: str, on: date) -> bool:
    quarter = f"{on.year}-Q{(on.month + 2) // 3}"
    return period in (f"{on:%Y-%m}", quarter, f"{on.year}")


def caught(acts: Sequence[Mapping[str, Any]], told: Iterable[Row]) -> set[tuple[Any, ...]]:
    """The groups of few acts whose number follows from what was told. Every value told must be true besides."""
    kinds: dict[tuple[Any, ...], list[int]] = {}
    tables = [("hours", "4.4"), ("hours", "4.7"), ("people", "16.7"), ("later", "16.7"), ("by-sex", "4.7")]
    for number, one in enumerate(acts):
        counted = tuple(table for table in tables if counts_in(one, *table))
        kinds.setdefault((*(one[name] for name in DIMENSIONS), one["on"].month, counted), []).append(number)
    kind_of = {number: kind for kind, numbers in enumerate(kinds.values()) for number in numbers}
    sizes = [len(numbers) for numbers in kinds.values()]
    known = Known()

    def sums(numbers: Iterable[int]) -> dict[int, int]:
        return dict.fromkeys({kind_of[number] for number in numbers}, 1)

    for code, target, period, group, value in {(c, t, p, tuple(g.items()), v) for c, t, p, g, v in told}:
        mine = [
            number for number, one in enumerate(acts)
            if counts_in(one, code, target) and _in(period, one["on"])
            and all(stood(one, code, name) == value for name, value in group)
        ]  # fmt: skip
        assert sum(sizes[kind] for kind in sums(mine)) == value == len(mine), (code, target, period, group)
        known.learn(sums(mine))
    groups: dict[tuple[Any, ...], dict[Table, set[int]]] = {}
    for number, one in enumerate(acts):
        for by in [(), *GROUPINGS, *(names for size in (1, 2, 3) for names in combinations(OTHER, size))]:
            key = (one["on"].month, by, *(one[name] for name in by))
            for table in tables:
                if counts_in(one, *table) and (not by or any(one[name] != BLANK[name] for name in by)):
                    groups.setdefault(key, {}).setdefault(table, set()).add(number)
    return {
        (key, table, other)
        for key, counted in groups.items()
        for table, mine in counted.items()
        for other in (None, *counted)
        if (few := mine - (counted[other] if other else set())) and len(few) < THRESHOLD
        if sum(sizes[kind] for kind in sums(few)) == len(few)
        and known.follows(sums(few))
    }  # fmt: skip


@pytest.fixture
def town(act: Act) -> Callable[[int], list[dict[str, Any]]]:
    with db.transaction() as tx:
        sync(tx, {**PART, "measures": MEASURES})
    return lambda seed: history(act, seed)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_question_and_no_difference_of_answers_tells_of_a_few(
    town: Callable[[int], list[dict[str, Any]]], client: FlaskClient, seed: int
) -> None:
    acts = town(seed)
    told = list(everything_told(client))
    assert len({(row[0], row[1]) for row in told if "sex" in row[3]}) > 2, "several measures are told in groups"
    assert caught(acts, told) == set()


def test_the_attack_succeeds_where_differences_of_measures_are_not_guarded(
    town: Callable[[int], list[dict[str, Any]]], client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same town, each measure sound in itself."""
    monkeypatch.setattr(disclosure, "_groups", lambda made: [])
    monkeypatch.setattr(disclosure, "_large", lambda atoms, threshold: set(disclosure._tables(atoms)))
    acts = town(1)
    assert caught(acts, everything_told(client))
    monkeypatch.undo()
    with db.transaction() as tx:
        rebuild_all(tx)
    assert caught(acts, everything_told(client)) == set()
