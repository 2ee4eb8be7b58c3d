"""What may be shown: small figures are withheld, and with them whatever would give them away."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asimati.impact.rules import Cell, amount_of, dimensions_of, protect

SEXES, AGES = ("female", "male", "unknown"), ("15-24", "25-34", "60+", "unknown")


def cell(people: int, **group: str) -> Cell:
    return Cell("hours", 4, "4.4", date(2026, 11, 1), group, Decimal(people), people)


def test_a_figure_about_few_people_takes_another_with_it() -> None:
    cells = [cell(2, sex="female"), cell(40, sex="male"), cell(9, sex="unknown")]
    protect(cells, ["sex"], 5)
    assert [one.withheld for one in cells] == [True, False, True]


def test_figures_by_programme_alone_are_shown() -> None:
    cells = [cell(1, programme="gew-2026"), cell(40, programme="none")]
    protect(cells, ["programme"], 5)
    assert not any(one.withheld for one in cells)


def test_two_small_figures_are_not_enough_if_together_they_are_still_few() -> None:
    cells = [cell(1, sex="female"), cell(2, sex="male"), cell(30, sex="unknown")]
    protect(cells, ["sex"], 5)
    assert all(one.withheld for one in cells)


def test_months_and_targets_are_tables_of_their_own() -> None:
    other = Cell("hours", 4, "4.7", date(2026, 11, 1), {"sex": "male"}, Decimal(50), 50)
    cells = [cell(2, sex="female"), cell(40, sex="male"), other]
    protect(cells, ["sex"], 5)
    assert not other.withheld


@given(st.lists(st.integers(0, 12), min_size=12, max_size=12))
def test_nothing_can_be_had_by_subtracting_what_is_shown_from_a_total(counts: list[int]) -> None:
    """In every row and column: nothing withheld, or at least two figures standing for enough people (or all)."""
    cells = [
        cell(people, sex=sex, age_band=age)
        for people, (sex, age) in zip(counts, product(SEXES, AGES), strict=True)
        if people
    ]
    protect(cells, ["sex", "age_band"], 5)
    assert all(one.withheld for one in cells if one.people < 5)
    for name, values in (("sex", SEXES), ("age_band", AGES)):
        for value in values:
            line = [one for one in cells if one.group[name] == value]
            hidden = [one for one in line if one.withheld]
            enough = len(hidden) >= 2 and sum(one.people for one in hidden) >= 5
            assert not hidden or enough or len(hidden) == len(line)


def test_a_withheld_figure_is_not_the_sum_of_figures_of_a_finer_grouping() -> None:
    fine = [cell(10, sex="male", age_band="15-24"), cell(9, sex="male", age_band="25-34"),
            cell(20, sex="female", age_band="15-24"), cell(21, sex="female", age_band="25-34"),
            cell(2, sex="unknown", age_band="unknown")]  # fmt: skip
    coarse = [cell(19, sex="male"), cell(41, sex="female"), cell(2, sex="unknown")]
    protect(coarse, ["sex"], 5)
    assert [one.withheld for one in coarse] == [True, False, True]
    protect(fine, ["sex", "age_band"], 5)
    assert not any(one.withheld for one in fine if one.group["sex"] == "male")  # alone it would tell: 62 - 41 - 19
    protect(fine, ["sex", "age_band"], 5, [coarse])
    assert any(one.withheld for one in fine if one.group["sex"] == "male")


@given(st.lists(st.integers(0, 20), min_size=12, max_size=12))
def test_whatever_is_withheld_stays_so_in_the_sums_of_a_finer_grouping(counts: list[int]) -> None:
    fine = [
        cell(people, sex=sex, age_band=age)
        for people, (sex, age) in zip(counts, product(SEXES, AGES), strict=True)
        if people
    ]
    coarse = {name: sums(fine, name) for name in ("sex", "age_band")}
    for name, table in coarse.items():
        protect(table, [name], 5)
    protect(fine, ["sex", "age_band"], 5, coarse.values())
    for name, table in coarse.items():
        for one in (one for one in table if one.withheld):
            hidden = [part for part in fine if part.withheld and part.group[name] == one.group[name]]
            assert sum(part.people for part in hidden) >= min(5, one.people)


def sums(fine: list[Cell], name: str) -> list[Cell]:
    values = sorted({one.group[name] for one in fine})
    return [cell(sum(one.people for one in fine if one.group[name] == v), **{name: v}) for v in values]


def test_which_of_equal_figures_is_withheld_does_not_depend_on_their_order() -> None:
    cells = [cell(2, sex="female"), cell(9, sex="male"), cell(9, sex="unknown"), cell(30, sex="x")]
    protect(cells, ["sex"], 5)
    first = [one.group for one in cells if one.withheld]
    protect(cells[::-1], ["sex"], 5)
    assert [one.group for one in cells if one.withheld] == first


@pytest.mark.parametrize(
    ("rule", "facts", "amount"),
    [("1", {}, "1"), ("hours", {"hours": "2.50"}, "2.5"), ("in_time", {"in_time": True}, "1"),
     ("seats", {"seats": 3}, "3"), ("in_time", {"in_time": False}, "0"),
     ("stars", {"stars": None}, "0"), ("missing", {}, "0")],
)  # fmt: skip
def test_amounts(rule: str, facts: dict[str, object], amount: str) -> None:
    assert amount_of(rule, facts) == Decimal(amount)


@pytest.mark.parametrize("nonsense", ["many", "NaN", "Infinity", [1]])
def test_an_amount_that_is_no_number_is_said_to_be_none(nonsense: object) -> None:
    with pytest.raises(ValueError, match="no amount"):
        amount_of("hours", {"hours": nonsense})


def test_everyone_has_a_place_in_every_dimension() -> None:
    assert dimensions_of({}) == {
        "sex": "unknown", "age_band": "unknown", "disability": "unknown", "block": "unknown",
        "programme": "none", "channel": "none",
    }  # fmt: skip
