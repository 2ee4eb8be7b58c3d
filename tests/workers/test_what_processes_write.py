"""What people trust us with stands in no log of any process: web, worker, relay, beat, command, PostgreSQL."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from asimati.kit import db
from tests.conftest import HOME
from tests.house.test_no_secrets import SECRETS, every_write_fails
from tests.workers.test_processes import House
from workers.app import app as celery
from workers.listeners import LISTENERS

ROOT = Path(__file__).resolve().parents[2]
V1 = "/api/v1"


@pytest.fixture
def house(clean: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """All processes, telling all they can."""
    from asimati.pack import load, sync
    from asimati.settings import settings

    monkeypatch.setenv("ASIMATI_LOG_LEVEL", "debug")
    monkeypatch.setenv("ASIMATI_PROVIDERS_MAILBOX", "true")
    with db.transaction() as tx:
        sync(tx, load(settings().governorate.folder))
    made = House(tmp_path, clean)
    yield made
    made.close()


@pytest.fixture
def web(house: House) -> httpx.Client:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    house.start(
        "web", "granian", "--interface", "wsgi", "--factory", "asimati.wsgi:create_app", "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--blocking-threads", "2",
    )  # fmt: skip
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20)
    until(lambda: client.get("/healthz").status_code == 200, "the web server answers")
    return client


def until(holds: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(httpx.TransportError):
            if found := holds():
                return found
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def letter_to(phone: str) -> str | None:
    with db.transaction() as tx:
        return tx.scalar(text('SELECT text FROM dev_mail WHERE "to" = :to ORDER BY at DESC LIMIT 1'), {"to": phone})


def command(*words: str) -> str:
    """What a command writes, on both of its ends, and how it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "asimati", *words],
        env=os.environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_no_process_writes_down_what_people_trust_us_with(house: House, web: httpx.Client, tmp_path: Path) -> None:
    of_postgres = HOME / "postgres" / "log"
    before = of_postgres.stat().st_size if of_postgres.exists() else 0
    house.relay()
    house.worker()
    house.beat()
    secrets = dict(SECRETS)

    # A code goes its whole way: web, outbox, relay, broker, worker, provider.
    asked = web.post(f"{V1}/auth/otp", json={"phone": SECRETS["phone"]}).json()
    letter = until(lambda: letter_to(SECRETS["phone"]), "the code arrives")
    secrets["code"] = "".join(filter(str.isdigit, letter))[:6]
    entered = {"challenge_id": asked["challenge_id"], "code": secrets["code"]}
    tokens = web.post(f"{V1}/auth/otp/verify", json=entered).json()
    secrets |= {name: tokens[name] for name in ("access_token", "refresh_token", "device_token")}
    me = {"Authorization": f"Bearer {tokens['access_token']}", "If-Match": "*"}
    said = {"name_ar": SECRETS["name"], "cpr": SECRETS["cpr"], "email": SECRETS["email"]}
    assert web.patch(f"{V1}/me", json=said, headers=me).status_code == 200
    objection = {"kind": "object", "text": SECRETS["words"]}
    assert web.post(f"{V1}/me/data-requests", json=objection, headers=me).status_code == 201

    # Then everything fails, in the web server and in a command, with its rows in the database's mouth.
    with every_write_fails():
        block = {"kind": "block", "text": SECRETS["words"]}
        assert web.post(f"{V1}/me/data-requests", json=block, headers=me).status_code == 500
        names = ("--arabic", SECRETS["name"], "--english", "Canary", "--role", "reviewer")
        told = command("staff", "add", SECRETS["email"], *names)
        assert "broken for a test" in told and "Traceback" in told

    # A delivery fails in the worker, and a task that is no task of ours, arguments and all.
    with db.engine().begin() as connection:
        connection.exec_driver_sql("ALTER TABLE dev_mail ADD CHECK (false) NOT VALID")
    try:
        web.post(f"{V1}/auth/otp", json={"phone": "+97333447799"})
        listener = next(iter(LISTENERS))
        args = [SECRETS["phone"], SECRETS["words"]]
        with celery.connection_for_write(house.redis.broker_url) as broker:
            celery.send_task(listener, args=args, connection=broker, queue="effects")
        until(lambda: "raised unexpected" in (tmp_path / "worker.log").read_text(), "the task fails")
        until(lambda: any("dev_mail_check" in log.read_text() for log in tmp_path.glob("*.log")), "it failed")
    finally:
        with db.engine().begin() as connection:
            connection.exec_driver_sql("ALTER TABLE dev_mail DROP CONSTRAINT dev_mail_check")

    logs = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.rglob("*.log")}
    logs["command"] = told.replace(f"{SECRETS['email']}\n", "")
    assert {"web.log", "worker.log", "relay.log", "beat.log"} <= logs.keys()
    assert "broken for a test" in logs["web.log"]
    if of_postgres.exists():
        logs["postgres"] = of_postgres.read_bytes()[before:].decode(errors="replace")
        assert "broken for a test" in logs["postgres"] and "DETAIL" not in logs["postgres"]
    found = {(log, name) for log, written in logs.items() for name, secret in secrets.items() if secret in written}
    assert not found
