"""What may be shown: small figures are withheld, and whatever would give them away, in all groupings together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from asimati.impact.disclosure import DIMENSIONS, OTHER, PERSONAL, Atom, Figure, figures
from asimati.impact.publishing import GROUPINGS
from asimati.impact.rules import amount_of, dimensions_of, kept, progress, unique_people

BLANK = dict.fromkeys(PERSONAL, "unknown") | dict.fromkeys(OTHER, "none")
THRESHOLD = 5


def atom(people: int, first: int = 0, **group: str) -> Atom:
    return Atom(BLANK | group, Decimal(people), frozenset(range(first, first + people)))


def atoms(*groups: tuple[int, dict[str, str]]) -> list[Atom]:
    made, first = [], 0
    for people, group in groups:
        made.append(atom(people, first, **group))
        first += people
    return made


def told(by: str, of: Sequence[Atom]) -> dict[str, int | None]:
    """What a grouping says, by group; None: withheld."""
    names = tuple(by.split(","))
    return {
        ",".join(one.group.values()): int(one.value) if one.told else None
        for one in figures(of, GROUPINGS, THRESHOLD)
        if one.by == names
    }


def sexes(**counts: int) -> list[Atom]:
    return atoms(*((count, {"sex": sex}) for sex, count in counts.items()))


def test_a_figure_about_few_people_takes_another_with_it() -> None:
    assert told("sex", sexes(female=2, male=40, unknown=9)) == {"female": None, "male": 40, "unknown": None}


def test_figures_by_programme_alone_are_shown() -> None:
    assert told("programme", atoms((1, {"programme": "gew"}), (40, {}))) == {"gew": 1, "none": 40}


def test_two_small_figures_are_not_enough_if_together_they_are_still_few() -> None:
    assert told("sex", sexes(female=1, male=2, unknown=30)) == {"female": None, "male": None, "unknown": None}


def test_where_all_are_alike_it_does_not_follow_that_they_are() -> None:
    """Nobody outside can rule out that a few of the two are of unknown sex."""
    assert told("sex", sexes(female=2)) == {"female": None, "unknown": None}


def test_a_withheld_figure_cannot_be_added_up_from_a_finer_grouping() -> None:
    crowd = atoms(
        (10, {"sex": "male", "age_band": "15-24"}), (9, {"sex": "male", "age_band": "25-34"}),
        (20, {"sex": "female", "age_band": "15-24"}), (21, {"sex": "female", "age_band": "25-34"}), (2, {}),
    )  # fmt: skip
    assert [sex for sex, value in told("sex", crowd).items() if value is None] == ["male", "unknown"]
    assert not succeeds(crowd)


def test_which_of_equal_figures_is_withheld_does_not_depend_on_their_order() -> None:
    crowd = sexes(female=2, male=9, unknown=9, x=30)
    assert told("sex", crowd) == told("sex", crowd[::-1])


# --- the attack: every figure of every grouping is an equation, solved exactly ----------------------------------


def succeeds(of: Sequence[Atom], shown: Iterable[Figure] | None = None) -> list[dict[str, str]]:
    """The small groups whose sums follow from everything told: Gauss over fractions, in which nothing is guessed.

    The attacker also knows which of the finest groups have anybody in them. Because all of these are above nothing,
    what does not follow by elimination has room in both directions, and linear programming finds no more.
    """
    everything = list(figures(of, GROUPINGS, THRESHOLD)) if shown is None else list(shown)
    size = 1 + max(number for one in everything for number in one.atoms)
    rows: dict[int, dict[int, Fraction]] = {}
    for one in everything:
        if one.told and (row := _reduced(rows, dict.fromkeys(one.atoms, Fraction(1)))):
            pivot = min(row)
            rows[pivot] = {column: value / row[pivot] for column, value in row.items()}
    assert size >= len(rows)
    small = [one for one in everything if _says_something(one) and 0 < one.people < THRESHOLD]
    return [one.group for one in small if not _reduced(rows, dict.fromkeys(one.atoms, Fraction(1)))]


def _says_something(one: Figure) -> bool:
    """That nothing is known of somebody is told where it is so of all; it says nothing about them."""
    return any(one.group[name] != "unknown" for name in one.by if name in PERSONAL)


def _reduced(rows: dict[int, dict[int, Fraction]], row: dict[int, Fraction]) -> dict[int, Fraction]:
    left = dict(row)
    while known := sorted(left.keys() & rows.keys()):
        share = left[known[0]]
        for column, value in rows[known[0]].items():
            left[column] = left.get(column, Fraction(0)) - share * value
            if not left[column]:
                del left[column]
    return left


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
    ),
    min_size=1, max_size=30,
)  # fmt: skip


def crowd_of(drawn: Sequence[tuple[int, dict[str, str]]]) -> list[Atom]:
    merged: dict[tuple[str, ...], tuple[int, dict[str, str]]] = {}
    for people, group in drawn:
        key = tuple(group.values())
        merged[key] = (people + merged.get(key, (0, group))[0], group)
    return atoms(*merged.values())


@settings(deadline=None, max_examples=60, phases=QUICK)
@given(CROWD)
def test_nothing_small_follows_from_everything_that_is_told(drawn: list[tuple[int, dict[str, str]]]) -> None:
    crowd = crowd_of(drawn)
    assert succeeds(crowd) == []


@settings(deadline=None, max_examples=60, phases=QUICK)
@given(CROWD)
def test_no_line_leaves_a_few_people_as_what_is_missing(drawn: list[tuple[int, dict[str, str]]]) -> None:
    """What is withheld of a line whose total is told stands for enough people together, or for the whole line."""
    everything = figures(crowd_of(drawn), GROUPINGS, THRESHOLD)
    totals = {(one.by, tuple(one.group.items())): one for one in everything if one.told}
    for by in {one.by for one in everything if not one.is_open}:
        for free in by:
            rest = tuple(name for name in by if name != free)
            lines: dict[tuple[tuple[str, str], ...], list[Figure]] = {}
            for one in (one for one in everything if one.by == by):
                lines.setdefault(tuple((name, one.group[name]) for name in rest), []).append(one)
            for key, line in lines.items():
                total = totals.get((rest, key))
                hidden = sum(one.people for one in line if not one.told)
                assert not total or hidden in (0, total.people) or hidden >= THRESHOLD


def test_the_attack_finds_what_a_careless_publication_gives_away() -> None:
    """The control: withholding the small figures alone is not enough, and the attack says so."""
    careless = figures(sexes(female=2, male=40, unknown=9), GROUPINGS, THRESHOLD)
    for one in careless:
        one.told = one.is_open or one.people >= THRESHOLD
    assert {"sex": "female"} in succeeds([], careless)


def test_everyone_is_told_of_where_nobody_is_few() -> None:
    crowd = atoms(*((6, {"sex": sex, "age_band": age}) for sex in ("female", "male") for age in ("15-24", "60+")))
    assert all(one.told for one in figures(crowd, GROUPINGS, THRESHOLD))


def test_figures_by_programme_partner_and_channel_are_told_in_any_combination() -> None:
    found = {one.by for one in figures(sexes(female=6), [], THRESHOLD)}
    assert found == {names for size in range(4) for names in combinations(OTHER, size)}


# --- amounts, people, aims --------------------------------------------------------------------------------------


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
    assert dimensions_of({}) == BLANK
    assert tuple(BLANK) == DIMENSIONS


def test_a_measure_keeps_only_the_dimensions_it_asks_for() -> None:
    stood = BLANK | {"sex": "female", "block": "317", "programme": "gew"}
    assert kept(stood, ["sex"]) == BLANK | {"sex": "female"}
    assert kept(stood, None) == stood


def test_people_in_several_cells_are_counted_once_and_exactly_up_to_what_is_kept() -> None:
    assert unique_people([(3, [1, 2, 3]), (2, [3, 4])]) == (4, True)
    assert unique_people([]) == (0, True)


@pytest.mark.parametrize("people", [4000, 9000, 20000])
def test_above_that_they_are_estimated_closely(people: int) -> None:
    chance = Random(people)
    numbers = [chance.randrange(-(2**63), 2**63) for _ in range(people)]
    cells = [(len(numbers[start::3]), sorted(numbers[start::3])[:1024]) for start in range(3)]
    estimate, exact = unique_people(cells)
    assert not exact
    assert abs(estimate - people) < people * 0.18  # more than five standard errors


@pytest.mark.parametrize(
    ("value", "baseline", "aim", "share"),
    [(50, 0, 100, 0.5), (80, 100, 60, 0.5), (0, 0, 0, 1.0), (150, 0, 100, 1.5)],
)
def test_progress_is_the_share_of_the_way_from_the_baseline(
    value: int, baseline: int, aim: int, share: float
) -> None:
    assert progress(Decimal(value), Decimal(baseline), Decimal(aim)) == share
