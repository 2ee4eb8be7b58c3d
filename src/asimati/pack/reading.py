"""Reading a pack's files, and finding the line of a place in them.

The TOML reader of the standard library gives values without lines, so the line is looked up afterwards: the table's
header is counted down to, then the key. That is enough for whoever wrote the file by hand.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Fault:
    """Something wrong in a pack, said so that its author can find it."""

    file: str
    line: int
    message: str


@dataclass(frozen=True)
class Document:
    """One file of a pack: its name below the pack's folder, its text, and its values."""

    name: str
    text: str
    values: dict[str, Any]

    def fault(self, at: Sequence[str | int], message: str) -> Fault:
        """A fault at a place such as ("event", 3, "title", "en")."""
        return Fault(self.name, line_of(self.text, at), f"{'.'.join(map(str, at)) or 'the file'}: {message}")


class Unreadable(Exception):
    """A file is missing or no TOML; `fault` says where."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def read_toml(folder: Path, name: str) -> Document:
    """One TOML file. Raises Unreadable."""
    try:
        text = (folder / name).read_text(encoding="utf-8")
        return Document(name, text, tomllib.loads(text))
    except OSError:
        raise Unreadable(Fault(name, 1, "the file is missing")) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        found = re.search(r"line (\d+)", str(wrong))
        raise Unreadable(Fault(name, int(found[1]) if found else 1, str(wrong))) from None


def read_rows(folder: Path, name: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their lines. Raises Unreadable for a missing file or other columns."""
    try:
        text = (folder / name).read_text(encoding="utf-8-sig")
    except OSError:
        raise Unreadable(Fault(name, 1, "the file is missing")) from None
    reader = csv.DictReader(text.splitlines(), strict=True)
    if reader.fieldnames != list(columns):
        raise Unreadable(Fault(name, 1, f"the columns must be {', '.join(columns)}"))
    for row in reader:
        yield reader.line_num, {key: (value or "").strip() for key, value in row.items() if key}


_HEADER = re.compile(r"^\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(#.*)?$")


def line_of(text: str, at: Sequence[str | int]) -> int:
    """The line of a place, or of the nearest thing around it that has one."""
    lines = text.splitlines()
    first, last = 0, len(lines)
    prefix: list[str] = []
    found = 1
    steps = list(at)
    while steps:
        step = steps.pop(0)
        if isinstance(step, int):
            continue
        number = steps[0] if steps and isinstance(steps[0], int) else None
        prefix.append(step)
        header = _header(lines, first, last, ".".join(prefix), number or 0)
        if header is not None:
            first, found = header + 1, header + 1
            last = _end(lines, first, last, ".".join(prefix))
            continue
        key = _key(lines, first, last, step)
        if key is None:
            break
        first, found = key, key + 1
    return found


def _header(lines: list[str], first: int, last: int, name: str, number: int) -> int | None:
    seen = -1
    for index in range(first, last):
        match = _HEADER.match(lines[index])
        if match and match[2].replace(" ", "") == name:
            seen += 1
            if seen == number or match[1] == "[":
                return index
    return None


def _end(lines: list[str], first: int, last: int, name: str) -> int:
    """Where a table ends: at the next header that is not below it."""
    for index in range(first, last):
        match = _HEADER.match(lines[index])
        if match and not match[2].replace(" ", "").startswith(name + "."):
            return index
    return last


def _key(lines: list[str], first: int, last: int, name: str) -> int | None:
    pattern = re.compile(rf"(^|[{{,\s.])\"?{re.escape(name)}\"?\s*(=|\.)")
    return next((index for index in range(first, last) if pattern.search(lines[index])), None)
