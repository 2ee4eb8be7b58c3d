"""A client library as a registry publishes it lists our services and files a request; not a line of it is changed.

`three` is the Open311 client of Code for America. It is as old as the standard: it was written for Python 2, whose
`itertools.ifilter` it wants, so that name is there while it is imported. requirements/clients.txt pins its archive.
"""

from __future__ import annotations

import importlib
import io
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from tests.files.pictures import photograph
from tests.open311.conftest import V2

CLIENTS = Path(__file__).parents[2] / ".venv" / "clients"


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library, from the folder it is installed into."""
    assert (CLIENTS / "three").is_dir(), "the client is not installed: rm .venv/stamp; make setup"
    monkeypatch.syspath_prepend(str(CLIENTS))
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    return importlib.import_module("three")


@pytest.fixture
def city(app: Flask, town: FlaskClient, key: str, three: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client, turned to our own address: the house answers it on a socket, as it would a stranger."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield three.Three(f"http://127.0.0.1:{server.server_port}{V2}", api_key=key)
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_lists_the_services_and_what_each_asks(city: Any) -> None:
    found = {one["service_code"]: one for one in city.services()}
    assert {"light", "street-lamp"} <= found.keys() and "safety" not in found
    assert found["light"]["metadata"] is True
    asked = {one["code"] for one in city.services("light")["attributes"]}
    assert {"fault", "details"} <= asked


def test_it_files_a_request_and_finds_it_again(city: Any) -> None:
    said = {
        "address": "Road 1702, Block 317", "name": "Zainab Isa", "phone": "33001122",
        "description": "The lamp before the school is out", "attribute[fault]": "out",
    }  # fmt: skip
    (made,) = city.post("light", **said)
    number = made["service_request_id"]
    (found,) = city.request(number)
    assert (found["service_code"], found["status"]) == ("light", "open")
    assert number in {one["service_request_id"] for one in city.requests("light", status="open", count=50)}
    with_picture = city.post("light", media=io.BytesIO(photograph()), **said)
    assert with_picture[0]["service_request_id"] != number


def test_what_we_refuse_it_can_read(city: Any) -> None:
    """An answer of the standard's own shape: the client turns it into data and not into an exception."""
    assert city.post("nothing", address="Block 317", description="?")[0]["code"] in (400, 404)
    (refused,) = city.post("light", api_key="wrong", address="Block 317", description="The lamp is out")
    assert refused["code"] in (401, 403)
