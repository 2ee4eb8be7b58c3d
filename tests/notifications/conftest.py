"""People to write to, providers that do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from asimati.kit import outbox
from asimati.notifications import channels, codes, recipients, sending
from asimati.notifications.channels import Letter, Outcome, Receipt
from tests.notifications.letters import ParcelCame, ask, lay_templates


@pytest.fixture
def resident(client: FlaskClient, as_resident: Callable[..., dict[str, str]]) -> SimpleNamespace:
    """A resident with a phone; `headers` to come in with, `id` to be written to."""
    headers = as_resident("+97333000111")
    return SimpleNamespace(id=ask("SELECT id FROM person ORDER BY number DESC LIMIT 1")[0][0], headers=headers)


@pytest.fixture
def ground(clean: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(outbox.TOPICS, ParcelCame.topic, ParcelCame)
    lay_templates()
    yield


class Provider:
    """Answers with what is in `answers`, then SENT; keeps every letter."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.letters: list[Letter] = []

    def __call__(self, letter: Letter) -> Receipt:
        self.letters.append(letter)
        answer = self.answers.pop(0) if self.answers else Outcome.SENT
        if isinstance(answer, BaseException):
            raise answer
        return Receipt(answer, "provider-1" if answer is Outcome.SENT else None)

    @property
    def as_provider(self) -> channels.Provider:
        return channels.Provider("first", self)


def use(monkeypatch: pytest.MonkeyPatch, by_channel: dict[str, list[channels.Provider]]) -> None:
    """These providers and no others."""
    for module in (channels, codes, recipients, sending):
        monkeypatch.setattr(module, "providers", lambda channel: by_channel.get(channel, []))


@pytest.fixture
def provider(ground: None, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """One provider for SMS; nobody for the other channels."""
    made = Provider()

    use(monkeypatch, {"sms": [made.as_provider]})
    return made


@pytest.fixture
def status_of(ground: None) -> Callable[[UUID], str]:
    return lambda person: ask(
        "SELECT status FROM notification WHERE person = :person AND channel = 'sms'", person=person
    )[0][0]
