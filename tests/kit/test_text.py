"""Text: what search treats as the same, what may not be stored, and what a message costs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asimati.kit.text import (
    UnfitText,
    clean,
    cpr,
    fold,
    is_complete,
    isolate,
    say,
    sms_segments,
    western_digits,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("أحمد", "احمد"),
        ("إبراهيم", "ابراهيم"),
        ("آمنة", "امنه"),
        ("ٱلله", "الله"),
        ("مستشفى", "مستشفي"),
        ("المحافظة", "المحافظه"),
        ("مُحَمَّد", "محمد"),
        ("عاصمـــتي", "عاصمتي"),
        ("شيء", "شي"),
        ("مؤسسة", "موسسه"),
        ("طوارئ", "طواري"),
        ("علی", "علي"),  # Persian ye
        ("کتاب", "كتاب"),  # Persian kaf
        ("مجمع ٣٢٥", "مجمع 325"),
        ("مجمع ۳۲۵", "مجمع 325"),
        ("ﻋﺎﺻﻤﺘﻲ", "عاصمتي"),  # presentation forms
        ("ﻻ", "لا"),
        ("\u2067عاصمتي\u2069", "عاصمتي"),
        ("  Manama \n\t City ", "manama city"),
        ("MANAMA", "manama"),
        ("Straße", "STRASSE"),
        ("Café", "cafe"),
        ("Ｂｌｏｃｋ", "block"),
    ],
)
def test_search_sees_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other) == other.lower()


@pytest.mark.parametrize(("one", "other"), [("طريق", "فريق"), ("سلم", "سلام"), ("road 25", "road 26")])
def test_search_sees_the_difference(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
@example("İ")
@example("ﷺ")
@example("ͅ")
def test_folding_is_final(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_folding_does_not_see_composition(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text)) == fold(text)


def test_digits_of_every_script_and_nothing_else() -> None:
    assert western_digits("٠١٢٣٤٥٦٧٨٩ ۰۱۲۳۴۵۶۷۸۹ ०१२ 42 m² ½") == "0123456789 0123456789 012 42 m² ½"


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ({"ar": "مرحباً", "en": "Hello"}, "ar", "مرحباً"),
        ({"ar": "مرحباً", "en": "Hello"}, "en", "Hello"),
        ({"ar": "مرحباً", "en": None}, "en", "مرحباً"),
        ({"ar": "", "en": "Hello"}, "ar", "Hello"),
        ({"ar": " ", "en": "Hello"}, "ar", "Hello"),
        ({"en": "Hello"}, "ar", "Hello"),
        ({}, "ar", ""),
        (None, "en", ""),
    ],
)
def test_say(text: dict[str, str | None] | None, language: str, said: str) -> None:
    assert say(text, language) == said


def test_complete_is_both_languages() -> None:
    assert is_complete({"ar": "مرحباً", "en": "Hello"})
    for text in ({"ar": "مرحباً"}, {"ar": "مرحباً", "en": " "}, {"ar": None, "en": "Hello"}, {}, None):
        assert not is_complete(text)


def test_isolated_text_keeps_its_direction() -> None:
    assert isolate("SR-7K3M9QWZ") == "\u2068SR-7K3M9QWZ\u2069"
    assert clean(isolate("SR-7K3M9QWZ")) == isolate("SR-7K3M9QWZ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\x00b", "nul"),
        ("a\ud800b", "surrogate"),
        ("a\udfff", "surrogate"),
        ("a\x07b", "control"),
        ("a\x0bb", "control"),
        ("a\x7fb", "control"),
        ("a\x85b", "control"),
        ("a\u202eb", "bidi_override"),
        ("a\u202ab", "bidi_override"),
    ],
)
def test_unfit_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(UnfitText) as refused:
        clean(text)
    assert refused.value.reason == reason
    assert text not in str(refused.value)


def test_clean_composes_and_keeps_lines() -> None:
    assert clean("Cafe\u0301\r\nline\rline\n\tend") == "Café\nline\nline\n\tend"
    assert clean("ا\u0654") == "أ"
    assert clean("\u200eمرحباً\u200f \u2067x\u2069") == "\u200eمرحباً\u200f \u2067x\u2069"


@given(st.text())
def test_what_is_clean_can_be_stored_and_stays_clean(text: str) -> None:
    try:
        cleaned = clean(text)
    except UnfitText:
        return
    assert clean(cleaned) == cleaned
    assert "\x00" not in cleaned
    cleaned.encode()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("850112345", "850112345"),
        ("٨٥٠١١٢٣٤٥", "850112345"),
        ("۸۵۰۱۱۲۳۴۵", "850112345"),
        (" 8501 12345 ", "850112345"),
        ("8501-12345", "850112345"),
        ("\u200e850112345\u200f", "850112345"),
        ("8501\u00a012345", "850112345"),
        ("000112345", "000112345"),  # leading zeros are real
        ("859912345", "859912345"),  # not every number has a month
    ],
)
def test_personal_numbers(written: str, number: str) -> None:
    assert cpr(written) == number


@pytest.mark.parametrize("written", ["", "85011234", "8501123456", "85011234x", "²50112345", "+850112345"])
def test_other_things_are_not_personal_numbers(written: str) -> None:
    with pytest.raises(UnfitText) as refused:
        cpr(written)
    assert refused.value.reason == "cpr"
    assert not written or written not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 152, 2),
        ("€" * 153, 3),  # 76 in a part: the last place stays empty
        ("ع" * 70, 1),
        ("ع" * 71, 2),
        ("ع" * 134, 2),
        ("ع" * 135, 3),
        ("a" * 70 + "ع", 2),
        ("😀" * 35, 1),
        ("😀" * 66, 2),
        ("😀" * 67, 3),  # 33 in a part
    ],
)
def test_message_parts(text: str, parts: int) -> None:
    assert sms_segments(text) == parts
