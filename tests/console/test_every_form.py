"""Every form of every page, sent as it stands: whoever presses a button is answered in words.

The demonstration, each of its roles in turn. A form is filled in as its fields ask; what the API refuses must
come back as a page that says why, and nothing may break.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from asimati import pack
from asimati.kit.db import transaction
from asimati.seed import PASSWORD, seed
from asimati.settings import settings

ROLES = ("auditor", "integrity", "privacy", "coordinator", "reviewer", "supervisor", "admin")
NOT_PRESSED = ("/console/sign-out", "/console/language", "/console/me/sessions")  # whoever presses is gone
FILLED = {
    "email": "somebody@asimati.example", "tel": "33112233", "number": "3", "date": "2026-12-15", "time": "09:00",
    "datetime-local": "2026-12-15T09:00", "url": "https://asimati.example/", "month": "2026-11",
}  # fmt: skip
Form = html.FormElement


def kind_of(path: str) -> str:
    """Pages and forms that differ only in the thing they are about are one kind."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]{2}-[A-Z0-9-]{4,}|/templates/[^/]+", "*", path)


def walk(browser: FlaskClient) -> Iterator[tuple[str, html.HtmlElement]]:
    """One page of each kind that links lead to."""
    waiting, seen = ["/console/"], {"/console/"}
    while waiting:
        path = waiting.pop(0)
        answer = browser.get(path)
        assert answer.status_code < 500, path
        if answer.mimetype != "text/html" or answer.status_code >= 300:
            continue
        page = html.document_fromstring(answer.get_data(as_text=True))
        yield path, page
        for href in page.xpath("//a[@href][not(@download)]/@href"):
            there = urlsplit(href)
            if there.path.startswith("/console/") and (kind := kind_of(there.path)) not in seen:
                seen.add(kind)
                waiting.append(href.partition("#")[0])


def filled(form: Form) -> dict[str, list[str]]:
    """What a browser would send, with something in every field that must not be empty."""
    said: dict[str, list[str]] = {}
    for name, value in form.form_values():
        said.setdefault(name, []).append(value)
    for field in form.xpath(".//input[@required] | .//textarea[@required]"):
        if field.get("type") in ("checkbox", "radio", "file", "hidden"):
            continue
        if not (field.get("value") or field.text):
            said[field.get("name")] = [FILLED.get(field.get("type", "text"), "نص يكتبه الموظف المسؤول")]
    return said


def pressed(form: Form) -> Iterator[tuple[str, str] | None]:
    """Each button a form is sent with."""
    named = [(one.get("name"), one.get("value", "")) for one in form.xpath(".//button[not(@type='button')][@name]")]
    yield from named or [None]


def said_in_words(browser: FlaskClient, answer: TestResponse) -> bool:
    """Whether the answer is a file, a page of ours, or leads to one; a refusal says why."""
    if answer.status_code in (302, 303):
        there = browser.get(answer.headers["Location"])
        return there.status_code < 500
    if answer.mimetype != "text/html":
        return answer.status_code == 200
    page = html.document_fromstring(answer.get_data(as_text=True))
    why = page.xpath("//*[contains(@class, 'refused')]")
    return answer.status_code == 200 or any(part.text_content().strip() for part in why)


def signed_in(app: Flask, name: str) -> FlaskClient:
    browser = app.test_client()
    answer = browser.post("/console/sign-in", data={"email": f"{name}@asimati.example", "password": PASSWORD})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return browser


def test_every_form_of_every_role_is_answered_in_words(app: Flask, clean: str) -> None:
    with transaction() as tx:
        pack.sync(tx, pack.load(settings().governorate.folder))
    seed()
    wrong, sent = [], set()
    for role in ROLES:
        browser = signed_in(app, role)
        pages = list(walk(browser))
        for path, page in pages:
            for form in page.forms:
                action = urlsplit(form.get("action") or path).path
                if form.method != "POST" or action.startswith(NOT_PRESSED):
                    continue
                for button in pressed(form):
                    if (key := (kind_of(action), button)) in sent:
                        continue
                    sent.add(key)
                    data = filled(form) | ({button[0]: [button[1]]} if button else {})
                    answer = browser.post(form.get("action") or path, data=data)
                    if answer.status_code >= 500 or not said_in_words(browser, answer):
                        wrong.append(f"{role} {path} → {action} {button}: {answer.status_code}")
                    if browser.get("/console/").status_code != 200:
                        browser = signed_in(app, role)
    assert not wrong, "\n".join(wrong)
    assert len(sent) > 60
