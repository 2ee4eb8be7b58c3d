"""The public page: every figure in words too, both languages, nothing from outside, small groups withheld."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from asimati.impact import charts
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
    for drawn in (
        charts.bars(rows, "By age", rtl=rtl, **HOW),  # type: ignore[arg-type]
        charts.line(rows, "By age", rtl=rtl, **HOW),  # type: ignore[arg-type]
        charts.tiles([(name, "Hoora", value) for name, value in rows], "By age", rtl=rtl, **HOW),  # type: ignore[arg-type]
    ):
        read = ElementTree.fromstring(drawn)
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
