"""Pages read from right to left as natively as from left to right: styles name no physical side."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import asimati

SOURCE = Path(asimati.__file__).parent
SHEETS = sorted(SOURCE.rglob("*.css"))
PAGES = sorted((SOURCE / "console" / "templates").glob("*.html"))
PHYSICAL = re.compile(
    r"(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)"
    r"|(?<![\w-])(?:left|right)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)"
)


def sided(text: str) -> list[str]:
    """The physical sides a style sheet names; comments do not count."""
    return PHYSICAL.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.S))


@pytest.mark.parametrize(
    ("style", "found"),
    [
        ("a { margin-left: 1em }", True),
        ("a { left: 0 }", True),
        ("a { text-align: right }", True),
        ("a { border-right-color: red }", True),
        ("a { margin-inline-start: 1em; text-align: start; inset-inline-start: 0 }", False),
        ("/* left: what was */ a { color: red }", False),
    ],
)
def test_a_physical_side_is_seen(style: str, found: bool) -> None:
    assert bool(sided(style)) is found


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda one: str(one.relative_to(SOURCE)))
def test_styles_name_no_physical_side(sheet: Path) -> None:
    assert not sided(sheet.read_text())


def test_pages_carry_no_style_of_their_own() -> None:
    styled = [page.name for page in PAGES if re.search(r"\sstyle\s*=|<style|\salign\s*=", page.read_text())]
    assert PAGES and not styled
