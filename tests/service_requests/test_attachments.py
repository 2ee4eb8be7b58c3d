"""Photographs and papers beside a case: who sends them, who sees them, and what the door keeps out."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from asimati.files.models import StoredFile
from asimati.kit import db
from asimati.settings import settings
from tests.files.pictures import PDF, archive, photograph, telephones, with_a_place

Headers = dict[str, str]


@pytest.fixture
def case(resident: Headers, submit: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return submit(resident)


@pytest.fixture
def send(town: FlaskClient, case: dict[str, Any]) -> Callable[..., Any]:
    """Send a file for the case; the whole answer."""

    def go(who: Headers, content: bytes, name: str = "street.jpg", *, staff: bool = False, **more: Any) -> Any:
        headers = who | more.pop("headers", {})
        return town.post(path_of(case, staff), headers=headers, data={"file": (io.BytesIO(content), name), **more})

    return go


def path_of(case: dict[str, Any], staff: bool = False, file: str = "") -> str:
    return (
        f"/api/v1{'/staff' if staff else ''}/service-requests/{case['reference']}/attachments{file and '/'}{file}"
    )


@pytest.mark.parametrize(("content", "name"), [(with_a_place(), "الحفرة.JPG"), (telephones(), "الحفرة.HEIC")])
def test_a_photograph_goes_round(
    town: FlaskClient, case: dict[str, Any], resident: Headers, reviewer: Headers, send: Callable[..., Any],
    content: bytes, name: str,
) -> None:  # fmt: skip
    answer = send(resident, content, name)
    assert answer.status_code == 201, answer.text
    file = answer.json
    assert (file["name"], file["media_type"], file["status"]) == ("الحفرة.jpg", "image/jpeg", "ready")
    assert town.get(path_of(case), headers=resident).json["items"] == [file]
    for who, staff in ((resident, False), (reviewer, True)):
        read = town.get(path_of(case, staff, file["id"]), headers=who)
        assert read.status_code == 200
        assert len(read.data) == file["size"]
        assert b"Camera" not in read.data
        assert read.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in read.headers["Content-Security-Policy"]
        assert read.headers["Content-Disposition"].startswith("inline")
        assert read.headers["Cache-Control"] == "private, no-store"
    lines = town.get("/api/v1/me/access-log", headers=resident).json["items"]
    assert [line["action"] for line in lines] == ["service_request.opened"]


def test_a_pdf_is_kept_byte_for_byte_and_only_ever_a_download(
    town: FlaskClient, case: dict[str, Any], resident: Headers, send: Callable[..., Any]
) -> None:
    file = send(resident, PDF, "paper").json
    read = town.get(path_of(case, file=file["id"]), headers=resident)
    assert read.data == PDF
    assert read.headers["Content-Disposition"].startswith("attachment")


def test_for_others_a_file_is_not_there(
    town: FlaskClient, case: dict[str, Any], resident: Headers, send: Callable[..., Any],
    as_resident: Callable[..., Headers], submit: Callable[..., dict[str, Any]],
) -> None:  # fmt: skip
    file = send(resident, photograph()).json["id"]
    other = as_resident()
    assert town.get(path_of(case, file=file), headers=other).status_code == 404
    assert town.get(path_of(case), headers=other).status_code == 404
    assert send(other, photograph()).status_code == 404
    theirs = submit(other)
    assert town.get(path_of(theirs, file=file), headers=other).status_code == 404, "nor by way of another case"


def test_what_staff_keep_for_themselves_the_resident_does_not_see(
    town: FlaskClient, case: dict[str, Any], resident: Headers, reviewer: Headers, send: Callable[..., Any]
) -> None:
    inside = send(reviewer, PDF, staff=True).json
    shown = send(reviewer, PDF, staff=True, internal="false").json
    assert (inside["internal"], shown["internal"]) == (True, False)
    assert [file["id"] for file in town.get(path_of(case), headers=resident).json["items"]] == [shown["id"]]
    assert town.get(path_of(case, file=inside["id"]), headers=resident).status_code == 404
    assert len(town.get(path_of(case, True), headers=reviewer).json["items"]) == 2


@pytest.mark.parametrize(
    ("content", "status", "slug"),
    [
        (b"\0" * 30_000_000, 413, "too-large"),
        (archive(), 415, "file-type-refused"),
        (photograph() + archive(), 422, "file-unreadable"),
        (b"<html></html>", 415, "file-type-refused"),
        (b"", 415, "file-type-refused"),
    ],
)
def test_what_is_no_photograph_and_no_paper_is_refused(
    resident: Headers, send: Callable[..., Any], content: bytes, status: int, slug: str
) -> None:
    answer = send(resident, content)
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}"), answer.text
    assert answer.json["title"]


def test_a_refusal_speaks_the_readers_language(resident: Headers, send: Callable[..., Any]) -> None:
    answer = send(resident, b"no", headers={"Accept-Language": "ar"})
    assert "الملفات" in answer.json["title"]


def test_thirty_megabytes_in_pieces_are_turned_away_without_being_held_in_memory(
    app: Flask, town: FlaskClient, case: dict[str, Any], resident: Headers
) -> None:
    """No Content-Length, as a client that streams sends it."""

    class Stream(io.RawIOBase):
        left, head = 30_000_000, b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            piece = self.head or b"\0" * min(len(buffer), self.left)
            piece, self.head = piece[: len(buffer)], b""
            self.left -= len(piece)
            buffer[: len(piece)] = piece
            return len(piece)

    stream = Stream()
    tracemalloc.start()
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    kind = "multipart/form-data; boundary=x"
    answer = town.post(path_of(case), headers=resident, content_type=kind, environ_overrides=environ)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 413, answer.text
    assert stream.left > 15_000_000, "the rest was not even read"
    assert peak < 8_000_000


def test_other_content_types_and_other_fields_are_refused(
    town: FlaskClient, case: dict[str, Any], resident: Headers, send: Callable[..., Any]
) -> None:
    assert town.post(path_of(case), headers=resident, json={"file": "x"}).status_code == 415
    strange = send(resident, photograph(), other="1")
    assert (strange.status_code, strange.json["errors"][0]["pointer"]) == (422, "/other")
    nothing = town.post(
        path_of(case), headers=resident, data={"internal": "true"}, content_type="multipart/form-data"
    )
    assert (nothing.status_code, nothing.json["errors"][0]["pointer"]) == (422, "/file")
    odd = send(resident, photograph(), internal="perhaps")
    assert odd.status_code in (201, 422)
    two = [(io.BytesIO(photograph()), "a.jpg"), (io.BytesIO(photograph()), "b.jpg")]
    assert town.post(path_of(case), headers=resident, data={"file": two}).status_code == 422


def test_the_same_key_keeps_one_file(resident: Headers, send: Callable[..., Any]) -> None:
    key = {"Idempotency-Key": "photo-1"}
    first, again = (send(resident, photograph(), headers=key) for _ in range(2))
    assert first.json == again.json and again.headers["Idempotency-Replayed"] == "true"
    other = send(resident, photograph("PNG"), headers=key)
    assert other.json["type"] == "/problems/idempotency-key-reused"
    with db.transaction() as tx:
        assert tx.scalar(select(func.count()).select_from(StoredFile)) == 1


def test_of_many_at_once_no_more_are_kept_than_allowed(
    app: Flask, case: dict[str, Any], resident: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings().files, "each", 3)
    start = Barrier(8)

    def send(_: int) -> int:
        start.wait()
        data = {"file": (io.BytesIO(photograph()), "a.jpg")}
        return app.test_client().post(path_of(case), headers=resident, data=data).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(send, range(8)))
    assert answers == [201] * 3 + [409] * 5


def test_one_takes_back_what_one_sent_and_nothing_else(
    town: FlaskClient, case: dict[str, Any], resident: Headers, reviewer: Headers, send: Callable[..., Any]
) -> None:
    mine, theirs = (
        send(resident, photograph()).json["id"],
        send(reviewer, PDF, staff=True, internal="false").json["id"],
    )
    assert town.delete(path_of(case, file=theirs), headers=resident).status_code == 403
    assert town.delete(path_of(case, True, mine), headers=reviewer).status_code == 403
    assert town.delete(path_of(case, file=mine), headers=resident).status_code == 204
    assert town.get(path_of(case, file=mine), headers=resident).status_code == 404


def test_a_closed_case_takes_no_more_from_its_resident(
    town: FlaskClient, case: dict[str, Any], resident: Headers, reviewer: Headers, send: Callable[..., Any]
) -> None:
    withdrawn = f"/api/v1/service-requests/{case['reference']}/withdraw"
    assert town.post(withdrawn, headers=resident, json={}).status_code == 200
    assert send(resident, photograph()).json["type"] == "/problems/case-is-closed"
    assert send(reviewer, PDF, staff=True).status_code == 201


def test_the_openapi_document_says_what_to_send(town: FlaskClient) -> None:
    path = town.get("/api/openapi.json").json["paths"]["/api/v1/service-requests/{reference}/attachments"]
    body = path["post"]["requestBody"]["content"]
    assert list(body) == ["multipart/form-data"]
    assert {"413", "415", "409", "422"} <= set(path["post"]["responses"])
    assert json.dumps(body)
