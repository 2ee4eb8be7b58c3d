"""Which language an answer speaks: Accept-Language first, then the person's preference, then Arabic."""

from __future__ import annotations

from flask import request

from asimati.kit import words
from asimati.kit.policy import Actor


def listen() -> None:
    """Take the language the request asks for."""
    words._language.set(words.as_language(_asked()))


def follow(actor: Actor) -> None:
    """Fall back to the preference of a signed-in person when the request names no language."""
    if _asked() is None and actor.id is not None:
        words._language.set(words.as_language(actor.language))


def _asked() -> str | None:
    if "Accept-Language" not in request.headers:
        return None
    return request.accept_languages.best_match(["ar", "en"])
