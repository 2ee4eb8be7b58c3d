"""The public page: every figure in words too, both languages, nothing from outside, small groups withheld."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from asimati.impact import charts, maps
from asimati.kit import db
from asimati.places import sync as places
from asimati.places.drawing import drawn
from tests.impact.acts import Act
from workers.tasks.deliver import drain

HOW = {"colour": "#E5243B", "withheld": "withheld"}
SVG = "{http://www.w3.org/2000/svg}"


def crowd(act: Act, **people: int) -> None:
    for sex, number in people.items():
        for _ in range(number):
            act(sex=sex)
    drain()


@pytest.mark.parametrize(("language", "direction", "female"), [("ar", "rtl", "أنثى"), ("en", "ltr", "Female")])
def test_the_page_shows_the_goals_and_charts_in_both_languages(
    act: Act, client: FlaskClient, language: str, direction: str, female: str
) -> None:
    crowd(act, female=6, male=7)
    answer = client.get("/impact", query_string={"language": language, "measure": "hours"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert page.count("<svg ") == 3
    assert f"{female}: 6" in page
    assert "Goal 4" not in page  # the short name is shown
    assert "<script" not in page
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_what_is_withheld_is_not_in_the_page(act: Act, client: FlaskClient) -> None:
    crowd(act, female=2, male=47)
    page = client.get("/impact", query_string={"language": "en", "measure": "hours"}).get_data(as_text=True)
    assert "Female: withheld" in page
    assert "47" not in page


def test_an_empty_house_has_a_page_too(ground: None, client: FlaskClient) -> None:
    assert client.get("/impact").status_code == 200


@pytest.mark.parametrize("rtl", [True, False])
def test_charts_are_well_formed_and_say_every_value_in_words(rtl: bool) -> None:
    rows = [("15-24 & <b>", Decimal("1234.5")), ("60+", None)]
    for chart in (
        charts.bars(rows, "By age", rtl=rtl, **HOW),  # type: ignore[arg-type]
        charts.line(rows, "By age", rtl=rtl, **HOW),  # type: ignore[arg-type]
    ):
        read = ElementTree.fromstring(chart)
        assert read.findtext(f"{SVG}desc") == "15-24 & <b>: 1,234.5; 60+: withheld"
        assert "1,234.5" in [one.text for one in read.iter(f"{SVG}text")]


def test_bars_grow_from_the_right_in_arabic() -> None:
    def places(rtl: bool) -> list[int]:
        read = ElementTree.fromstring(
            charts.bars([("a", Decimal(4)), ("b", Decimal(2))], "t", colour="#000", withheld="-", rtl=rtl)
        )
        bars = [one for one in read.iter(f"{SVG}rect") if one.get("stroke")]
        return [int(one.get("x", 0)) + (int(one.get("width", 0)) if rtl else 0) for one in bars]

    assert len(set(places(True))) == len(set(places(False))) == 1
    assert places(True)[0] > places(False)[0]


# --- by block ----------------------------------------------------------------------------------------------------

POINTS = (("304", 26.233, 50.576), ("317", 26.237, 50.583), ("428", 26.229, 50.545), ("<b>", 26.24, 50.59))


@pytest.fixture
def blocks(client: FlaskClient) -> None:
    with db.transaction() as tx:
        places.sync(tx, {"blocks": [
            {"number": number, "area": {"ar": f"حي {number}", "en": f"Quarter {number}"}, "lat": lat, "lon": lon}
            for number, lat, lon in POINTS[:3]
        ], "holidays": []})  # fmt: skip


def map_on(page: str) -> dict[str, str]:
    """What the map says of each block when pointed at it."""
    (found,) = re.findall(r"<svg[^>]*class=\"map\".*?</svg>", page, re.DOTALL)
    titles = [one.findtext(f"{SVG}title") for one in ElementTree.fromstring(found).iter(f"{SVG}polygon")]
    return {title.split()[0]: title for title in titles if title}


def table_on(page: str) -> dict[str, str]:
    rows = re.findall(r"<tr><th scope=\"row\"><bdi>(.*?)</bdi></th><td>(.*?)</td><td>(.*?)</td></tr>", page)
    return {number or area: re.sub("<.*?>", "", value) for number, area, value in rows}


@pytest.mark.parametrize(("language", "quarter"), [("ar", "حي"), ("en", "Quarter")])
def test_blocks_are_a_map_with_the_same_values_as_a_table_beside_it(
    act: Act, client: FlaskClient, blocks: None, language: str, quarter: str
) -> None:
    for block, number in (("317", 40), ("304", 9), ("unknown", 7)):
        for _ in range(number):
            act(block=block)
    drain()
    page = client.get("/impact", query_string={"language": language, "measure": "hours"}).get_data(as_text=True)
    assert map_on(page) == {
        "304": f"304 {quarter} 304: 9", "317": f"317 {quarter} 317: 40", "428": f"428 {quarter} 428: 0"
    }  # fmt: skip
    table = table_on(page)
    assert {name: table[name] for name in ("304", "317", "428")} == {"304": "9", "317": "40", "428": "0"}
    assert len(table) == 4, "and those of no known block"
    assert "style=" not in page and "onclick" not in page


def test_a_withheld_block_is_drawn_as_withheld_and_its_number_is_nowhere(
    act: Act, client: FlaskClient, blocks: None
) -> None:
    for block, number in (("317", 41), ("304", 2), ("428", 12)):
        for _ in range(number):
            act(block=block)
    drain()
    page = client.get("/impact", query_string={"language": "en", "measure": "hours"}).get_data(as_text=True)
    said = map_on(page)
    assert said["304"] == "304 Quarter 304: withheld"
    assert said["317"] == "317 Quarter 317: 41"
    assert said["428"] == "428 Quarter 428: withheld", "the other one that would give it away"
    assert table_on(page) == {"304": "withheld", "317": "41", "428": "withheld"}
    assert page.count("url(#untold-map)") == 2


def test_a_block_is_not_said_to_be_empty_where_a_month_could_not_be_told(
    act: Act, client: FlaskClient, blocks: None
) -> None:
    """In one month all blocks are told but one that nobody was in; in the other none is, as few people acted."""
    for _ in range(9):
        act(block="317", on=date(2026, 10, 3))
    for _ in range(2):
        act(block="428", on=date(2026, 11, 3))
    drain()
    page = client.get("/impact", query_string={"language": "en", "measure": "hours"}).get_data(as_text=True)
    assert set(table_on(page).values()) == {"withheld"}


def test_the_map_says_every_value_in_words_and_shades_by_even_steps() -> None:
    drawing = drawn(POINTS)
    assert drawing
    values = {"304": Decimal("1234.5"), "317": Decimal(300), "428": None}
    figure = maps.ByBlock(values, {"<b>": "A & B"}, "#C5192D", "withheld")
    read = ElementTree.fromstring(maps.draw(figure, drawing, "By block"))
    assert figure.limits == [500, 1000, 1500]
    assert [words for _shade, words in maps.key(figure)] == ["0", "0 – 500", "500 – 1,000", "1,000 – 1,500"]
    fills = [(one.get("fill"), one.get("fill-opacity")) for one in read.iter(f"{SVG}polygon") if one.get("stroke")]
    assert fills == [("#C5192D", "1.00"), ("#C5192D", "0.33"), ("url(#untold-map)", None), ("#C5192D", "0.00")]
    words = [one.text for one in read.iter(f"{SVG}text")]
    assert words[:8] == ["304", "1,234.5", "317", "300", "428", "×", "<b>", "0"]


@pytest.mark.parametrize(
    ("most", "limits"),
    [("0", []), ("1", ["0.2", "0.4", "0.6", "0.8", "1"]), ("13", ["5", "10", "15"]),
     ("40", ["10", "20", "30", "40"]), ("26", ["10", "20", "30"]),
     ("9999", ["2000", "4000", "6000", "8000", "10000"])],
)  # fmt: skip
def test_shades_end_at_round_numbers(most: str, limits: list[str]) -> None:
    figure = maps.ByBlock({"a": Decimal(most), "b": None}, {}, "#000", "-")
    assert figure.limits == [Decimal(one) for one in limits]
