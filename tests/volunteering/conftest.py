"""Protections that a test may take away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from asimati.settings import settings


@pytest.fixture
def without(database: str) -> Iterator[Callable[..., None]]:
    """Take protections away for one test, to show that the tests would notice."""
    switched = settings().values["testing"]["without"]
    yield lambda *names: switched.extend(names)
    switched.clear()
