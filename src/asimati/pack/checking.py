"""Checking a pack: shapes first, then what refers to what. Every fault is named by file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from asimati.pack import shapes
from asimati.pack.reading import Document, Fault, Unreadable, read_rows, read_toml
from asimati.pack.references import references

COLUMNS = ("number", "area_ar", "area_en", "lat", "lon")
FILES = {
    "governorate.toml": shapes.GOVERNORATE,
    "holidays.toml": shapes.HOLIDAYS,
    "entities.toml": shapes.ENTITIES,
    "volunteering.toml": shapes.VOLUNTEERING,
    "programmes.toml": shapes.PROGRAMMES,
    "impact.toml": shapes.IMPACT,
}
OPTIONAL = {"appointments.toml": shapes.APPOINTMENTS, "replies.toml": shapes.REPLIES}
FOLDERS = {"services": shapes.SERVICE, "templates": shapes.TEMPLATE, "letters": shapes.LETTER}
DEGREES = {"lat": 90, "lon": 180}

_types = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "day": lambda _, value: isinstance(value, date) and not isinstance(value, datetime),
        "moment": lambda _, value: isinstance(value, datetime) and value.tzinfo is not None,
    }
)
_Validator = extend(Draft202012Validator, type_checker=_types)


def check(folder: Path) -> list[Fault]:
    """Every fault of the pack in a folder, file by file; an empty list for a sound one.

    What refers to what can only be asked of files whose shape is right, so those faults come once it is.
    """
    faults: list[Fault] = []
    documents: dict[str, Document] = {}
    for name, shape in _files(folder).items():
        try:
            documents[name] = read_toml(folder, name)
        except Unreadable as unreadable:
            faults.append(unreadable.fault)
            continue
        faults += _of_shape(documents[name], shape)
    faults += _blocks(folder)
    if not faults:
        faults += references(documents, {row["number"] for _, row in read_rows(folder, "blocks.csv", COLUMNS)})
    return faults


def _files(folder: Path) -> dict[str, shapes.Shape]:
    below = {
        f"{name}/{path.name}": shape
        for name, shape in FOLDERS.items()
        for path in sorted((folder / name).glob("*.toml"))
    }
    present = {name: shape for name, shape in OPTIONAL.items() if (folder / name).exists()}
    return FILES | present | below


def _of_shape(document: Document, shape: shapes.Shape) -> Iterator[Fault]:
    for error in sorted(_Validator(shape).iter_errors(document.values), key=lambda one: list(map(str, one.path))):
        for at, message in _said(error):
            yield document.fault(at, message)


def _said(error: ValidationError) -> Iterator[tuple[list[str | int], str]]:
    """Where an error is and what it is, in words for whoever writes the pack."""
    at, shape = list(error.absolute_path), error.schema
    value: Any = error.instance
    known: dict[str, Any] = shape.get("properties", {}) if isinstance(shape, dict) else {}
    if error.validator == "required":
        missing = str(error.message).split("'")[1]
        yield at, f"{missing} is missing"
    elif error.validator == "additionalProperties":
        for key in sorted(value.keys() - known.keys()):
            yield [*at, key], "there is no such key"
    elif error.validator == "pattern" and not value.strip():
        yield at, "is empty"
    elif isinstance(shape, dict) and "description" in shape:
        yield at, f"{_shown(value)} is not {shape['description']}"
    else:
        yield at, str(error.message)[:200]


def _shown(value: Any) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)


def _blocks(folder: Path) -> Iterator[Fault]:
    seen: set[str] = set()
    try:
        for line, row in read_rows(folder, "blocks.csv", COLUMNS):
            yield from (Fault("blocks.csv", line, message) for message in _row(row, seen))
            seen.add(row["number"])
    except Unreadable as unreadable:
        yield unreadable.fault


def _row(row: dict[str, str], seen: set[str]) -> Iterator[str]:
    number = row["number"]
    if not re.fullmatch(shapes.BLOCK["pattern"], number):
        yield f"“{number}” is not a block's number"
    if number in seen:
        yield f"block {number} stands twice"
    if not (row["area_ar"] and row["area_en"]):
        yield f"block {number}: the area needs both languages"
    if bool(row["lat"]) != bool(row["lon"]) or not all(
        _is_degree(row[name], most) for name, most in DEGREES.items()
    ):
        yield f"block {number}: lat and lon are both degrees, or both empty"


def _is_degree(written: str, most: int) -> bool:
    if not re.fullmatch(r"(-?[0-9]{1,3}(\.[0-9]+)?)?", written):
        return False
    return abs(float(written or 0)) <= most
