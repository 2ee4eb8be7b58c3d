"""Checking a pack: shapes first, then what refers to what. Every fault is named by file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend

from asimati.pack import shapes
from asimati.pack.reading import Document, Fault, Unreadable, read_rows, read_toml
from asimati.pack.topics import AMOUNTS, PLACEHOLDERS, VOIDS

CATALOGUE = Path(__file__).resolve().parents[1] / "impact" / "catalogue" / "sdg.json"
COLUMNS = ("number", "area_ar", "area_en", "lat", "lon")
FILES = {
    "governorate.toml": shapes.GOVERNORATE,
    "holidays.toml": shapes.HOLIDAYS,
    "entities.toml": shapes.ENTITIES,
    "volunteering.toml": shapes.VOLUNTEERING,
    "programmes.toml": shapes.PROGRAMMES,
    "impact.toml": shapes.IMPACT,
}

_types = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "day": lambda _, value: isinstance(value, date) and not isinstance(value, datetime),
        "moment": lambda _, value: isinstance(value, datetime) and value.tzinfo is not None,
    }
)
_Validator = extend(Draft202012Validator, type_checker=_types)


@cache
def catalogue() -> dict[str, Any]:
    """The official goals, targets and indicators."""
    found: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return found


@cache
def known_targets() -> frozenset[str]:
    return frozenset(target["code"] for goal in catalogue()["goals"] for target in goal["targets"])


def check(folder: Path) -> list[Fault]:
    """Every fault of the pack in a folder, in the order of its files; an empty list for a sound one."""
    faults: list[Fault] = []
    documents: dict[str, Document] = {}
    names = dict(FILES)
    names |= {f"services/{path.name}": shapes.SERVICE for path in sorted((folder / "services").glob("*.toml"))}
    names |= {f"templates/{path.name}": shapes.TEMPLATE for path in sorted((folder / "templates").glob("*.toml"))}
    for name, shape in names.items():
        try:
            documents[name] = read_toml(folder, name)
        except Unreadable as unreadable:
            faults.append(unreadable.fault)
            continue
        faults += _of_shape(documents[name], shape)
    faults += _blocks(folder)
    if not faults:  # what refers to what can only be asked of files whose shape is right
        faults += _references(documents, {row["number"] for _, row in read_rows(folder, "blocks.csv", COLUMNS)})
    return faults


def _of_shape(document: Document, shape: shapes.Shape) -> Iterator[Fault]:
    for error in sorted(_Validator(shape).iter_errors(document.values), key=lambda one: list(map(str, one.path))):
        yield document.fault(_place(error), _said(error))


def _place(error: ValidationError) -> list[str | int]:
    at = list(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        unknown = set(error.instance) - set(dict(error.schema).get("properties", {}))  # type: ignore[arg-type]
        return [*at, *sorted(unknown)[:1]]
    return at


def _said(error: ValidationError) -> str:
    if error.validator == "required":
        return f"{str(error.message).split(chr(39))[1]} is missing"
    if error.validator == "additionalProperties":
        return "there is no such key"
    if error.validator == "anyOf":
        return f"{error.instance!r} is not of a kind that can stand here"
    return str(error.message)[:200]


def _blocks(folder: Path) -> Iterator[Fault]:
    seen: set[str] = set()
    try:
        for line, row in read_rows(folder, "blocks.csv", COLUMNS):
            number = row["number"]
            if not re.fullmatch(shapes.BLOCK["pattern"], number):
                yield Fault("blocks.csv", line, f"{number!r} is not a block's number")
            if number in seen:
                yield Fault("blocks.csv", line, f"block {number} stands twice")
            if not (row["area_ar"] and row["area_en"]):
                yield Fault("blocks.csv", line, f"block {number}: the area needs both languages")
            if not all(_is_degree(row[name]) for name in ("lat", "lon")) or bool(row["lat"]) != bool(row["lon"]):
                yield Fault("blocks.csv", line, f"block {number}: lat and lon are both degrees, or both empty")
            seen.add(number)
    except Unreadable as unreadable:
        yield unreadable.fault


def _is_degree(written: str) -> bool:
    return not written or bool(re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]+)?", written))


def _references(documents: Mapping[str, Document], blocks: set[str]) -> Iterator[Fault]:
    entities = {one["code"] for one in documents["entities.toml"].values["entity"]}
    yield from _twice(documents["entities.toml"], "entity", "code")
    yield from _governorate(documents["governorate.toml"])
    codes: set[str] = set()
    for name, document in documents.items():
        if name.startswith("services/"):
            yield from _service(document, entities, codes)
        if name.startswith("templates/"):
            yield from _template(document)
    yield from _volunteering(documents["volunteering.toml"], blocks)
    yield from _programmes(documents["programmes.toml"], blocks)
    yield from _impact(documents["impact.toml"])


def _governorate(document: Document) -> Iterator[Fault]:
    try:
        ZoneInfo(document.values["time_zone"])
    except (KeyError, ValueError):
        yield document.fault(["time_zone"], f"there is no time zone {document.values['time_zone']!r}")
    if not document.values["working_week"]:
        yield document.fault(["working_week"], "a week needs at least one working day")


def _service(document: Document, entities: set[str], codes: set[str]) -> Iterator[Fault]:
    service = document.values
    if service["code"] in codes:
        yield document.fault(["code"], f"the code {service['code']} is used by another service")
    codes.add(service["code"])
    if service.get("entity") and service["entity"] not in entities:
        yield document.fault(["entity"], f"there is no entity {service['entity']}")
    yield from _targets(document, [], service)
    schema, ui = service["form"]["schema"], service["form"]["ui"]
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as wrong:
        yield document.fault(["form", "schema", *wrong.absolute_path], f"no JSON Schema: {wrong.message}")
        return
    properties = schema.get("properties", {})
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield document.fault(["form", "schema"], "must be an object with additionalProperties = false")
    for name in properties.keys() - ui.keys():
        yield document.fault(["form", "schema", "properties", name], "has no label in form.ui")
    for name in ui.keys() - properties.keys():
        yield document.fault(["form", "ui", name], "is no property of the form")
    for name in set(schema.get("required", ())) - properties.keys():
        yield document.fault(["form", "schema", "required"], f"{name} is no property of the form")
    for name in properties.keys() & ui.keys():
        yield from _options(document, name, properties[name], ui[name].get("options", {}))


def _options(
    document: Document, name: str, field: Mapping[str, Any], options: Mapping[str, Any]
) -> Iterator[Fault]:
    values = set(field.get("enum") or field.get("items", {}).get("enum") or ())
    if values != options.keys():
        odd = sorted(map(str, values ^ options.keys()))
        yield document.fault(["form", "ui", name], f"options and enum differ: {', '.join(odd)}")
    for value, words in options.items():
        if not isinstance(words, dict) or not all(words.get(language) for language in ("ar", "en")):
            yield document.fault(["form", "ui", name, "options", value], "needs both languages")


def _template(document: Document) -> Iterator[Fault]:
    topic = document.name.removeprefix("templates/").removesuffix(".toml")
    if topic not in PLACEHOLDERS:
        yield document.fault([], f"no message of topic {topic} tells anybody anything")
        return
    for language in ("ar", "en"):
        for part, words in document.values[language].items():
            for field in set(re.findall(r"{(\w*)}", words)) - PLACEHOLDERS[topic]:
                yield document.fault([language, part], f"{{{field}}} is not carried by {topic}")


def _volunteering(document: Document, blocks: set[str]) -> Iterator[Fault]:
    edition = document.values["edition"]
    if edition["ends_on"] < edition["starts_on"]:
        yield document.fault(["edition", "ends_on"], "is before starts_on")
    yield from _twice(document, "opportunity", "code")
    shifts: set[str] = set()
    for number, one in enumerate(document.values["opportunity"]):
        at: list[str | int] = ["opportunity", number]
        yield from _targets(document, at, one)
        yield from _block(document, at, one, blocks)
        for index, shift in enumerate(one["shift"]):
            here = [*at, "shift", index]
            if shift["code"] in shifts:
                yield document.fault([*here, "code"], f"the code {shift['code']} is used by another shift")
            shifts.add(shift["code"])
            yield from _order(document, here, shift, "starts_at", "ends_at")


def _programmes(document: Document, blocks: set[str]) -> Iterator[Fault]:
    slugs = {one["slug"] for one in document.values["programme"]}
    yield from _twice(document, "programme", "slug")
    yield from _twice(document, "event", "code")
    for number, one in enumerate(document.values["programme"]):
        yield from _order(document, ["programme", number], one, "starts_on", "ends_on", strictly=False)
    for number, event in enumerate(document.values["event"]):
        at: list[str | int] = ["event", number]
        if event["programme"] not in slugs:
            yield document.fault([*at, "programme"], f"there is no programme {event['programme']}")
        yield from _targets(document, at, event)
        yield from _block(document, at, event, blocks)
        yield from _order(document, at, event, "starts_at", "ends_at")
        yield from _order(document, at, event, "registration_opens_at", "registration_closes_at")


def _impact(document: Document) -> Iterator[Fault]:
    objectives = {one["code"] for one in document.values["objective"]}
    yield from _twice(document, "measure", "code")
    yield from _twice(document, "objective", "code")
    for number, measure in enumerate(document.values["measure"]):
        at: list[str | int] = ["measure", number]
        if measure["topic"] not in AMOUNTS:
            yield document.fault([*at, "topic"], f"no message of topic {measure['topic']} counts")
        elif measure["amount"] not in AMOUNTS[measure["topic"]] | {"1"}:
            yield document.fault([*at, "amount"], f"{measure['topic']} carries no {measure['amount']}")
        if measure.get("voided_by") and measure["voided_by"] not in VOIDS:
            yield document.fault(
                [*at, "voided_by"], f"no message of topic {measure['voided_by']} takes anything back"
            )
        if measure["targets"] != "from_message":
            yield from _targets(document, at, measure)
    for number, row in enumerate(document.values["crosswalk"]):
        if row["target"] not in known_targets():
            yield document.fault(["crosswalk", number, "target"], f"there is no SDG target {row['target']}")
        if row["objective"] not in objectives:
            yield document.fault(["crosswalk", number, "objective"], f"there is no objective {row['objective']}")


def _targets(document: Document, at: Sequence[str | int], row: Mapping[str, Any]) -> Iterator[Fault]:
    for target in row.get("targets", ()):
        if target not in known_targets():
            yield document.fault([*at, "targets"], f"there is no SDG target {target}")


def _block(
    document: Document, at: Sequence[str | int], row: Mapping[str, Any], blocks: set[str]
) -> Iterator[Fault]:
    if row.get("block") and row["block"] not in blocks:
        yield document.fault([*at, "block"], f"block {row['block']} is not in blocks.csv")


def _order(
    document: Document,
    at: Sequence[str | int],
    row: Mapping[str, Any],
    first: str,
    last: str,
    *,
    strictly: bool = True,
) -> Iterator[Fault]:
    from asimati.pack.moments import sample

    begins, ends = sample(row[first]), sample(row[last])
    if ends < begins or (strictly and ends == begins):
        yield document.fault([*at, last], f"is not after {first}")


def _twice(document: Document, name: str, key: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, row in enumerate(document.values[name]):
        if row[key] in seen:
            yield document.fault([name, number, key], f"{row[key]} stands twice")
        seen.add(row[key])
