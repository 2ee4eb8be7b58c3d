"""An archive's page is for its person: every column and every code has words, and none is there for nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Enum, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import Range

import asimati.app  # noqa: F401 - every room says what it holds
from asimati.dataprotection import archive
from asimati.dataprotection.archive_words import CODES, FIELDS, FOR_MACHINES
from asimati.kit.privacy import HOLDINGS, Holding
from asimati.kit.rotation import SEALED

SHOWN = [holding for holding in HOLDINGS.values() if holding.exported and holding.whose is not None]


def columns(holding: Holding) -> list[Any]:
    return [
        column
        for column in holding.table.columns
        if column.name not in holding.hidden
        and not isinstance(column.type, Uuid)
        and (not isinstance(column.type, LargeBinary) or f"{holding.name}.{column.name}" in SEALED)
        and not archive._JOINS.search(column.name)
        and column.name not in FOR_MACHINES
    ]


@pytest.mark.parametrize("holding", SHOWN, ids=lambda one: str(one.name))
def test_every_column_and_every_code_has_its_words(holding: Holding) -> None:
    shown = [column.name for column in columns(holding)] + [*archive._called(holding)]
    assert not [name for name in shown if name not in FIELDS]
    codes = {code for column in columns(holding) if isinstance(column.type, Enum) for code in column.type.enums}
    assert not [code for code in codes if code not in CODES]


def test_words_that_nobody_needs_are_not_kept() -> None:
    held = {column.name for holding in SHOWN for column in holding.table.columns}
    assert held >= FOR_MACHINES
    assert held >= archive._CODED


def test_a_time_from_one_to_another_is_told_by_its_ends() -> None:
    days = [Range(date(2026, 1, 1), date(2026, 1, 3))]
    assert archive._plain(days) == [{"from": "2026-01-01", "to": "2026-01-03"}]
