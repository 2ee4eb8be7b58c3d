"""The demonstration can be looked at in any year, though the pack's dates are of this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asimati import pack
from asimati.kit import clock
from asimati.kit.db import transaction
from asimati.seed import seed
from asimati.settings import settings
from asimati.volunteering.queries import edition_on


@pytest.mark.parametrize("years", [0, 3])
def test_it_is_sown_and_has_a_season_of_volunteering(
    clean: str, moved_clock: Callable[..., Any], years: int
) -> None:
    with moved_clock(days=365 * years):
        for _start in range(2):
            with transaction() as tx:
                pack.sync(tx, pack.load(settings().governorate.folder))
            sown = seed()
            with transaction() as tx:
                assert edition_on(tx, clock.local_day(clock.now(tx))), "a start puts the pack's dates back first"
        assert sown["residents"] == 0, "the second start finds everything there"
