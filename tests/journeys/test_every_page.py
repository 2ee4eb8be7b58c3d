"""Every page that can be reached by links: no fault of accessibility, nothing broken, light, and only ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.journeys.conftest import Opened

STANDARD = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
ROLES = ("supervisor", "coordinator", "auditor", "admin", "privacy", "integrity")


def kind_of(path: str) -> str:
    """Pages that differ only in the thing they show are one kind."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]{2}-[A-Z0-9-]{4,}|/templates/[^/]+", "*", path)


def walk(page: Page, most: int = 60) -> Iterator[str]:
    """Go through the links from the first page; one page of each kind."""
    waiting, seen = ["/console/"], {"/console/"}
    while waiting and most:
        path = waiting.pop(0)
        answer = page.goto(path)
        most -= 1
        assert answer is not None
        yield path
        links = page.eval_on_selector_all("a[href]:not([download])", "all => all.map(one => one.href)")
        for parts in map(urlsplit, links):
            kind = kind_of(parts.path)
            if parts.path.startswith("/console/") and kind not in seen:
                seen.add(kind)
                waiting.append(parts.path)


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("role", ROLES)
def test_no_page_breaks_a_rule_of_accessibility(signed_in: Opened, house: object, role: str, language: str) -> None:
    house.case()  # type: ignore[attr-defined]
    page = signed_in(role, language)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda fault: wrong.append(f"{page.url}: {fault}"))
    page.on(
        "request", lambda sent: wrong.append(sent.url) if not sent.url.startswith((page_origin, "data:")) else None
    )
    page_origin = f"{urlsplit(page.url).scheme}://{urlsplit(page.url).netloc}"
    axe, seen = Axe(), 0
    for path in walk(page):
        seen += 1
        if page.locator("body[data-mark]").count() == 0:
            continue  # a file to take away
        assert len(page.content()) < 100_000, path
        faults = axe.run(page, options=STANDARD).response["violations"]
        wrong += [
            f"{path}: {fault['id']}: {[node['html'][:160] for node in fault['nodes'][:3]]}" for fault in faults
        ]
    assert not wrong, "\n".join(sorted(set(wrong)))
    assert seen > 5
