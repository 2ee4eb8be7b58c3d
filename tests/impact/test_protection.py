"""What may be shown: small figures are withheld, and whatever would give them away, in all groupings together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pytest

from asimati.impact.disclosure import BLANK, DIMENSIONS, Atom, figures
from asimati.impact.publishing import GROUPINGS
from asimati.impact.rules import amount_of, dimensions_of, kept, progress, unique_people

THRESHOLD = 5
TABLE = ("visits", "16.7")


def atom(people: int, first: int = 0, **group: str) -> Atom:
    return Atom(BLANK | group, {TABLE: Decimal(people)}, frozenset(range(first, first + people)))


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


def test_figures_by_programme_partner_and_channel_are_guarded_like_all_others() -> None:
    assert told("programme", atoms((1, {"programme": "gew"}), (40, {}))) == {"gew": None, "none": None}
    assert told("partner", atoms((5, {"partner": "Tamkeen"}), (40, {}))) == {"Tamkeen": 5, "none": 40}


def test_of_organisations_nothing_is_withheld() -> None:
    found = figures(atoms((1, {"partner": "Tamkeen"}), (3, {"partner": "KHDA"})), GROUPINGS, threshold=0)
    assert all(one.told for one in found)


def test_of_a_few_people_nothing_is_told_not_even_their_total() -> None:
    assert [(one.by, one.told) for one in figures(sexes(female=3, male=1), GROUPINGS, THRESHOLD)] == [((), False)]
    assert figures(sexes(female=3, male=2), GROUPINGS, THRESHOLD)[0].told


def test_two_small_figures_are_not_enough_if_together_they_are_still_few() -> None:
    assert told("sex", sexes(female=1, male=2, unknown=30)) == {"female": None, "male": None, "unknown": None}


def test_a_grouping_of_two_groups_of_which_one_is_small_is_not_told() -> None:
    crowd = atoms((6, {"sex": "female", "age_band": "60+"}), (2, {"sex": "male", "age_band": "15-24"}))
    assert told("sex", crowd) == {"female": None, "male": None}


def test_a_withheld_figure_cannot_be_added_up_from_a_finer_grouping() -> None:
    crowd = atoms(
        (10, {"sex": "male", "age_band": "15-24"}), (9, {"sex": "male", "age_band": "25-34"}),
        (20, {"sex": "female", "age_band": "15-24"}), (21, {"sex": "female", "age_band": "25-34"}), (2, {}),
    )  # fmt: skip
    assert [sex for sex, value in told("sex", crowd).items() if value is None] == ["male", "unknown"]
    assert None in told("sex,age_band", crowd).values()


def test_which_of_equal_figures_is_withheld_does_not_depend_on_their_order() -> None:
    crowd = sexes(female=2, male=9, unknown=9, x=30)
    assert told("sex", crowd) == told("sex", crowd[::-1])


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
