"""The shelf hands out what is less than a second old, to those who are not signed in, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask import Flask

from asimati.http import shelf
from asimati.http.shelf import KEPT, LATEST, Shelf

START = "/api/v1/places/blocks"


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(shelf.time, "monotonic", made.monotonic)
    return made


class Room:
    """An application that counts who reached it."""

    def __init__(self, *, kept: bool = True, status: str = "200 OK") -> None:
        self.asked, self.kept, self.status = 0, kept, status
        self.wait: Callable[[], Any] = lambda: None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked += 1
        told = self.asked
        self.wait()
        if self.kept:
            environ[KEPT].append("/page")
        start(self.status, [("ETag", f'"{told}"'), ("X-Request-ID", "first"), ("Content-Length", "1")])
        return [str(told).encode()]


def get(served: Shelf, path: str = "/page", query: str = "", **more: str) -> tuple[str, bytes, dict[str, str]]:
    said: list[Any] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, **more}
    body = b"".join(served(environ, lambda *given: said.extend(given)))
    return said[0], body, dict(said[1])


def test_the_second_reader_gets_the_same_answer_without_asking(clock: Clock) -> None:
    room = Room()
    served = Shelf(room, 0.4)
    assert [get(served)[1] for _ in range(3)] == [b"1"] * 3
    assert room.asked == 1


def test_each_path_and_question_has_an_answer_of_its_own(clock: Clock) -> None:
    served = Shelf(Room(), 0.4)
    answers = [get(served, *at)[1] for at in (("/page", "a=1"), ("/page", "a=2"), ("/other", "a=1"))]
    assert answers == [b"1", b"2", b"3"]


def test_an_answer_is_renewed_when_its_time_is_over(clock: Clock) -> None:
    served = Shelf(Room(), 0.4)
    get(served)
    clock.at += 0.41
    assert get(served)[1] == b"2"


def test_while_one_reader_renews_the_others_are_not_kept_waiting(clock: Clock) -> None:
    room = Room()
    served = Shelf(room, 0.4)
    get(served)
    clock.at += 0.5
    inside, go = threading.Event(), threading.Event()
    room.wait = lambda: (inside.set(), go.wait(10))
    renewing = threading.Thread(target=get, args=(served,))
    renewing.start()
    inside.wait(10)
    assert get(served)[1] == b"1"
    go.set()
    renewing.join()
    assert get(served)[1] == b"2"


def test_no_answer_is_older_than_the_latest_moment_even_if_nobody_could_renew_it(clock: Clock) -> None:
    room = Room()
    served = Shelf(room, 0.4)
    get(served)
    served._answers["/page", ""].renewing.acquire()  # whoever renews has died
    clock.at += LATEST + 0.001
    assert get(served)[1] == b"2"


@pytest.mark.parametrize("header", ["HTTP_AUTHORIZATION", "HTTP_ORIGIN"])
def test_whoever_is_signed_in_or_comes_from_another_origin_is_answered_afresh(clock: Clock, header: str) -> None:
    served = Shelf(Room(kept=False), 0.4)
    assert [get(served, **{header: "x"})[1] for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize("room", [Room(kept=False), Room(status="503 X"), Room(status="404 NOT FOUND")])
def test_only_good_answers_of_kept_routes_are_kept(clock: Clock, room: Room) -> None:
    served = Shelf(room, 0.4)
    assert [get(served)[1] for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize("asked", ['"1"', 'W/"1"', '"0", "1"', "*"])
def test_who_has_the_answer_already_is_told_so_from_the_first_reader_on(clock: Clock, asked: str) -> None:
    served = Shelf(Room(), 0.4)
    for _ in range(2):
        status, body, headers = get(served, HTTP_IF_NONE_MATCH=asked)
        assert (status, body, headers["ETag"]) == ("304 NOT MODIFIED", b"", '"1"')
        assert "Content-Length" not in headers
    assert get(served, HTTP_IF_NONE_MATCH='"0"')[:2] == ("200 OK", b"1")


def test_every_copy_carries_the_request_id_of_its_own_reader(clock: Clock) -> None:
    served = Shelf(Room(), 0.4)
    get(served)
    assert get(served, HTTP_X_REQUEST_ID="mine")[2]["X-Request-ID"] == "mine"
    assert get(served)[2]["X-Request-ID"] not in ("mine", "first")


def test_the_shelf_does_not_grow_without_end(clock: Clock) -> None:
    served = Shelf(Room(), 0.4)
    for number in range(2500):
        get(served, query=f"q={number}")
    assert len(served._answers) <= 1000


def test_a_change_is_seen_within_a_second_in_every_process(app: Flask, clean: str) -> None:
    from asimati.kit import db
    from asimati.places.sync import sync

    def block(area: str) -> dict[str, Any]:
        return {"number": "317", "area": {"ar": area, "en": area}, "lat": None, "lon": None}

    served = [Shelf(app.wsgi_app, 0.4) for _ in range(2)]  # two processes have a shelf each
    for area in ("Diplomatic Area", "Hoora"):
        with db.transaction() as tx:
            sync(tx, {"blocks": [block(area)], "holidays": []})
        changed_at, seen = time.monotonic(), [False, False]
        while not all(seen):
            assert time.monotonic() - changed_at < 1.0
            for number, one in enumerate(served):
                body = get(one, START, SERVER_NAME="x", SERVER_PORT="80", **{"wsgi.url_scheme": "http"})[1]
                seen[number] = area.encode() in body
