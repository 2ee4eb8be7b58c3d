"""Forms, addresses and answers in the standard's words."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asimati.open311 import rules


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ({"type": "string", "maxLength": 80}, "string"),
        ({"type": "string", "maxLength": 2000}, "text"),
        ({"type": "string"}, "text"),
        ({"type": "string", "format": "date"}, "datetime"),
        ({"type": "integer"}, "number"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "singlevaluelist"),
        ({"type": "string", "enum": ["a"]}, "singlevaluelist"),
        ({"type": "array", "items": {"enum": ["a"]}}, "multivaluelist"),
    ],
)
def test_a_field_has_the_standards_data_type(shape: dict[str, Any], kind: str) -> None:
    assert rules.datatype(shape) == kind


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("Building 44, Road 2508, Block 325", "325"),
        ("مبنى 44، طريق 2508، مجمع 325", "325"),
        ("blk: 317", "317"),
        ("Road 317", None),
        ("", None),
    ],
)
def test_an_address_in_words_names_its_block(address: str, block: str | None) -> None:
    assert rules.block_in(address) == block


@pytest.mark.parametrize(
    ("shape", "given", "answer"),
    [
        ({"type": "integer"}, ["7"], 7),
        ({"type": "integer"}, ["seven"], "seven"),
        ({"type": "number"}, ["1.5"], 1.5),
        ({"type": "boolean"}, ["true"], True),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, ["a,b"], ["a", "b"]),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, ["a", "b"], ["a", "b"]),
        ({"type": "string"}, ["x", "y"], "y"),
    ],
)
def test_what_was_sent_is_taken_as_the_form_wants_it(shape: dict[str, Any], given: list[str], answer: Any) -> None:
    assert rules.answer(shape, given) == answer


@given(st.text(), st.floats(allow_nan=False), st.booleans())
def test_any_text_makes_xml_that_can_be_read(text: str, number: float, flag: bool) -> None:
    made = rules.as_xml("services", [{"service_name": text, "lat": number, "metadata": flag, "media_url": None}])
    [service] = ElementTree.fromstring(made)
    assert service.tag == "service"
    assert service.findtext("metadata") == str(flag).lower()
