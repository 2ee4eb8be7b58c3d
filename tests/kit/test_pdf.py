"""Printed pages: Arabic shaped and from right to left, English from left to right, the same everywhere."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from asimati.kit import pdf as module
from asimati.kit.pdf import pdf

TEMPLATE = """#import "/kit/documents/house.typ": *
#show: sheet.with(title: words("شهادة", "Certificate"), governorate: data.governorate)
#say(data.name) #code(data.reference)
"""


@pytest.fixture
def template() -> Iterator[Path]:
    """A template of our own, inside the package as Typst asks."""
    made = Path(module.__file__).parent / "documents" / f"_test_{os.getpid()}.typ"
    made.write_text(TEMPLATE)
    yield made
    made.unlink()


SAID = {"name": {"ar": "فاطمة", "en": "Fatima"}, "reference": "BK-7K3M9QWZ"}


@pytest.mark.parametrize(("language", "word"), [("ar", "محافظة"), ("en", "Fatima")])
def test_a_page_speaks_its_language(template: Path, language: str, word: str) -> None:
    read = PdfReader(io.BytesIO(pdf(template, SAID, language=language)))
    text = read.pages[0].extract_text()
    assert word in text or word[::-1] in text
    assert "BK-7K3M9QWZ" in text
    assert read.trailer["/Root"]["/Lang"] == language


def test_a_page_is_tagged_for_screen_readers(template: Path) -> None:
    root = PdfReader(io.BytesIO(pdf(template, SAID, language="ar"))).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]


def test_the_same_data_at_the_same_time_gives_the_same_bytes(template: Path) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    assert pdf(template, SAID, language="ar", made_at=at) == pdf(template, SAID, language="ar", made_at=at)
