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

    def at(self, place: Sequence[str | int]) -> Any:
        """The value at a place such as ("event", 3, "title", "en")."""
        value: Any = self.values
        for step in place:
            value = value[step]
        return value

    def fault(self, at: Sequence[str | int], message: str) -> Fault:
        """A fault at a place of this file."""
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
    """The rows of a CSV file with their lines. Raises Unreadable for a missing file, other columns or a bad row."""
    try:
        text = (folder / name).read_text(encoding="utf-8-sig")
    except OSError:
        raise Unreadable(Fault(name, 1, "the file is missing")) from None
    except UnicodeDecodeError:
        raise Unreadable(Fault(name, 1, "the file is not UTF-8")) from None
    reader, line = csv.reader(text.splitlines(), strict=True), 0
    try:
        if next(reader, None) != list(columns):
            raise Unreadable(Fault(name, 1, f"the columns must be {', '.join(columns)}"))
        line = reader.line_num
        for row in reader:
            line = reader.line_num
            if row and len(row) != len(columns):
                raise Unreadable(Fault(name, line, f"{len(row)} columns instead of {len(columns)}"))
            if row:
                yield line, {key: value.strip() for key, value in zip(columns, row, strict=True)}
    except csv.Error as wrong:
        raise Unreadable(Fault(name, line + 1, str(wrong))) from None


_HEADER = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(#.*)?")


def line_of(text: str, at: Sequence[str | int]) -> int:
    """The line of a place, or of the nearest thing around it that has one."""
    lines = text.splitlines()
    first, last, found, number = 0, len(lines), 1, 0
    name = ""
    for index, step in enumerate(at):
        if isinstance(step, int):
            continue
        name = f"{name}.{step}" if name else step
        following = at[index + 1] if index + 1 < len(at) else 0
        row = following if isinstance(following, int) else 0
        header, key = _header(lines, first, last, name, row), _key(lines, first, last, step, number)
        if header is not None:
            first, found, number = header + 1, header + 1, 0
            last = _end(lines, first, last, name)
        elif key is not None:
            first, found, number = key, key + 1, row  # the rows of an inline array are counted by their keys
    return found


def _header(lines: list[str], first: int, last: int, name: str, number: int) -> int | None:
    """Where the table of a name begins, of [[tables]] the one of a number."""
    places = [index for index in range(first, last) if _name(lines[index]) == name]
    return places[number] if number < len(places) else None


def _end(lines: list[str], first: int, last: int, name: str) -> int:
    """Where a table ends: at the next header that is not below it."""
    headers = ((index, _name(lines[index])) for index in range(first, last))
    return next((index for index, other in headers if other and not other.startswith(f"{name}.")), last)


def _name(line: str) -> str | None:
    match = _HEADER.fullmatch(line)
    return match[1].replace(" ", "") if match else None


def _key(lines: list[str], first: int, last: int, name: str, number: int) -> int | None:
    pattern = re.compile(rf"(^|[{{,\s.])\"?{re.escape(name)}\"?\s*(=|\.)")
    places = [index for index in range(first, last) if pattern.search(lines[index])]
    return places[min(number, len(places) - 1)] if places else None
