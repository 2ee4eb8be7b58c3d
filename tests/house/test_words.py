"""Both languages are complete: every English word a person may read has its Arabic."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import asimati.app
from asimati.kit.errors import Refusal
from asimati.kit.words import catalogue

IN_TEMPLATES = re.compile(r"""\b_\((["'])(.*?)\1\)""")
SOURCE = Path(asimati.app.__file__).parent


def marked_words() -> Iterator[tuple[str, str]]:
    """Every `_("…")` of the source, with its file."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_" and node.args:
                argument = node.args[0]
                assert isinstance(argument, ast.Constant), f"{path}: words must be written out"
                yield argument.value, path.name
    for path in SOURCE.rglob("templates/*.html"):
        for words in IN_TEMPLATES.findall(path.read_text(encoding="utf-8")):
            yield words[1], path.name


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for one in kind.__subclasses__():
        if one.__module__.startswith("asimati."):
            yield one
        yield from refusals(one)


def test_every_marked_word_has_its_arabic() -> None:
    missing = sorted({f"{file}: {words}" for words, file in marked_words() if words not in catalogue()})
    assert not missing, "\n".join(missing)


def test_every_refusal_is_titled_in_both_languages() -> None:
    missing = [
        one.__name__
        for one in refusals()
        for words in (one.title, one.detail)
        if words and words not in catalogue()
    ]
    assert not missing


# Words that end like "your" (of one man or woman), and ways to tell one man what to do.
OF_ITSELF = re.compile(r"(و|ف)?(ل|ب|ال)?(ذلك|كذلك|هناك|تلك|ترك|يترك|شباك|شبابيك|شريك|فك|يشارك)")
TO_ONE_MAN = re.compile(r"(ثم |أو |^)(اكتب|اختر|أرسل|اذكر|انتظر|حاول|أدخل|راجع|اطلب|ابدأ|أضف|احذف|افتح|حدد|اترك) ")


def test_arabic_speaks_to_women_and_men_alike() -> None:
    """In the plural, or without an address: neither "your" nor an imperative of one man."""
    found = []
    for arabic in catalogue().values():
        plain = re.sub("[\u064b-\u0652]", "", arabic)
        ours = [word for word in re.findall(r"[\u0621-\u064a]+ك\b", plain) if not OF_ITSELF.fullmatch(word)]
        found += [arabic] if ours or TO_ONE_MAN.search(plain) else []
    assert not found, "\n".join(found)


def test_arabic_keeps_the_facts_of_the_english() -> None:
    facts = re.compile(r"{(\w+)}")
    for english, arabic in catalogue().items():
        assert set(facts.findall(english)) == set(facts.findall(arabic)), english


def test_no_two_refusals_share_a_slug() -> None:
    slugs: dict[str, type[Refusal]] = {}
    for one in refusals():
        if "slug" in vars(one):
            assert slugs.setdefault(one.slug, one) is one, (
                f"{one.slug}: {one.__name__} and {slugs[one.slug].__name__}"
            )
