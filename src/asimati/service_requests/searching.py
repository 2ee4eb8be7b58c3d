"""Words by which cases are found, in a form that core PostgreSQL can index: prefixes of lexemes in a tsvector.

The text is folded by us, no dictionary of PostgreSQL is asked; an Arabic word is found with and without what is
written onto its front.
"""

from __future__ import annotations

import re
import zlib

from asimati.kit.text import fold

LONGEST = 100  # characters of a word; PostgreSQL refuses lexemes past 2 KB
# The article, alone or behind a conjunction or preposition; two letters at least must remain.
_FRONT = re.compile(r"^(?:وال|بال|كال|فال|ال|لل)(?=\w{2})")
_SAMPLE = "والباب بالباب كالباب فالباب الباب للباب ولباب سالباب"  # with a front, and without


def words(text: str) -> list[str]:
    """The folded words of a text."""
    return [word[:LONGEST] for word in fold(text).split()]


def indexed(text: str, most: int) -> str:
    """The text as it is kept for searching: its words, then the bare forms of those that have a front."""
    found = words(text)
    bare = [_bare(word) for word in found if _bare(word) != word]
    return " ".join(dict.fromkeys([*found, *bare]))[:most].strip()


def edition() -> int:
    """A mark of the rule above (1 to 32,767): whoever changes what it makes of texts changes the mark.

    Rows with another mark are indexed again (`intake.indexing`).
    """
    letters = map(chr, range(0x20, 0x700))  # Latin and Arabic
    made = [*words(" ".join(letters)), *(indexed(word, LONGEST) for word in _SAMPLE.split())]
    return zlib.crc32("\n".join(made).encode()) % 0x7FFF + 1


def prefixed(word: str) -> str:
    """A tsquery for words that begin with this one, or with its bare form."""
    return " | ".join(f"{_quoted(one)}:*" for one in dict.fromkeys([word, _bare(word)]))


def _bare(word: str) -> str:
    return _FRONT.sub("", word)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


EDITION = edition()
