"""Printed pages: a Typst template and its data become a PDF, set from right to left when it is Arabic.

Templates lie in the features' `documents/` folders and share `kit/documents/house.typ`. The fonts (Noto Sans and
Noto Naskh Arabic, SIL Open Font License 1.1) lie beside this file, and no other is looked for, so a page is the
same on every machine. The file is tagged for screen readers (PDF/UA-1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from asimati.settings import settings

_ROOT = Path(__file__).parents[1]
_FONTS = Path(__file__).parent / "fonts"


def pdf(template: Path, data: Mapping[str, Any], *, language: str, made_at: datetime | None = None) -> bytes:
    """The PDF of a template (a `.typ` file inside the package) with its data.

    `data` is JSON-able; the template reads it as `data`, with the governorate's name added. `made_at` is written
    into the file, so that the same data at the same time gives the same bytes. Raises typst.TypstError when the
    template is wrong.
    """
    said = {"governorate": settings().governorate.facts["name"], **data}
    made: bytes = typst.compile(
        template,
        root=_ROOT,
        font_paths=[_FONTS],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(said, ensure_ascii=False, default=str), "language": language},
        pdf_standards=["ua-1"],
        timestamp=int(made_at.timestamp()) if made_at else None,
    )
    return made
