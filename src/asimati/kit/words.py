"""Interface words in the reader's language. English is the msgid; Arabic stands in `translations/`.

The catalogues are read as they are (PO): nothing has to be compiled before the house stands. Arabic is the default
language, as it is the governorate's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from babel.messages.pofile import read_po

from asimati.kit.text import say

Language = Literal["ar", "en"]
LANGUAGES: tuple[Language, ...] = ("ar", "en")
FOLDER = Path(__file__).resolve().parents[1] / "translations"

_language: ContextVar[Language] = ContextVar("language", default="ar")


class Words(str):
    """A msgid that is put into the reader's language at the moment it is formatted or shown."""

    __slots__ = ()

    def format(self, *args: Any, **facts: Any) -> str:
        return translate(self).format(*args, **facts)


def _(msgid: str) -> Words:
    """Mark words for translation; they are translated when shown, not when the module loads."""
    return Words(msgid)


def language() -> Language:
    """The language of whoever is being answered."""
    return _language.get()


@contextmanager
def use(chosen: str) -> Iterator[None]:
    """Speak this language inside the block; anything but English is Arabic."""
    token = _language.set(as_language(chosen))
    try:
        yield
    finally:
        _language.reset(token)


def as_language(chosen: str | None) -> Language:
    """`en` for English, Arabic for everything else."""
    return "en" if chosen == "en" else "ar"


def translate(msgid: str, into: str | None = None) -> str:
    """The words in a language (the reader's by default); an unknown msgid comes back in English."""
    plain = str.__str__(msgid)
    return plain if (into or language()) == "en" else catalogue().get(plain, plain)


def told(msgid: str, facts: Mapping[str, Any]) -> str:
    """Translated words with facts put in; a fact that is itself bilingual is said in the same language."""
    shown = {key: _shown(value) for key, value in facts.items()}
    return translate(msgid).format(**shown)


def _shown(value: Any) -> Any:
    bilingual = isinstance(value, Mapping) and set(value) <= set(LANGUAGES)
    return say(value, language()) if bilingual else value


@cache
def catalogue() -> Mapping[str, str]:
    """All Arabic words by their English msgid."""
    words: dict[str, str] = {}
    for path in sorted(FOLDER.rglob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="ar"):
                if isinstance(message.id, str) and message.id and message.string:
                    words[message.id] = cast(str, message.string)
    return words
