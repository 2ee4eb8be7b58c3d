"""What one place of a pack says of another: codes that must exist, stand once, or come in order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from asimati.impact.rules import wears_official_code
from asimati.kit import worktime
from asimati.kit.forms import UnusableForm, check_form, unusable
from asimati.pack import moments
from asimati.pack.reading import Document, Fault
from asimati.pack.topics import AMOUNTS, NEEDED, PLACEHOLDERS, VOIDS
from asimati.service_requests.replies.actions import unknown_fields

CATALOGUE = Path(__file__).resolve().parents[1] / "impact" / "catalogue" / "sdg.json"

Documents = Mapping[str, Document]
Place = Sequence[str | int]
Row = Mapping[str, Any]


@cache
def catalogue() -> dict[str, Any]:
    """The official goals, targets and indicators."""
    found: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return found


@cache
def known_targets() -> frozenset[str]:
    """The codes of the 169 targets."""
    return frozenset(target["code"] for goal in catalogue()["goals"] for target in goal["targets"])


def references(documents: Documents, blocks: set[str]) -> Iterator[Fault]:
    """Faults of a pack whose files have the right shape."""
    governorate = documents["governorate.toml"]
    if fault := _time_zone(governorate):
        yield fault
        return
    zone = ZoneInfo(governorate.values["time_zone"])
    yield from _hours(governorate)
    yield from _twice(documents["holidays.toml"], ["holiday"], "day")
    yield from _twice(documents["entities.toml"], ["entity"], "code")
    if "replies.toml" in documents:
        codes = {one.values["code"] for one in _below(documents, "services/").values()}
        yield from _replies(documents["replies.toml"], codes)
    yield from _services(documents, blocks)
    yield from _imports(governorate, set(_below(documents, "services/")))
    if desks := documents.get("appointments.toml"):
        yield from _desks(desks, set(_below(documents, "services/")), governorate.values)
    yield from _letters(documents)
    yield from _volunteering(documents["volunteering.toml"], blocks, zone)
    yield from _programmes(documents["programmes.toml"], blocks, zone)
    yield from _impact(documents["impact.toml"])
    yield from _templates(documents)


def _below(documents: Documents, folder: str) -> dict[str, Document]:
    return {
        name.removeprefix(folder).removesuffix(".toml"): document
        for name, document in documents.items()
        if name.startswith(folder)
    }


# The governorate


def _time_zone(document: Document) -> Fault | None:
    written = document.values["time_zone"]
    try:
        ZoneInfo(written)
    except (KeyError, ValueError, OSError):
        return document.fault(["time_zone"], f"there is no time zone {written}")
    return None


def _hours(document: Document) -> Iterator[Fault]:
    facts = document.values
    if not facts["working_week"]:
        yield document.fault(["working_week"], "a week needs at least one working day")
    try:
        worktime.from_pack({**facts, "special_hours": []})
    except ValueError as wrong:
        yield document.fault(["working_week"], str(wrong))
    for number, special in enumerate(facts.get("special_hours", ())):
        try:
            worktime.from_pack({**facts, "working_week": {}, "special_hours": [special]})
        except ValueError as wrong:
            yield document.fault(["special_hours", number], str(wrong))
    try:
        worktime.Calendar.waking(facts)
    except ValueError as wrong:
        yield document.fault(["waking_hours"], str(wrong))


# Services


def _services(documents: Documents, blocks: set[str]) -> Iterator[Fault]:
    entities = {one["code"] for one in documents["entities.toml"].values["entity"]}
    for name, document in _below(documents, "services/").items():
        service = document.values
        if service["code"] != name:  # so no two services can have one code
            yield document.fault(["code"], f"the file of service {service['code']} must be named after it")
        if service.get("entity", "") not in entities | {""}:
            yield document.fault(["entity"], f"there is no entity {service['entity']}")
        yield from _whom_for(document, service, blocks)
        yield from _targets(document, [], service)
        yield from _form(document, service["form"]["schema"], service["form"]["ui"])


def _imports(document: Document, services: set[str]) -> Iterator[Fault]:
    """What other systems' files are mapped to is in the catalogue."""
    for number, one in enumerate(document.values.get("import", ())):
        for theirs, code in one.get("services", {}).items():
            if code not in services:
                yield document.fault(["import", number, "services", theirs], f"there is no service {code}")


def _whom_for(document: Document, service: Row, blocks: set[str]) -> Iterator[Fault]:
    """Conditions somebody can meet, judged of somebody who is known."""
    asked = service.get("eligibility", {})
    if asked and service["assurance"] == "anonymous":
        yield document.fault(["eligibility"], "conditions need a service that knows who files")
    if asked.get("age_from", 0) > asked.get("age_to", 200):
        yield document.fault(["eligibility", "age_to"], "nobody is that old and that young")
    for number in sorted(set(asked.get("blocks", ())) - blocks):
        yield document.fault(["eligibility", "blocks"], f"there is no block {number}")


LETTER_PLACES = frozenset({"name", "reference", "service", "submitted_on", "block", "governorate"})


def _letters(documents: Documents) -> Iterator[Fault]:
    """A letter is named after its code, is for services there are, and leaves places for what we know alone."""
    services = _below(documents, "services/").keys()
    for name, document in _below(documents, "letters/").items():
        letter = document.values
        if letter["code"] != name:
            yield document.fault(["code"], f"the file of letter {letter['code']} must be named after it")
        for code in sorted(set(letter.get("services", ())) - services):
            yield document.fault(["services"], f"there is no service {code}")
        for language, words in letter["text"].items():
            for place in sorted(set(re.findall(r"{([^}]*)}", words)) - LETTER_PLACES):
                yield document.fault(["text", language], f"{{{place}}} is nothing a letter knows")


def _desks(document: Document, services: set[str], governorate: Row) -> Iterator[Fault]:
    """Desks stand once, serve what is in the catalogue, and have hours that can be read."""
    yield from _twice(document, ["desk"], "code")
    for number, desk in enumerate(document.values["desk"]):
        for code in sorted(desk["services"].keys() - services):
            yield document.fault(["desk", number, "services", code], f"there is no service {code}")
        for week in ("hours", "priority"):
            try:
                worktime.from_pack({**governorate, "special_hours": [], "working_week": desk.get(week, {})})
            except ValueError as wrong:
                yield document.fault(["desk", number, week], str(wrong))


def _form(document: Document, schema: Row, ui: Row) -> Iterator[Fault]:
    at = ["form", "schema"]
    try:
        Draft202012Validator.check_schema(dict(schema))
        check_form(schema)
    except SchemaError as wrong:
        yield document.fault([*at, *wrong.absolute_path], f"no JSON Schema: {wrong.message}")
        return
    except UnusableForm as wrong:
        yield document.fault(at, str(wrong))
        return
    properties = schema["properties"]
    for name in sorted(properties.keys() - ui.keys()):
        yield document.fault([*at, "properties", name], "has no label in form.ui")
    for name in sorted(ui.keys() - properties.keys()):
        yield document.fault(["form", "ui", name], "is no property of the form")
    for name in sorted(set(schema.get("required", ())) - properties.keys()):
        yield document.fault([*at, "required"], f"{name} is no property of the form")
    for name in sorted(properties.keys() & ui.keys()):
        yield from _options(document, name, properties[name], ui[name].get("options", {}))


def _options(document: Document, name: str, field: Row, options: Row) -> Iterator[Fault]:
    values = set(field.get("enum") or field.get("items", {}).get("enum") or ())
    if odd := sorted(map(str, values ^ options.keys())):
        yield document.fault(["form", "ui", name], f"options and enum differ: {', '.join(odd)}")


# Volunteering and events


def _volunteering(document: Document, blocks: set[str], zone: ZoneInfo) -> Iterator[Fault]:
    yield from _order(document, ["edition"], zone, "starts_on", "ends_on", or_same=True)
    yield from _twice(document, ["edition", "categories"], "code")
    yield from _twice(document, ["edition", "levels"], "code")
    yield from _twice(document, ["edition", "levels"], "hours")
    for catalogue in document.values.keys() & {"skill", "language"}:
        yield from _twice(document, [catalogue], "code")
    yield from _twice(document, ["opportunity"], "code")
    shifts: set[str] = set()
    for number, one in enumerate(document.values["opportunity"]):
        at: Place = ["opportunity", number]
        yield from _targets(document, at, one)
        yield from _block(document, at, one, blocks)
        for wanted, catalogue in (("skills", "skill"), ("languages", "language")):
            known = {row["code"] for row in document.values.get(catalogue, ())}
            for code in sorted(set(one.get(wanted, ())) - known):
                yield document.fault([*at, wanted], f"there is no {catalogue} {code}")
        yield from _roles(document, at, one)
        yield from _twice(document, [*at, "shift"], "code", shifts)
        for index in range(len(one["shift"])):
            yield from _order(document, [*at, "shift", index], zone, "starts_at", "ends_at")


def _roles(document: Document, at: Place, one: Row) -> Iterator[Fault]:
    known = {row["code"] for row in document.values.get("skill", ())}
    for number, role in enumerate(one.get("role", ())):
        for code in sorted(set(role.get("skills", ())) - known):
            yield document.fault([*at, "role", number, "skills"], f"there is no skill {code}")
    for number, shift in enumerate(one["shift"]):
        if "places" not in shift and not one.get("role"):
            yield document.fault([*at, "shift", number], "has no places, and there is no role to take them from")


def _programmes(document: Document, blocks: set[str], zone: ZoneInfo) -> Iterator[Fault]:
    slugs = {one["slug"] for one in document.values["programme"]}
    yield from _twice(document, ["programme"], "slug")
    yield from _twice(document, ["event"], "code")
    for number in range(len(document.values["programme"])):
        yield from _order(document, ["programme", number], zone, "starts_on", "ends_on", or_same=True)
    for number, event in enumerate(document.values["event"]):
        at: Place = ["event", number]
        if event["programme"] not in slugs:
            yield document.fault([*at, "programme"], f"there is no programme {event['programme']}")
        yield from _targets(document, at, event)
        yield from _block(document, at, event, blocks)
        yield from _order(document, at, zone, "starts_at", "ends_at")
        yield from _order(document, at, zone, "registration_opens_at", "registration_closes_at")
        yield from _order(document, at, zone, "registration_closes_at", "ends_at", or_same=True)
        if event.get("party_limit", 1) > event["capacity"]:
            yield document.fault([*at, "party_limit"], "is more than the capacity")
        if event["capacity"] > event.get("room_capacity", event["capacity"]):
            yield document.fault([*at, "capacity"], "is more than the room holds")
        if event.get("minimum_age", 0) > event.get("maximum_age", 99):
            yield document.fault([*at, "maximum_age"], "is less than the minimum age")
        yield from _questions(document, at, event.get("questions"))


def _questions(document: Document, at: Place, form: Row | None) -> Iterator[Fault]:
    """That an event's questions are a form, each with its label in both languages."""
    if form is None:
        return
    if wrong := unusable(form):
        yield document.fault([*at, "questions"], wrong)
        return
    for name in form["properties"]:
        label = form.get("ui", {}).get(name, {}).get("label", {})
        if not (isinstance(label, dict) and label.get("ar") and label.get("en")):
            yield document.fault([*at, "questions", "properties", name], "has no label in both languages (ui)")


# Impact and templates


def _impact(document: Document) -> Iterator[Fault]:
    objectives = {one["code"] for one in document.values["objective"]}
    yield from _twice(document, ["measure"], "code")
    yield from _twice(document, ["objective"], "code")
    for number, measure in enumerate(document.values["measure"]):
        yield from _measure(document, ["measure", number], measure)
    for number, row in enumerate(document.values["crosswalk"]):
        if row["target"] not in known_targets():
            yield document.fault(["crosswalk", number, "target"], f"there is no SDG target {row['target']}")
        if row["objective"] not in objectives:
            yield document.fault(["crosswalk", number, "objective"], f"there is no objective {row['objective']}")
    measures = {one["code"] for one in document.values["measure"]}
    for number, aim in enumerate(document.values.get("aim", ())):
        if aim["measure"] not in measures:
            yield document.fault(["aim", number, "measure"], f"there is no measure {aim['measure']}")
        if aim["target"] not in known_targets():
            yield document.fault(["aim", number, "target"], f"there is no SDG target {aim['target']}")
        if aim["baseline_year"] >= aim["year"]:
            yield document.fault(["aim", number, "baseline_year"], "is not before the year of the aim")


def _measure(document: Document, at: Place, measure: Row) -> Iterator[Fault]:
    topic, voided_by = measure["topic"], measure.get("voided_by")
    if wears_official_code(measure["code"]):
        yield document.fault([*at, "code"], f"{measure['code']} reads like a code of the United Nations")
    if topic not in AMOUNTS:
        yield document.fault([*at, "topic"], f"no message of topic {topic} counts")
    elif measure["amount"] not in AMOUNTS[topic] | {"1"}:
        yield document.fault([*at, "amount"], f"{topic} carries no {measure['amount']}")
    if voided_by and VOIDS.get(voided_by) != topic:
        yield document.fault([*at, "voided_by"], f"{voided_by} does not take back {topic}")
    if measure["targets"] != "from_message":
        yield from _targets(document, at, measure)
    for target in measure.get("weights", ()):
        if target not in known_targets():
            yield document.fault([*at, "weights", target], f"there is no SDG target {target}")


def _replies(document: Document, services: set[str]) -> Iterator[Fault]:
    yield from _twice(document, ["reply"], "code")
    for number, reply in enumerate(document.values["reply"]):
        for code in sorted(set(reply.get("services", ())) - services):
            yield document.fault(["reply", number, "services"], f"there is no service {code}")
        for part in ("title", "text"):
            for name in unknown_fields(reply[part]):
                yield document.fault(["reply", number, part], f"{{{name}}} is not known of a case")


def _templates(documents: Documents) -> Iterator[Fault]:
    templates = _below(documents, "templates/")
    for topic in sorted(NEEDED - templates.keys()):
        yield Fault(f"templates/{topic}.toml", 1, "the file is missing")
    for topic, document in templates.items():
        if topic not in PLACEHOLDERS:
            yield document.fault([], f"no message of topic {topic} tells anybody anything")
            continue
        example = document.values.get("example")
        for language in ("ar", "en"):
            for part, words in document.values[language].items():
                used = set(re.findall(r"{([^}]*)}?", words))
                for field in sorted(used - PLACEHOLDERS[topic]):
                    yield document.fault([language, part], f"{{{field}}} is not carried by {topic}")
                for field in sorted((used & PLACEHOLDERS[topic]) - (used if example is None else example.keys())):
                    yield document.fault(["example"], f"an example of {{{field}}} is missing")
        for field in sorted((example or {}).keys() - PLACEHOLDERS[topic]):
            yield document.fault(["example", field], f"{{{field}}} is not carried by {topic}")
        if document.values["ar"].keys() != document.values["en"].keys():
            yield document.fault(["en"], "sms, push and email need both languages or neither")


# Everywhere


def _targets(document: Document, at: Place, row: Row) -> Iterator[Fault]:
    for target in row.get("targets", ()):
        if target not in known_targets():
            yield document.fault([*at, "targets"], f"there is no SDG target {target}")


def _block(document: Document, at: Place, row: Row, blocks: set[str]) -> Iterator[Fault]:
    if row.get("block", "") not in blocks | {""}:
        yield document.fault([*at, "block"], f"block {row['block']} is not in blocks.csv")


def _order(
    document: Document, at: Place, zone: ZoneInfo, first: str, last: str, *, or_same: bool = False
) -> Iterator[Fault]:
    row = document.at(at)
    if moments.is_relative(row[first]) != moments.is_relative(row[last]):
        yield document.fault([*at, last], f"{first} and {last} are both fixed, or both reckoned from the sync")
    elif not moments.is_before(row[first], row[last], zone, or_same=or_same):
        yield document.fault([*at, last], f"is not always after {first}")


def _twice(document: Document, at: Place, key: str, seen: set[Any] | None = None) -> Iterator[Fault]:
    seen = set() if seen is None else seen
    for number, row in enumerate(document.at(at)):
        if row[key] in seen:
            yield document.fault([*at, number, key], f"{row[key]} stands twice")
        seen.add(row[key])
