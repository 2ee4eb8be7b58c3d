"""What people call the seventeen goals, and their colours: the United Nations' own, kept once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_CATALOGUE = Path(__file__).parents[1] / "impact" / "catalogue" / "sdg.json"


@cache
def goals() -> Mapping[int, Mapping[str, Any]]:
    """The short `title` in both languages and the `color` of each goal."""
    known = json.loads(_CATALOGUE.read_text(encoding="utf-8"))["goals"]
    return {int(goal["code"]): {"title": goal["short"], "color": goal["color"]} for goal in known}
