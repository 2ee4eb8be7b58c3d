"""Whether a shift fits, why, and in which order shifts are suggested: plain rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from asimati.volunteering.calling_rules import MOST_CALLED, how_many, is_urgent
from asimati.volunteering.fitting import SAID, Known, Offer, Reason, fits, in_words, rank, reasons

SUNDAY = datetime(2026, 11, 29, 9)
MORNING = [(8 * 60, 12 * 60)]  # of Sunday


def offer(**said: Any) -> Offer:
    return Offer(**{"starts": SUNDAY, "ends": SUNDAY + timedelta(hours=2), "places": 10, "free_places": 3} | said)


@pytest.mark.parametrize(
    ("known", "wanted", "fit"),
    [
        (Known(), offer(), True),  # whoever said nothing fits whatever asks nothing
        (Known(), offer(skills=["driving"]), False),
        (Known(skills=["driving"]), offer(skills=["driving", "cooking"]), True),  # one is enough
        (Known(languages=["en"]), offer(languages=["ar"]), False),
        (Known(blocks=["317"]), offer(block="436"), False),
        (Known(blocks=["317"]), offer(block=None), True),
        (Known(free=MORNING), offer(), True),
        (Known(free=MORNING), offer(ends=SUNDAY + timedelta(hours=4)), False),
        (Known(free=[]), offer(), False),
        (Known(away=[(date(2026, 11, 29), date(2026, 11, 30))]), offer(), False),
        (Known(away=[(date(2026, 11, 28), date(2026, 11, 29))]), offer(), True),  # back on that day
    ],
)
def test_what_speaks_against_a_shift(known: Known, wanted: Offer, fit: bool) -> None:
    assert fits(known, wanted) is fit


def test_every_reason_is_found_and_said_in_both_languages() -> None:
    known = Known(["driving"], ["ar"], ["317"], "436", MORNING, (), {14})
    wanted = offer(
        skills=["driving"], languages=["ar"], block="317", goals=[12, 14], served_before=True, free_places=9
    )
    found = reasons(known, wanted)
    assert list(found) == list(Reason)
    assert (found[Reason.SKILLS], found[Reason.GOALS]) == (["driving"], [14])
    for reason in Reason:
        told = in_words(reason, [{"ar": "قيادة", "en": "Driving"}])
        assert told["ar"] != told["en"] and ("{names}" in SAID[reason]) == ("قيادة" in told["ar"])


def test_ones_own_block_is_near_although_one_reaches_everywhere() -> None:
    assert Reason.NEAR in reasons(Known(home="436"), offer(block="436"))
    assert reasons(Known(), offer(block="436")) == {}


def test_more_reasons_come_first_then_the_emptier_then_the_sooner() -> None:
    empty, full = offer(free_places=9), offer(free_places=1)
    later = offer(free_places=9, starts=SUNDAY + timedelta(days=1))
    assert rank({Reason.NEAR: []}, full) < rank({}, empty) < rank({}, later) < rank({}, full)


def test_three_are_called_for_a_place_and_never_more_than_a_call_may() -> None:
    assert (how_many(4), how_many(4, 2), how_many(500), how_many(0)) == (12, 2, MOST_CALLED, 0)
    assert how_many(1, 5_000) == MOST_CALLED


def test_it_is_urgent_within_hours_of_the_shift() -> None:
    assert is_urgent(SUNDAY, SUNDAY + timedelta(hours=12), 12)
    assert not is_urgent(SUNDAY, SUNDAY + timedelta(hours=12, minutes=1), 12)
