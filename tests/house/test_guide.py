"""What whoever writes an app is told: the guide before the operations is true, and refusals say what they carry."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import asimati.app
from asimati.http.openapi import GUIDE
from asimati.kit.errors import Refusal
from tests.house.test_words import refusals

WORDS = GUIDE.read_text(encoding="utf-8")
SENT = re.findall(r"^(POST) (/\S+) +(\{.+\})$", WORDS, re.MULTILINE)
OURS = ("type", "title", "status", "detail", "instance", "errors")  # of every problem document (RFC 9457)


@pytest.fixture
def openapi(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/openapi.json").json
    return found


@pytest.mark.parametrize(("method", "path", "body"), SENT, ids=[path for _method, path, _body in SENT])
def test_what_the_guide_sends_is_what_is_taken(openapi: dict[str, Any], method: str, path: str, body: str) -> None:
    shape = openapi["paths"][f"/api/v1{path}"][method.lower()]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    fields = openapi["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]]
    sent = json.loads(body).keys()
    assert sent <= fields["properties"].keys() and sent >= {*fields["required"]}


def test_what_the_guide_names_is_there(openapi: dict[str, Any]) -> None:
    assert len(SENT) == len(re.findall(r"^POST ", WORDS, re.MULTILINE)) > 3
    for method, path in re.findall(r"`(GET|POST) (/[^`]+)`", WORDS):
        assert method.lower() in openapi["paths"][f"/api/v1{path}"]
    slugs = {one.slug for one in refusals()}
    assert {*re.findall(r"\b4\d\d `([^`]+)`", WORDS)} <= slugs


def raised() -> Iterator[tuple[str, set[str]]]:
    """Every refusal that is made with facts, by the name of its class."""
    for path in Path(asimati.app.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                yield name, {word.arg for word in node.keywords if word.arg}


def test_a_refusal_says_what_its_facts_mean_and_none_hides_behind_a_member_of_the_document() -> None:
    kinds = {one.__name__: one for one in refusals()}
    made = ((kinds[name], facts) for name, facts in raised() if name in kinds.keys() - NO_REFUSAL)
    assert not [kind for kind, facts in made if facts - vars(kind).get("says", {}).keys()]
    assert not [one.__name__ for one in [*kinds.values(), Refusal] if {*OURS} & one.says.keys()]


# Messages that are called like a refusal; facts of health checks; a scan that was sent twice at the same moment.
NO_REFUSAL = {"AppealDecided", "OfferLapsed", "Unavailable", "Conflict"}
