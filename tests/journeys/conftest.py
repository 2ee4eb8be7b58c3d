"""The running house and a real browser: what people do with the pages, seen as they see it."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PASSWORD = "asimati-demo"
OURS = Path(__file__).parent
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(OURS):
            item.add_marker(pytest.mark.browser)


def chromium() -> str | None:
    """A Chromium of this machine; CHROMIUM names another."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)


class House:
    """A running `asimati up` with its demonstration data, and the API as residents use it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = httpx.Client(base_url=f"{address}/api/v1", timeout=30)
        self._numbers = itertools.count(33900000)

    def resident(self) -> dict[str, str]:
        """A new resident, signed in: the headers to send."""
        answer = httpx.post(f"{self.address}/dev/sign-in", json={"phone": f"+973{next(self._numbers)}"})
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def staff(self, name: str) -> dict[str, str]:
        """A member of the demonstration's staff: the headers to send."""
        email = f"{name}@asimati.example"
        answer = self.client.post("/auth/staff", json={"email": email, "password": PASSWORD})
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def ask(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Any:
        answer = self.client.request(method, path, headers={"Idempotency-Key": uuid4().hex, **headers}, **more)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def colleague(self, *roles: str) -> tuple[str, str]:
        """A new member of staff: the name to sign in by, and the password they chose."""
        name = f"colleague-{next(self._numbers)}"
        said = {
            "email": f"{name}@asimati.example",
            "name": {"ar": "زميلة", "en": "A colleague"},
            "roles": list(roles),
        }
        told = self.ask("POST", "/staff/members", self.staff("admin"), json=said)["password"]
        tokens = self.ask("POST", "/auth/staff", {}, json={"email": said["email"], "password": told})
        chosen = {"current": told, "chosen": "winter harbour lantern 5"}
        own = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert self.client.post("/staff/me/password", headers=own, json=chosen).status_code == 204
        return name, chosen["chosen"]

    def case(self, details: str = "حفرة كبيرة أمام المدرسة") -> str:
        """A case a new resident files; its reference."""
        said = {"service": "road-damage", "form_version": 1, "location": {"block": "317"}}
        answers = {"kind": "pothole", "details": details}
        made = self.ask("POST", "/service-requests", self.resident(), json={**said, "answers": answers})
        return str(made["reference"])


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    home = Path(tempfile.mkdtemp(prefix="asimati-journeys-"))
    home.chmod(0o711)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    plain = {key: value for key, value in os.environ.items() if not key.startswith("ASIMATI_")}
    environment = plain | {"ASIMATI_HOME": str(home), "ASIMATI_PORT": str(port)}
    with (home / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "asimati", "up"], env=environment, stdout=said, stderr=said
        )
    try:
        _wait_until_ready(home / "said", process)
        yield House(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _wait_until_ready(said: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 180
    while "Ready in" not in said.read_text():
        assert process.poll() is None and time.monotonic() < until, said.read_text()
        time.sleep(0.2)


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    found = chromium()
    if found is None:
        pytest.skip("no Chromium on this machine; install one, or name it by CHROMIUM=/path")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


def sign_in(context: BrowserContext, name: str, language: str, password: str = PASSWORD) -> Page:
    """A page of a member of staff who has signed in by the form."""
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto("/console/sign-in")
    if page.locator("html").get_attribute("lang") != language:
        page.locator("button[name=language]").click()
    page.fill("#email", f"{name}@asimati.example")
    page.fill("#password", password)
    page.locator("main form button").first.click()
    page.wait_for_url("**/console/")
    return page


Opened = Callable[..., Page]


@pytest.fixture
def signed_in(house: House, chrome: Browser) -> Iterator[Opened]:
    """A page of a member of staff who has signed in by the form, in the language asked for."""
    contexts: list[BrowserContext] = []

    def open_page(name: str, language: str = "ar", password: str = PASSWORD, **options: Any) -> Page:
        size = {"width": 1280, "height": 900}
        context = chrome.new_context(base_url=house.address, viewport=size, **options)
        contexts.append(context)
        return sign_in(context, name, language, password)

    yield open_page
    for context in contexts:
        context.close()
