"""Phones, codes and ages, without a database."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asimati.accounts import rules
from asimati.kit import phones


@pytest.mark.parametrize(
    "written",
    [
        "+97333112233",
        "33112233",
        "3311 2233",
        "00973 3311-2233",
        "٣٣١١٢٢٣٣",
        "+٩٧٣ ٣٣١١٢٢٣٣",
        "۳۳۱۱۲۲۳۳",
        "tel:+973-3311-2233",
    ],
)
def test_one_phone_has_one_form(written: str) -> None:
    assert phones.phone_number(written, "BH") == "+97333112233"


@pytest.mark.parametrize("written", ["", "1", "123456", "+973 1", "phone", "+999 123456789", "3" * 40, "\u202e"])
def test_what_is_no_phone_is_refused(written: str) -> None:
    with pytest.raises(phones.NoPhone):
        phones.phone_number(written, "BH")


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_phone_or_none(written: str) -> None:
    try:
        phone = phones.phone_number(written, "BH")
    except phones.NoPhone:
        return
    assert phone.startswith("+")
    assert phone[1:].isascii()
    assert phone[1:].isdigit()
    assert phones.phone_number(phone, "BH") == phone


def test_codes_go_to_the_countries_that_are_named() -> None:
    assert rules.receives_codes("+97333112233", ["BH"])
    assert not rules.receives_codes("+966512345678", ["BH"])
    assert rules.receives_codes("+966512345678", ["BH", "SA"])
    assert rules.receives_codes("+12025550123", ["US"]), "there no number tells a mobile telephone"


@pytest.mark.parametrize("number", ["+97317000000", "+97380001234", "+97390001234"])
def test_no_codes_go_to_lines_in_houses_free_numbers_and_those_at_a_premium(number: str) -> None:
    assert not rules.receives_codes(number, ["BH"])


def test_a_code_has_six_digits_zeros_included() -> None:
    codes = {rules.new_code() for _ in range(2000)}
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert len(codes) > 1900
    assert any(code.startswith("0") for code in codes)


@pytest.mark.parametrize("written", ["012345", "012 345", "٠١٢٣٤٥", "۰۱۲-۳۴۵", "\u2068012345\u2069"])
def test_a_code_may_be_given_back_in_any_digits(written: str) -> None:
    assert rules.code_as_sent(written) == "012345"


@pytest.mark.parametrize(
    ("born", "on", "age", "band"),
    [
        (date(2010, 6, 15), date(2025, 6, 14), 14, "0-14"),
        (date(2010, 6, 15), date(2025, 6, 15), 15, "15-24"),
        (date(2000, 2, 29), date(2025, 2, 28), 24, "15-24"),
        (date(2000, 2, 29), date(2025, 3, 1), 25, "25-34"),
        (date(1990, 1, 1), date(2025, 1, 1), 35, "35-44"),
        (date(1980, 1, 1), date(2025, 1, 1), 45, "45-59"),
        (date(1965, 1, 1), date(2024, 12, 31), 59, "45-59"),
        (date(1965, 1, 1), date(2025, 1, 1), 60, "60+"),
    ],
)
def test_ages_and_their_bands(born: date, on: date, age: int, band: str) -> None:
    assert rules.age_on(born, on) == age
    assert rules.age_band(born, on) == band


def test_who_did_not_say_has_no_age() -> None:
    assert rules.age_band(None, date(2025, 1, 1)) == "unknown"


@pytest.mark.parametrize(
    ("client", "device"),
    [
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 (KHTML) Version/18 Safari/605",
            "Safari, macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605 CriOS/131 Safari/604",
            "Chrome, iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537 (KHTML) Chrome/131 Mobile Safari/537", "Chrome, Android"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/131 Safari/537 Edg/131", "Edge, Windows"),
        ("Mozilla/5.0 (unknown)", ""),
        ("Asimati/1.2\x7f\xe9" + "x" * 200, "Asimati/1.2" + "x" * 69),
        ("", ""),
    ],
)
def test_of_what_a_programme_calls_itself_no_more_is_kept_than_people_recognise(client: str, device: str) -> None:
    assert rules.device_of(client) == device
