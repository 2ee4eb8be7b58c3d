"""Every kind of fault is named by file, line and what is wrong. Each case breaks one thing in a sound pack."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from asimati import pack
from asimati.cli import cli
from asimati.pack.reading import line_of

CAPITAL = Path(__file__).resolve().parents[2] / "config" / "governorates" / "capital"
ROAD, CODE = "services/road-damage.toml", "templates/accounts.code_requested.toml"


@dataclass(frozen=True)
class Case:
    """What is replaced (its first occurrence after `after`), the line that is named, and words of the message."""

    file: str
    old: str
    new: str
    named: str
    message: str
    after: str = ""


CASES = {
    # shapes
    "no TOML": Case(ROAD, 'kind = "complaint"', "kind = complaint", "kind = complaint", "Invalid value"),
    "unknown key": Case(
        ROAD, 'kind = "complaint"', 'sort = "complaint"\nkind = "complaint"', "sort =", "no such key"
    ),
    "missing key": Case(ROAD, 'domain = "service"\n', "", "code =", "domain is missing"),
    "missing Arabic": Case(
        "entities.toml", 'ar = "وزارة الصحة", ', "", 'en = "Ministry of Health"', "ar is missing"
    ),
    "missing English": Case(
        "impact.toml", ', en = "Accredited volunteer hours"', "", 'ar = "ساعات تطوع معتمدة"', "en is missing"
    ),
    "blank words": Case("entities.toml", '"Ministry of Health"', '"  "', 'en = "  "', "is empty"),
    "words without languages": Case(
        "entities.toml",
        '{ ar = "وزارة الصحة", en = "Ministry of Health" }',
        '"Health"',
        '"Health"',
        "both languages",
    ),
    "wrong type": Case("programmes.toml", "capacity = 300", 'capacity = "300"', 'capacity = "300"', "'integer'"),
    "capacity below one": Case("programmes.toml", "capacity = 25", "capacity = 0", "capacity = 0", "minimum of 1"),
    "no such kind": Case(ROAD, '"complaint"', '"moan"', '"moan"', "'moan' is not one of"),
    "no code": Case("entities.toml", '"works"', '"Works!"', '"Works!"', "is not a code"),
    "no target time": Case(ROAD, '"P5D"', '"PT"', 'target = "PT"', "“PT” is not working days"),
    "no time at all": Case(ROAD, '"P5D"', '"P0D"', 'target = "P0D"', "is not working days"),
    "tolerance in days": Case("volunteering.toml", "PT15M", "P1D", "hours_tolerance", "is not hours and minutes"),
    "no moment": Case("programmes.toml", '"sun 09:00"', '"sun 25:00"', '"sun 25:00"', "is not a moment"),
    "moment without offset": Case(
        "programmes.toml", '"sun 09:00"', "2026-12-01T09:00:00", "2026-12-01T09:00:00", "is not a moment"
    ),
    "no day": Case("holidays.toml", "day = 2027-01-01", 'day = "soon"', '"soon"', "“soon” is not a day"),
    "measure without targets": Case(
        "impact.toml", 'targets = ["16.6"]', "targets = []", "targets = []", "SDG targets, or"
    ),
    "template without English": Case(CODE, "[en]", "[fr]", "[fr]", "no such key"),
    "no such channel": Case(CODE, '"sms"', '"fax"', '"fax"', "'fax' is not one of"),
    # the governorate
    "no time zone": Case("governorate.toml", "Asia/Bahrain", "Asia/Dilmun", "Asia/Dilmun", "no time zone"),
    "hours reversed": Case("governorate.toml", "07:00-14:15", "14:15-07:00", "[working_week]", "run backwards"),
    "special hours reversed": Case(
        "governorate.toml", "to = 2027-03-08", "to = 2027-01-08", "[[special_hours]]", "before they begin"
    ),
    "waking hours reversed": Case(
        "governorate.toml", 'to = "22:00"', 'to = "07:00"', "[waking_hours]", "run backwards"
    ),
    "holiday twice": Case("holidays.toml", "2026-12-17", "2026-12-16", "2026-12-16", "stands twice", "2026-12-16"),
    # services
    "dangling entity": Case(ROAD, 'entity = "works"', 'entity = "roads"', '"roads"', "no entity roads"),
    "entity twice": Case(
        "entities.toml", '"health"', '"works"', 'code = "works"', "works stands twice", "[[entity]]"
    ),
    "target not in the catalogue": Case(ROAD, '"11.2"', '"11.99"', '"11.99"', "no SDG target 11.99"),
    "file and code differ": Case(ROAD, '"road-damage"', '"waste"', '"waste"', "must be named after it"),
    "no JSON Schema": Case(ROAD, "maxLength = 2000", 'maxLength = "2000"', 'maxLength = "2000"', "no JSON Schema"),
    "open form": Case(
        ROAD, "additionalProperties = false", "additionalProperties = true", "[form.schema]", "names every"
    ),
    "no such format": Case(ROAD, '"phone" }', '"fone" }', "[form.schema]", "no format 'fone'"),
    "ui without property": Case(
        ROAD, "[form.ui.danger]", "[form.ui.dangers]", "[form.ui.dangers]", "is no property"
    ),
    "property without ui": Case(ROAD, "[form.ui.danger]", "[form.ui.dangers]", "danger = {", "has no label"),
    "required without property": Case(ROAD, '["kind", ', '["kinds", ', '["kinds", ', "kinds is no property"),
    "enum without label": Case(ROAD, '"crack", "sub', '"crack", "hole", "sub', "[form.ui.kind]", "differ: hole"),
    "label in one language": Case(ROAD, ', en = "Pothole"', "", "options = {", "en is missing"),
    # volunteering and events
    "category twice": Case(
        "volunteering.toml", '"youth"', '"pioneer"', '"pioneer", title = { ar = "الشباب"', "twice"
    ),
    "opportunity twice": Case(
        "volunteering.toml", '"food-packing"', '"beach-cleanup"', '"beach-cleanup"', "twice", "[[opportunity]]"
    ),
    "skill twice": Case("volunteering.toml", '"cooking"', '"design"', '"design"', "twice", '"gardening"'),
    "shift twice": Case("volunteering.toml", '"food-b"', '"beach-a"', '"beach-a"', "twice", '"food-a"'),
    "shift without places": Case(
        "volunteering.toml", "places = 3\n", "", "[[opportunity.shift]]", "has no places", '"food-a"'
    ),
    "role with unknown skill": Case(
        "volunteering.toml",
        'review = false\n\n[[opportunity.shift]]\ncode = "food-a"',
        'review = false\n\n[[opportunity.role]]\ntitle = { ar = "سائق", en = "Driver" }\nplaces = 1\n'
        'skills = ["flying"]\n\n[[opportunity.shift]]\ncode = "food-a"',
        'skills = ["flying"]',
        "there is no skill flying",
    ),
    "edition reversed": Case("volunteering.toml", "2027-08-31", "2025-08-31", "2025-08-31", "after starts_on"),
    "shift reversed": Case(
        "volunteering.toml", '"day+2 19:00"', '"day+2 15:00"', '"day+2 15:00"', "after starts_at"
    ),
    "shift reversed at times": Case(
        "volunteering.toml", '"day+2 19:00"', '"tue 19:00"', '"tue 19:00"', "not always after starts_at"
    ),
    "one fixed, one not": Case(
        "programmes.toml", '"sun 10:30"', "2026-12-01T10:30:00+03:00", "2026-12-01", "both fixed, or both reckoned"
    ),
    "registration too long": Case(
        "programmes.toml",
        'closes_at = "sun 09:00"',
        'closes_at = "sun 11:00"',
        'ends_at = "sun 10:30"',
        "after registration_closes_at",
    ),
    "programme reversed": Case("programmes.toml", '"sun+4"', '"sun-1"', '"sun-1"', "after starts_on"),
    "dangling programme": Case(
        "programmes.toml", 'programme = "manama', 'programme = "muharraq', 'programme = "muharraq', "no programme"
    ),
    "event twice": Case(
        "programmes.toml", '"mew-finance"', '"mew-opening"', '"mew-opening"', "twice", '"mew-women'
    ),
    "party above capacity": Case(
        "programmes.toml", "party_limit = 4", "party_limit = 400", "= 400", "the capacity"
    ),
    "dangling block": Case("volunteering.toml", '"436"', '"999"', '"999"', "block 999 is not in blocks.csv"),
    # impact and templates
    "topic that does not count": Case(
        "impact.toml", "hours_approved", "hours_dreamt", "hours_dreamt", "no message of topic"
    ),
    "amount nobody carries": Case("impact.toml", '"in_time"', '"in_style"', '"in_style"', "carries no in_style"),
    "voided by another": Case(
        "impact.toml",
        '"volunteering.hours_voided"',
        '"events.check_in_voided"',
        "check_in_voided",
        "does not take back",
    ),
    "dangling objective": Case(
        "impact.toml", 'objective = "economy"', 'objective = "oil"', '"oil"', "no objective oil"
    ),
    **{
        f"measure that calls itself {code}": Case(
            "impact.toml", 'code = "cases-resolved"', f'code = "{code}"', f'"{code}"', "code of the United Nations"
        )
        for code in ("16.6.1", "16-6", "16", "sdg-16.6.1", "c160601")
    },
    "crosswalk of no target": Case("impact.toml", '"9.c"', '"9.z"', '"9.z"', "no SDG target 9.z"),
    "placeholder nobody carries": Case(CODE, "{code}", "{cod}", "{cod}", "{cod} is not carried"),
    "example of nothing": Case(CODE, "[example]\ncode", "[example]\ncodes", "codes", "{codes} is not carried"),
    "example left out": Case(CODE, 'code = "493027"', "", "[example]", "an example of {code} is missing"),
    "placeholder left open": Case(CODE, "{code}", "{code", "{code ", "is not carried"),
    "sms in one language": Case(
        "templates/events.booking_offered.toml", "sms = ", "# sms = ", "[en]", "both languages or neither", "[en]"
    ),
    # blocks
    "bad number": Case("blocks.csv", "317,", "31A,", "31A,", "“31A” is not a block's number"),
    "block twice": Case("blocks.csv", "318,", "317,", "317,الحورة", "block 317 stands twice"),
    "area in one language": Case("blocks.csv", "Juffair", "", "324,الجفير,,", "both languages"),
    "half a point": Case("blocks.csv", ",50.5890", ",", "26.2410,", "both degrees"),
    "off the globe": Case("blocks.csv", "26.2410", "126.2410", "126.2410", "both degrees"),
    "row too long": Case("blocks.csv", ",50.5890", ",50.5890,x", "50.5890,x", "6 columns instead of 5"),
    "other columns": Case("blocks.csv", "area_ar,area_en", "area", "number,", "the columns must be"),
    "open quote": Case("blocks.csv", "Sea Front", '"Sea Front', '"Sea Front', ""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CAPITAL, tmp_path / "pack"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_fault_is_named_by_file_and_line(folder: Path, case: Case) -> None:
    path = folder / case.file
    text = path.read_text(encoding="utf-8")
    start = text.index(case.after) + len(case.after)
    assert case.old in text[start:]
    broken = text[:start] + text[start:].replace(case.old, case.new, 1)
    path.write_text(broken, encoding="utf-8")
    lines = [number for number, line in enumerate(broken.splitlines(), 1) if case.named in line]

    faults = pack.check(folder)

    fitting = [one for one in faults if one.file == case.file and case.message in one.message]
    assert fitting, faults
    assert {one.line for one in fitting} & set(lines), (fitting, lines)


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "entities.toml").unlink()
    (folder / "blocks.csv").unlink()
    assert {(one.file, one.line, one.message) for one in pack.check(folder)} == {
        ("entities.toml", 1, "the file is missing"),
        ("blocks.csv", 1, "the file is missing"),
    }


def test_nobody_signs_in_without_the_code_template(folder: Path) -> None:
    (folder / CODE).unlink()
    assert pack.check(folder) == [pack.Fault(CODE, 1, "the file is missing")]


def test_a_template_of_no_topic(folder: Path) -> None:
    shutil.copy(folder / CODE, folder / "templates" / "weather.rain_expected.toml")
    [fault] = pack.check(folder)
    assert (fault.file, "weather.rain_expected" in fault.message) == ("templates/weather.rain_expected.toml", True)


def test_other_letters_than_utf8(folder: Path) -> None:
    (folder / "blocks.csv").write_bytes("number,area_ar".encode("utf-16"))
    (folder / ROAD).write_bytes("title = 'بلاغ'".encode("cp1256"))
    assert {one.file for one in pack.check(folder)} == {"blocks.csv", ROAD}


def test_all_faults_of_shape_come_at_once(folder: Path) -> None:
    for name in ("entities.toml", "holidays.toml"):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8").replace(" en =", " fr ="), encoding="utf-8")
    faults = pack.check(folder)
    assert {one.file for one in faults} == {"entities.toml", "holidays.toml"}
    assert len(faults) > 50


def test_the_command_says_so_and_fails(folder: Path) -> None:
    sound = CliRunner().invoke(cli, ["pack", "check", str(folder)])
    assert (sound.exit_code, sound.output) == (0, "The pack is sound.\n")
    path = folder / ROAD
    path.write_text(path.read_text(encoding="utf-8").replace('"works"', '"roads"'), encoding="utf-8")
    broken = CliRunner().invoke(cli, ["pack", "check", str(folder)])
    assert broken.exit_code == 1
    assert f"{ROAD}:9: entity: there is no entity roads" in broken.output


TEXT = """\
code = "a"
[edition]
categories = [
  { code = "x", title = { ar = "س", en = "X" } },
  { code = "y", title = { ar = "ص", en = "Y" } },
]

[[event]] # the first
code = "one"
title = { ar = "أ",
  en = "A" }

[[event]]
code = "two"
[[event.part]]
code = "two-a"
[[event.part]]
code = "two-b"

[form.ui.kind]
label = { ar = "ن", en = "K" }
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 1),
        (("code",), 1),
        (("edition", "categories", 1, "code"), 5),
        (("edition", "categories", 1, "title", "ar"), 5),
        (("event", 0, "title", "en"), 11),
        (("event", 1), 13),
        (("event", 1, "code"), 14),
        (("event", 1, "part", 1, "code"), 18),
        (("form", "ui", "kind", "label", "ar"), 21),
        (("nowhere", "at", "all"), 1),
    ],
)
def test_a_place_has_a_line(place: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, place) == line
