"""A browser of a member of staff."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from asimati.accounts.actions import create_staff
from asimati.kit import db
from asimati.kit.policy import Role

PASSWORD = "a-long-demo-password-for-tests"
Browser = Callable[..., FlaskClient]


@pytest.fixture
def browser(app: Flask, client: FlaskClient) -> Browser:
    """A browser of a member of staff who has signed in."""

    def opened(role: Role, language: str) -> FlaskClient:
        with db.transaction() as tx:
            create_staff(tx, f"{role}@asimati.example", PASSWORD, {"ar": "موظف", "en": "Staff"}, [role])
        made = app.test_client()
        made.post("/console/language", data={"language": language})
        said = {"email": f"{role}@asimati.example", "password": PASSWORD}
        assert made.post("/console/sign-in", data=said).status_code == 303
        return made

    return opened
