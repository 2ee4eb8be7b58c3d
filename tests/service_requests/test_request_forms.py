"""The form engine: every fault has a pointer, and words in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asimati.kit.forms import MAX_FAULTS, UnusableForm, check_form, closed, faults, tidy
from asimati.kit.words import translate, use

FORM: dict[str, Any] = closed(
    {
        "type": "object",
        "required": ["phone", "what"],
        "properties": {
            "phone": {"type": "string", "format": "phone"},
            "what": {"type": "string", "enum": ["lamp", "road"]},
            "cpr": {"type": "string", "format": "cpr"},
            "email": {"type": "string", "format": "email"},
            "day": {"type": "string", "format": "date"},
            "code": {"type": "string", "pattern": "^[0-9]{3}$"},
            "text": {"type": "string", "minLength": 3, "maxLength": 10},
            "count": {"type": "integer", "minimum": 1, "maximum": 9},
            "parts": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
            "agreed": {"const": True},
            "a/b~c": {"type": "boolean"},
            "pole": {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]},
        },
        "if": {"properties": {"what": {"const": "lamp"}}, "required": ["what"]},
        "then": {"required": ["pole"]},
    }
)
GOOD = {"phone": "+97317000000", "what": "road"}

FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"phone": 17}, "/answers/phone", "This must be text."),
    ({"phone": "12"}, "/answers/phone", "This must be a telephone number such as +973 17 000 000."),
    ({"what": "sea"}, "/answers/what", "This must be one of: lamp, road."),
    ({"cpr": "12"}, "/answers/cpr", "This must be a personal number of nine digits."),
    ({"email": "me"}, "/answers/email", "This must be an e-mail address."),
    ({"day": "2026-02-30"}, "/answers/day", "This must be a date such as 2026-11-23."),
    ({"code": "12a"}, "/answers/code", "This does not have the expected form."),
    ({"text": "ab"}, "/answers/text", "Write at least 3 characters."),
    ({"text": "x" * 11}, "/answers/text", "Write at most 10 characters."),
    ({"count": 1.5}, "/answers/count", "This must be a whole number."),
    ({"count": 10}, "/answers/count", "This must be 9 or less."),
    ({"parts": ["a", "a"]}, "/answers/parts", "The same thing stands here twice."),
    ({"parts": ["a", 2]}, "/answers/parts/1", "This must be text."),
    ({"agreed": False}, "/answers/agreed", "This must be accepted as it is."),
    ({"a/b~c": "yes"}, "/answers/a~1b~0c", "This must be true or false."),
    ({"what": "lamp"}, "/answers/pole", "This is required."),
    ({"what": "lamp", "pole": {}}, "/answers/pole/number", "This is required."),
    ({"other": 1}, "/answers/other", "There is no such field."),
]


@pytest.mark.parametrize(("wrong", "pointer", "words"), FAULTS)
def test_a_fault_is_named_by_pointer_in_both_languages(wrong: dict[str, Any], pointer: str, words: str) -> None:
    assert (pointer, words) in [(at, translate(said)) for at, said in faults(FORM, GOOD | wrong)]
    with use("ar"):
        arabic = [translate(said) for at, said in faults(FORM, GOOD | wrong) if at == pointer]
    assert arabic and all("\u0600" <= said.strip("⁦")[0] <= "\u06ff" for said in arabic)


def test_options_are_named_as_people_know_them() -> None:
    ui = {"what": {"options": {"lamp": {"ar": "إنارة", "en": "A lamp"}, "road": {"ar": "طريق", "en": "A road"}}}}
    assert ("/answers/what", "This must be one of: A lamp, A road.") in faults(FORM, GOOD | {"what": "sea"}, ui)
    with use("ar"):
        assert "إنارة، طريق" in faults(FORM, GOOD | {"what": "sea"}, ui)[0][1]


def test_good_answers_have_no_fault_and_all_missing_ones_are_named_at_once() -> None:
    assert faults(FORM, GOOD) == []
    assert [at for at, _ in faults(FORM, {})] == ["/answers/phone", "/answers/what"]


def test_digits_of_any_script_are_kept_as_western_ones_where_digits_are_meant() -> None:
    given = {"phone": "٠٠٩٧٣ ١٧٠٠ ٠٠٠٠", "cpr": "٠١٢ ٣٤٥ ٦٧٨", "code": "۱۲۳", "text": " ٣ lamps "}
    kept = tidy(FORM, given)
    assert kept == {"phone": "+97317000000", "cpr": "012345678", "code": "123", "text": "٣ lamps"}


def test_what_is_huge_is_refused_briefly() -> None:
    assert faults(FORM, GOOD | {"text": "x" * 40_000}) == [("/answers", "The answers are too long.")]
    many = faults(FORM, GOOD | {f"unknown{i}": 1 for i in range(500)})
    assert len(many) == MAX_FAULTS
    without_a_bound = closed({"type": "object", "properties": {"text": {"type": "string"}}})
    assert faults(without_a_bound, {"text": "x" * 5_000})[0][0] == "/answers/text"


@pytest.mark.parametrize(
    "form",
    [
        {"type": "array"},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "text"}}},
        {"type": "object", "properties": {"a": {"type": "string", "format": "colour"}}},
        {"type": "object", "properties": {}, "additionalProperties": True},
        {"type": "object", "properties": {}, "allOf": [{"$ref": "https://example.org/form.json"}]},
    ],
)
def test_a_form_we_could_not_keep_our_word_about_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(UnusableForm):
        check_form(closed(form) if "additionalProperties" not in form else form)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(FORM["properties"])) | st.text(max_size=5), JSON, max_size=6))
@settings(max_examples=300, deadline=None)
def test_no_answer_is_an_accident(answers: dict[str, Any]) -> None:
    for pointer, words in faults(FORM, tidy(FORM, answers)):
        assert pointer.startswith("/answers")
        assert words
