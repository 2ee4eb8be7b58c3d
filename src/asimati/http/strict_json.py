"""JSON as we take it: standard, of bounded size and depth, and without surprises.

The standard library also reads NaN, keeps the last of two equal keys, and runs out of stack or time on hostile
nesting and giant integers. All of that is refused here, once, before any schema looks.
"""

from __future__ import annotations

import json
from typing import Any

from asimati.kit.errors import Malformed
from asimati.kit.words import _

MAX_DEPTH = 20
MAX_DIGITS = 19


class DuplicateKey(Malformed):
    slug = "duplicate-key"
    detail = _("The same key stands twice in one object.")


class TooDeep(Malformed):
    slug = "too-deep"
    detail = _("The body is nested too deeply.")


def loads(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises Malformed."""
    try:
        text = raw.decode("utf-8")
        _refuse_depth(text)
        return json.loads(
            text, parse_int=_integer, parse_float=_number, parse_constant=_refuse, object_pairs_hook=_object
        )
    except (ValueError, RecursionError):
        raise Malformed from None


def _refuse_depth(text: str) -> None:
    """Count brackets outside strings: cheap, and before the parser recurses."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise TooDeep
        elif character in "]}":
            depth -= 1


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise ValueError("integer too long")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("number too large")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise DuplicateKey
    return made
