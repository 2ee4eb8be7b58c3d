"""The Capital pack: sound, whole, and fit for the demonstration whenever that is."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from asimati import pack
from asimati.kit.text import is_complete
from asimati.kit.worktime import from_pack
from asimati.pack.topics import AMOUNTS, PLACEHOLDERS, VOIDS

ROOT = Path(__file__).resolve().parents[2]
CAPITAL = ROOT / "config" / "governorates" / "capital"
# The seven days of a week, in the middle of the night and at noon.
SYNCS = [datetime(2026, 11, 22, 21, 30, tzinfo=UTC) + timedelta(hours=12 * step) for step in range(14)]


@pytest.fixture(scope="module")
def capital() -> pack.Pack:
    return pack.load(CAPITAL)


@pytest.fixture(scope="module")
def parts(capital: pack.Pack) -> dict[str, Any]:
    return capital.parts(SYNCS[0])


def bilingual(value: Any) -> list[dict[str, Any]]:
    """Every text in both languages below a value."""
    if isinstance(value, dict):
        below = [one for inner in value.values() for one in bilingual(inner)]
        return [value, *below] if value.keys() & {"ar", "en"} else below
    return [one for inner in value for one in bilingual(inner)] if isinstance(value, list) else []


def test_it_has_no_fault() -> None:
    assert pack.check(CAPITAL) == []


def test_arabic_is_arabic_and_english_is_not(parts: dict[str, Any]) -> None:
    texts = [text for name, part in parts.items() if name != "impact" for text in bilingual(part)]
    assert len(texts) > 300
    for text in texts:
        assert is_complete(text), text
        assert re.search(r"[\u0621-\u064a0-9]", text["ar"]), text
        assert not re.search(r"[\u0621-\u064a]", text["en"]), text
        assert not re.search(r"[\u0660-\u0669\u06f0-\u06f9]", text["ar"]), text  # Western digits


def test_services_reach_every_kind_and_domain(parts: dict[str, Any]) -> None:
    services = parts["service_requests"]["services"]
    assert len(services) >= 14
    assert {one["kind"] for one in services} == {"complaint", "request", "suggestion", "inquiry"}
    assert {one["domain"] for one in services} == {"service", "social", "security"}
    assert any(one["confidential"] and one["domain"] == "security" for one in services)
    assert max(len(one["form"]["schema"]["properties"]) for one in services) >= 15


def test_forms_are_closed_and_bounded(parts: dict[str, Any]) -> None:
    for service in parts["service_requests"]["services"]:
        schema, ui = service["form"]["schema"], service["form"]["ui"]
        Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False
        assert sorted(field["order"] for field in ui.values()) == list(range(1, len(ui) + 1))
        for name, field in schema["properties"].items():
            free = field["type"] == "string" and not field.keys() & {"enum", "format"}
            assert not free or field["maxLength"] <= 4000, (service["code"], name)


def test_volunteering_holds_what_an_edition_needs(parts: dict[str, Any]) -> None:
    part = parts["volunteering"]
    shifts = [shift for one in part["opportunities"] for shift in one["shifts"]]
    assert len(part["edition"]["categories"]) == 6
    assert len(part["opportunities"]) >= 6
    assert len(shifts) >= 10
    overlaps = [(a, b) for a in shifts for b in shifts if a["code"] < b["code"] and _meet(a, b)]
    assert overlaps  # the demonstration shows the refusal
    now = SYNCS[0]
    assert any(shift["starts_at"] <= now < shift["ends_at"] for shift in shifts)


def _meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["starts_at"] < other["ends_at"] and other["starts_at"] < one["ends_at"])


@pytest.mark.parametrize("now", SYNCS, ids=lambda now: f"{now:%a-%H%M}")
def test_the_week_is_sunday_to_thursday_ahead_and_open(capital: pack.Pack, now: datetime) -> None:
    part = capital.parts(now)["events"]
    week = part["programmes"][0]
    assert (week["starts_on"].strftime("%a"), week["ends_on"].strftime("%a")) == ("Sun", "Thu")
    events = [event for event in part["events"] if event["programme"] == week["slug"]]
    assert len(events) >= 15
    days = Counter((event["starts_at"] + timedelta(hours=3)).date() for event in events)
    assert set(days) == {week["starts_on"] + timedelta(days=step) for step in range(5)}
    for event in events:
        assert event["registration_opens_at"] <= now < event["registration_closes_at"]
        assert event["registration_closes_at"] <= event["ends_at"]


def test_small_events_are_there_for_the_demonstration(parts: dict[str, Any]) -> None:
    events = parts["events"]["events"]
    assert any(event["capacity"] == 2 and event["waitlist"] for event in events)
    assert any(event["capacity"] == 10 for event in events)


def test_holidays_are_no_working_days(capital: pack.Pack) -> None:
    holidays = capital.files["holidays.toml"]["holiday"]
    calendar = from_pack(capital.files["governorate.toml"], [one["day"] for one in holidays])
    assert not calendar.hours(date(2026, 12, 16))
    assert calendar.hours(date(2026, 11, 24)) == ((7 * 60, 14 * 60 + 15),)
    assert calendar.hours(date(2027, 2, 15)) == ((8 * 60, 14 * 60),)  # Ramadan
    assert not calendar.hours(date(2026, 11, 27))  # Friday
    moving = {"عيد الفطر المبارك", "عيد الأضحى المبارك", "عاشوراء", "رأس السنة الهجرية", "المولد النبوي الشريف"}
    for one in holidays:
        assert one["standing"] == ("provisional" if one["name"]["ar"] in moving else "confirmed")


def test_all_three_journeys_are_measured(parts: dict[str, Any]) -> None:
    topics = {measure["topic"] for measure in parts["impact"]["measures"]}
    assert {topic.partition(".")[0] for topic in topics} == {"service_requests", "volunteering", "events"}
    assert len(parts["impact"]["goals"]) == 17


def test_targets_named_anywhere_meet_the_vision(parts: dict[str, Any]) -> None:
    offered = [
        *parts["service_requests"]["services"],
        *parts["volunteering"]["opportunities"],
        *parts["events"]["events"],
    ]
    named = {target for one in offered for target in one["targets"]}
    named |= {
        target
        for one in parts["impact"]["measures"]
        if one["targets"] != "from_message"
        for target in one["targets"]
    }
    assert named <= {row["target"] for row in parts["impact"]["crosswalk"]}


@pytest.mark.parametrize("topic", sorted(PLACEHOLDERS))
def test_every_topic_that_tells_somebody_has_words(parts: dict[str, Any], topic: str) -> None:
    [template] = [one for one in parts["notifications"]["templates"] if one["topic"] == topic]
    texts = [template["title"], template["text"], *filter(None, [template["sms"]])]
    for text in texts:
        assert is_complete(text)
        used = {language: set(re.findall(r"{(\w+)}", text[language])) for language in ("ar", "en")}
        assert used["ar"] == used["en"] <= PLACEHOLDERS[topic]


def test_a_code_fits_one_arabic_sms(parts: dict[str, Any]) -> None:
    [template] = [one for one in parts["notifications"]["templates"] if one["topic"] == "accounts.code_requested"]
    assert len(template["text"]["ar"].format(code="123456")) <= 70


def test_the_guide_lists_what_messages_carry() -> None:
    guide = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8").partition("## What messages carry")[2]
    guide = guide.partition("## A service's own workflow")[0]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in guide.splitlines() if line.startswith("| `")
    ]
    told = {row[0].strip("`"): set(re.findall(r"{(\w+)}", row[1])) for row in rows if len(row) == 2}
    assert told == {topic: set(fields) for topic, fields in PLACEHOLDERS.items()}
    counted = {row[0].strip("`"): (row[1], row[2].strip("`")) for row in rows if len(row) == 3}
    assert {topic: set(re.findall(r"`(\w+)`", cell[0])) for topic, cell in counted.items()} == {
        topic: set(amounts) for topic, amounts in AMOUNTS.items()
    }
    assert {cell[1]: topic for topic, cell in counted.items() if cell[1]} == VOIDS
