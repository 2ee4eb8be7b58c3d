"""The edge, on a toy room of its own: what every route of the house gets without asking."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Text, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from asimati.http import access, headers, metrics, openapi, problems
from asimati.http.fields import DateTime, Integer, Schema, String
from asimati.http.pages import PageQuery, page_of
from asimati.http.routes import Blueprint
from asimati.kit import db, secrets
from asimati.kit.errors import Conflict, NotFound
from asimati.kit.pages import paginate
from asimati.kit.policy import Actor


class ToyBase(DeclarativeBase):
    """Apart from the house's tables, which other tests create and empty."""


class Note(ToyBase):
    __tablename__ = "toy_note"
    id: Mapped[UUID] = db.primary_id()
    words: Mapped[str] = mapped_column(Text, unique=True)
    stars: Mapped[int] = mapped_column()
    version: Mapped[int] = db.version_column()
    __mapper_args__ = {"version_id_col": version}


class NoteIn(Schema):
    words = String(required=True, min_length=1, max_length=50)
    stars = Integer(min=0, load_default=0)
    at = DateTime()


class NoteOut(Schema):
    id = String()
    words = String()
    stars = Integer()


class Full(Conflict):
    slug = "full"
    title = "The event is full"
    detail = "All {capacity} seats are taken."


class WrongGuess(Conflict):
    slug = "wrong-guess"
    keeps_work = True


blp = Blueprint("toy", __name__, url_prefix="/toy")


@blp.get("/notes", who=access.anyone, query=PageQuery, gives=page_of(NoteOut))
def notes(tx: Any, actor: Actor, query: dict[str, Any]) -> Any:
    return paginate(tx, select(Note), [Note.stars.desc(), Note.id], query["page"])


@blp.post("/notes", who=access.anyone, takes=NoteIn, gives=NoteOut, status=201)
def add(tx: Any, actor: Actor, payload: dict[str, Any]) -> Note:
    if payload["words"] == "full":
        raise Full(capacity=3)
    note = Note(words=payload["words"], stars=payload["stars"])
    tx.add(note)
    if payload["words"] == "guess":
        raise WrongGuess
    if payload["words"] == "accident":
        raise RuntimeError("secret detail")
    return note


@blp.get("/notes/<uuid:note_id>", who=access.anyone, gives=NoteOut, tagged=True)
def note(tx: Any, actor: Actor, note_id: UUID) -> Note:
    found = tx.get(Note, note_id)
    if found is None:
        raise NotFound
    return found


@blp.patch("/notes/<uuid:note_id>", who=access.anyone, takes=NoteIn, gives=NoteOut)
def edit(tx: Any, actor: Actor, payload: dict[str, Any], version: int | None, note_id: UUID) -> Note:
    from asimati.kit.errors import Stale

    found = note(tx, actor, note_id)
    if version is not None and found.version != version:
        raise Stale
    found.words = payload["words"]
    return found


@blp.get("/private", who=access.residents, gives=NoteOut)
def private(tx: Any, actor: Actor) -> dict[str, Any]:
    return {"words": "secret"}


@pytest.fixture(scope="module")
def toy(database: str) -> Iterator[Flask]:
    ToyBase.metadata.drop_all(db.engine())
    with db.engine().begin() as connection:
        ToyBase.metadata.create_all(connection)
    app = Flask("toy", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 4096
    app.extensions[access.EXTENSION] = lambda tx, token: None
    headers.install(app)
    metrics.install(app, dict)
    problems.install(app)
    openapi.install(app).register_blueprint(blp)
    yield app
    ToyBase.metadata.drop_all(db.engine())


@pytest.fixture
def http(toy: Flask, clean: str) -> FlaskClient:
    with db.transaction() as tx:
        tx.execute(text("TRUNCATE toy_note"))
    client = toy.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def count_notes() -> int:
    with db.transaction() as tx:
        return tx.scalar(text("SELECT count(*) FROM toy_note"))


def test_a_write_commits_and_a_refusal_undoes(http: FlaskClient) -> None:
    assert http.post("/toy/notes", json={"words": "one"}).status_code == 201
    answer = http.post("/toy/notes", json={"words": "full"})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert answer.json | {"instance": ""} == {
        "type": "/problems/full", "title": "The event is full", "status": 409,
        "detail": "All 3 seats are taken.", "instance": "", "capacity": 3,
    }  # fmt: skip
    assert count_notes() == 1


def test_a_refusal_that_keeps_its_work_commits_before_it_answers(http: FlaskClient) -> None:
    assert http.post("/toy/notes", json={"words": "guess"}).status_code == 409
    assert count_notes() == 1


def test_a_refusal_that_keeps_its_work_is_replayed_as_the_refusal_it_was(http: FlaskClient) -> None:
    key = {"Idempotency-Key": "guess"}
    first = http.post("/toy/notes", json={"words": "guess"}, headers=key)
    again = http.post("/toy/notes", json={"words": "guess"}, headers=key)
    assert (first.status_code, again.status_code, first.get_data()) == (409, 409, again.get_data())
    assert count_notes() == 1


def test_an_accident_tells_nothing_of_itself(http: FlaskClient) -> None:
    answer = http.post("/toy/notes", json={"words": "accident"})
    assert answer.status_code == 500
    assert "secret" not in answer.get_data(as_text=True)
    assert count_notes() == 0


def test_a_broken_constraint_is_a_conflict_and_no_accident(http: FlaskClient) -> None:
    assert [http.post("/toy/notes", json={"words": "same"}).status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize(
    ("body", "kind", "status", "pointer"),
    [
        (b'{"words": "a\\u0000b"}', "application/json", 422, "/words"),
        (b'{"words": "a\\ud800b"}', "application/json", 422, "/words"),
        (b'{"words": "\\u202eabc"}', "application/json", 422, "/words"),
        (b'{"words": "a", "stars": 1.9}', "application/json", 422, "/stars"),
        (b'{"words": "a", "stars": "1"}', "application/json", 422, "/stars"),
        (b'{"words": "a", "stars": true}', "application/json", 422, "/stars"),
        (b'{"words": "a", "stars": 2147483648}', "application/json", 422, "/stars"),
        (b'{"words": "a", "colour": 1}', "application/json", 422, "/colour"),
        (b'{"words": "a", "at": "0001-01-01T00:00:00+14:00"}', "application/json", 422, "/at"),
        (b'{"words": "a", "at": "2026-01-01T00:00:00"}', "application/json", 422, "/at"),
        (b"[]", "application/json", 422, ""),
        (b'{"words": ', "application/json", 400, None),
        (b'{"words": "a", "words": "b"}', "application/json", 400, None),
        (b"words=a", "application/x-www-form-urlencoded", 415, None),
        (b'{"words": "' + b"a" * 5000 + b'"}', "application/json", 413, None),
    ],
)
def test_hostile_bodies_get_a_clear_problem(
    http: FlaskClient, body: bytes, kind: str, status: int, pointer: str | None
) -> None:
    answer = http.post("/toy/notes", data=body, content_type=kind)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.json
    if pointer is not None:
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert count_notes() == 0


def test_field_errors_speak_the_readers_language(http: FlaskClient) -> None:
    arabic = http.post("/toy/notes", json={}, headers={"Accept-Language": "ar"}).json
    english = http.post("/toy/notes", json={}, headers={"Accept-Language": "en"}).json
    assert english["errors"] == [{"pointer": "/words", "detail": "This is required."}]
    assert arabic["errors"] == [{"pointer": "/words", "detail": "هذا الحقل مطلوب."}]
    assert arabic["title"] == "بعض البيانات تحتاج إلى تصحيح"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/toy/notes", 405),
        ("GET", "/toy/notes/%00", 404),
        ("GET", "/toy/private", 401),
    ],
)
def test_what_is_not_there_or_not_allowed_is_a_problem_document(
    http: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = http.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert ("Allow" in answer.headers) == (status == 405)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_the_same_key_and_body_replays_and_another_body_is_refused(http: FlaskClient) -> None:
    key = {"Idempotency-Key": "k1"}
    first = http.post("/toy/notes", json={"words": "a", "stars": 1}, headers=key)
    again = http.post("/toy/notes", data=b'{"stars":1, "words":"a"}', content_type="application/json", headers=key)
    other = http.post("/toy/notes", json={"words": "b"}, headers=key)
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert first.get_data() == again.get_data()
    assert (other.status_code, other.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert count_notes() == 1


def test_a_refusal_is_remembered_too_and_an_accident_is_not(http: FlaskClient) -> None:
    replays = [
        [
            "Idempotency-Replayed"
            in http.post("/toy/notes", json={"words": words}, headers={"Idempotency-Key": words}).headers
            for _ in range(2)
        ]
        for words in ("full", "accident")
    ]
    assert replays == [[False, True], [False, False]]


def test_an_answer_whose_master_key_is_gone_is_neither_an_accident_nor_given_by_doing_it_twice(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"json": {"words": "a"}, "headers": {"Idempotency-Key": "k1"}}
    assert http.post("/toy/notes", **sent).status_code == 201  # type: ignore[arg-type]
    monkeypatch.setattr(secrets, "_masters", lambda: {2: b"2" * 32})
    secrets._key.cache_clear()
    again = http.post("/toy/notes", **sent)  # type: ignore[arg-type]
    assert (again.status_code, again.json["type"]) == (409, "/problems/answer-unreadable")
    assert again.json["first_status"] == 201 and "201" in again.json["detail"]
    assert count_notes() == 1
    new = http.post("/toy/notes", json={"words": "b"}, headers={"Idempotency-Key": "k2"})
    assert new.status_code == 201


def test_the_same_key_at_the_same_time_waits_then_replays(toy: Flask, http: FlaskClient) -> None:
    answers: list[tuple[int, bool]] = []

    def send() -> None:
        answer = toy.test_client().post("/toy/notes", json={"words": "x"}, headers={"Idempotency-Key": "same"})
        answers.append((answer.status_code, "Idempotency-Replayed" in answer.headers))

    threads = [threading.Thread(target=send) for _ in range(10)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert Counter(answers) == {(201, False): 1, (201, True): 9}
    assert count_notes() == 1


def test_an_edit_needs_the_version_it_read(http: FlaskClient) -> None:
    made = http.post("/toy/notes", json={"words": "a"})
    at = f"/toy/notes/{made.json['id']}"
    read = http.get(at)
    assert http.get(at, headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
    assert {http.get(at, headers={"If-Match": tag}).status_code for tag in ("*", '"0-x"')} == {200}
    assert http.patch(at, json={"words": "b"}).status_code == 428
    fresh = http.patch(at, json={"words": "b"}, headers={"If-Match": read.headers["ETag"]})
    assert fresh.status_code == 200
    assert fresh.headers["ETag"] == http.get(at).headers["ETag"]
    assert http.patch(at, json={"words": "c"}, headers={"If-Match": read.headers["ETag"]}).status_code == 412


def test_pages_follow_each_other_without_gaps_while_rows_arrive(http: FlaskClient) -> None:
    for i in range(7):
        http.post("/toy/notes", json={"words": f"n{i}", "stars": i % 3})
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get("/toy/notes", query_string={"limit": 2, **({"after": cursor} if cursor else {})}).json
        seen += [item["words"] for item in page["items"]]
        cursor = page["next"]
        if len(seen) == 2:  # sorts before the cursor: must not push anything onto the next page twice
            http.post("/toy/notes", json={"words": "late", "stars": 9})
    assert sorted(seen) == [f"n{i}" for i in range(7)]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "after=zzz", "after=W10", "odd=1"]
)
def test_a_wrong_query_is_named(http: FlaskClient, query: str) -> None:
    answer = http.get(f"/toy/notes?{query}")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/" + query.partition("=")[0]


def test_the_request_id_comes_back_and_a_wild_one_is_replaced(http: FlaskClient) -> None:
    assert http.get("/toy/notes", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    assert http.get("/toy/notes", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"] != "a b"


def test_the_document_describes_routes_and_problem_documents(http: FlaskClient) -> None:
    document = http.get("/api/openapi.json").json
    post = document["paths"]["/toy/notes"]["post"]
    assert post["x-who"] == "anyone"
    assert {"201", "400", "401", "409", "413", "415", "422", "429"} <= set(post["responses"])
    assert "application/problem+json" in post["responses"]["409"]["content"]
    default = document["components"]["responses"]["DEFAULT_ERROR"]
    assert list(default["content"]) == ["application/problem+json"]
    assert http.get("/api/docs").status_code == http.get("/api/docs/swagger-ui-bundle.js").status_code == 200
