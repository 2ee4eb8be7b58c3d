"""Texts that answers begin with: from the pack, kept by supervisors, filled in for a case, never lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from asimati.kit import db
from asimati.service_requests.sync import sync
from tests.service_requests.town import PART, words

V1 = "/api/v1/staff"
Headers = dict[str, str]
TEXT = words(
    "Dear {name}, {reference} about {service} is with {entity}.",
    "{name}، طلبكم {reference} بشأن {service} لدى {entity}.",
)
REPLIES = [
    {"code": "done", "title": words("Done", "أُنجز"), "text": TEXT, "moves": ["resolve"]},
    {"code": "lamps", "title": words("Lamps", "الإنارة"), "text": words("By {due}.", "في {due}."),
     "services": ["street-lamp"]},
]  # fmt: skip
NEW = {"code": "sorry", "title": words("Sorry", "اعتذار"), "text": words("We are sorry.", "نعتذر.")}


def lay(replies: list[dict[str, Any]]) -> dict[str, int]:
    with db.transaction() as tx:
        return sync(tx, {**PART, "replies": replies})


@pytest.fixture(autouse=True)
def replies(town: FlaskClient) -> None:
    lay(REPLIES)


def change(town: FlaskClient, who: Headers, code: str, **said: Any) -> Any:
    path = f"{V1}/reply-templates/{code}"
    tag = town.get(path, headers=who).headers["ETag"]
    return town.patch(path, json=said, headers={**who, "If-Match": tag})


def codes(town: FlaskClient, who: Headers, **query: str) -> list[str]:
    items = town.get(f"{V1}/reply-templates", query_string=query, headers=who).json["items"]
    return [one["code"] for one in items]


def test_a_text_is_filled_in_for_a_case_in_both_languages(
    town: FlaskClient, resident: Headers, reviewer: Headers, submit: Callable[..., Any], move: Any
) -> None:
    me = town.get("/api/v1/me", headers=resident)
    name = {"name_ar": "مريم علي", "name_latin": "Maryam Ali"}
    town.patch("/api/v1/me", json=name, headers=resident | {"If-Match": me.headers["ETag"]})
    case = submit(resident)
    move(reviewer, case, "claim")
    move(reviewer, case, "refer", entity="works")
    path = f"{V1}/service-requests/{case['reference']}/replies"
    found = {one["code"]: one["text"] for one in town.get(path, headers=reviewer).json["items"]}
    assert found["done"]["en"] == (
        f"Dear Maryam Ali, {case['reference']} about Street lamp out is with Ministry of Works."
    )
    assert "مريم علي" in found["done"]["ar"] and "وزارة الأشغال" in found["done"]["ar"]
    assert not any("{" in text for said in found.values() for text in said.values())
    asking = town.get(f"{path}?move=ask", headers=reviewer).json["items"]
    assert [one["code"] for one in asking] == ["lamps"]


def test_whoever_has_no_name_is_addressed_all_the_same(
    town: FlaskClient, reviewer: Headers, submit: Callable[..., Any]
) -> None:
    case = submit({}, service="idea", location=None)
    path = f"{V1}/service-requests/{case['reference']}/replies?move=resolve"
    (found,) = town.get(path, headers=reviewer).json["items"]
    assert "resident" in found["text"]["en"] and "الطلب" in found["text"]["ar"]


def test_texts_are_offered_by_service_and_move(town: FlaskClient, reviewer: Headers) -> None:
    assert codes(town, reviewer) == ["done", "lamps"]
    assert codes(town, reviewer, move="ask") == ["lamps"]
    assert codes(town, reviewer, service="idea") == ["done"]
    assert codes(town, reviewer, service="idea", move="ask") == []


def test_every_version_is_kept_and_what_the_staff_wrote_the_pack_leaves_alone(
    town: FlaskClient, supervisor: Headers
) -> None:
    assert change(town, supervisor, "done", text=words("Done at last.", "أُنجز أخيرًا.")).status_code == 200
    counts = lay([{**REPLIES[0], "text": words("Other words", "كلمات أخرى")}, REPLIES[1]])
    assert counts["changed"] == 0
    assert town.get(f"{V1}/reply-templates/done", headers=supervisor).json["text"]["en"] == "Done at last."
    versions = town.get(f"{V1}/reply-templates/done/versions", headers=supervisor).json["items"]
    assert [one["words"]["text"]["en"] for one in versions] == ["Done at last.", TEXT["en"]]
    assert [one["by"] is None for one in versions] == [False, True]
    assert lay(REPLIES[:1])["retired"] == 1
    assert town.get(f"{V1}/reply-templates/lamps", headers=supervisor).json["retired_at"]


def test_a_placeholder_nothing_fills_is_named(town: FlaskClient, supervisor: Headers) -> None:
    odd = {"text": words("Dear {nmae}", "{nmae}")}
    for answer in (
        town.post(f"{V1}/reply-templates", json={**NEW, **odd}, headers=supervisor),
        town.post(f"{V1}/reply-templates/preview", json=odd, headers=supervisor),
        change(town, supervisor, "done", **odd),
    ):
        assert answer.status_code == 422 and answer.json["errors"][0]["pointer"] == "/text"
        assert "nmae" in answer.json["errors"][0]["detail"]
    with pytest.raises(ValueError, match="nmae"), db.transaction() as tx:
        sync(tx, {**PART, "replies": [{**REPLIES[0], **odd}]})
    unknown = town.post(f"{V1}/reply-templates", json={**NEW, "services": ["nothing"]}, headers=supervisor)
    assert unknown.json["errors"][0]["pointer"] == "/services"


def test_a_preview_says_what_people_would_read(town: FlaskClient, reviewer: Headers) -> None:
    shown = town.post(f"{V1}/reply-templates/preview", json={"text": TEXT}, headers=reviewer).json["text"]
    assert "Maryam Ahmed" in shown["en"] and "مريم أحمد" in shown["ar"] and "{" not in shown["en"]


def test_words_in_one_language_are_shown_and_kept_in_it(town: FlaskClient, supervisor: Headers) -> None:
    one = {"text": {"ar": TEXT["ar"]}}
    shown = town.post(f"{V1}/reply-templates/preview", json=one, headers=supervisor)
    assert (shown.status_code, shown.json["text"]["en"]) == (200, None)
    assert town.post(f"{V1}/reply-templates", json={**NEW, **one}, headers=supervisor).status_code == 201


def test_supervisors_keep_them_once_and_on_what_they_read(
    town: FlaskClient, reviewer: Headers, supervisor: Headers
) -> None:
    assert town.post(f"{V1}/reply-templates", json=NEW, headers=reviewer).status_code == 403
    assert town.post(f"{V1}/reply-templates", json=NEW, headers=supervisor).status_code == 201
    again = town.post(f"{V1}/reply-templates", json=NEW, headers=supervisor)
    assert (again.status_code, again.json["type"]) == (409, "/problems/reply-there")
    tag = town.get(f"{V1}/reply-templates/sorry", headers=supervisor).headers["ETag"]
    assert change(town, supervisor, "sorry", retired=True).json["retired_at"]
    stale = {**supervisor, "If-Match": tag}
    assert town.patch(f"{V1}/reply-templates/sorry", json={"retired": False}, headers=stale).status_code == 412
    assert codes(town, supervisor, move="ask") == ["lamps"]
