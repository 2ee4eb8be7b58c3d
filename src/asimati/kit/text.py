"""Text for people and from people: two languages, many digits, one form for searching."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

BOTH = ("ar", "en")

# What search treats as one letter, after compatibility forms are resolved and marks removed: so أ إ آ are
# already ا, and ؤ ئ already و ي. Ta-marbuta, alef-maqsura and tatweel as Lucene's ArabicNormalizer has them;
# wasla, the Persian and Urdu shapes of the same letters, and the lone hamza that everyday writing leaves out
# (شي for شيء) are ours.
_FOLDED = str.maketrans({
    "ٱ": "ا", "ى": "ي", "ی": "ي", "ے": "ي", "ې": "ي", "ة": "ه", "ۃ": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه",
    "ک": "ك", "ڪ": "ك", "ء": None, "ـ": None,
})  # fmt: skip

_UNCLEAN = re.compile(
    r"(?P<nul>\x00)|(?P<surrogate>[\ud800-\udfff])"
    r"|(?P<control>[\x01-\x08\x0b-\x1f\x7f-\x9f])|(?P<bidi_override>[\u202a-\u202e])"
)

# 3GPP TS 23.038, 6.2.1: the default alphabet, and its extension, whose characters take two places.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")


class UnfitText(ValueError):
    """Text that may not be stored. `reason` says why in a word; the text itself is not repeated."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def say(text: Mapping[str, str | None] | None, language: str) -> str:
    """Bilingual text in a language; in the other one if it is missing; empty if there is none."""
    if text is None:
        return ""
    candidates = (text.get(language), *text.values())
    return next((words for words in candidates if words and words.strip()), "")


def is_complete(text: Mapping[str, str | None] | None) -> bool:
    """Whether both languages are there: what the publish gate asks."""
    return text is not None and all((text.get(language) or "").strip() for language in BOTH)


def isolate(text: str) -> str:
    """Text that keeps its own direction inside a sentence of the other: U+2068 … U+2069 (Unicode UAX 9)."""
    return f"\u2068{text}\u2069"


def western_digits(text: str) -> str:
    """The same text with the decimal digits of every script (Arabic-Indic, Persian, …) written 0 to 9."""
    return "".join(str(unicodedata.decimal(char, char)) for char in text)


def fold(text: str) -> str:
    """The form in which text is searched: one for all spellings of a word; for comparing, never for showing.

    Compatibility forms and case are resolved (NFKD, Unicode 3.13), marks (harakat, hamza above, accents),
    invisible characters and tatweel removed, look-alike letters made one, digits Western, white space single.
    Folding what is folded changes nothing.
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", " ".join(western_digits(kept.translate(_FOLDED)).split()))


def clean(text: str) -> str:
    """Text fit to be stored: NFC, its lines ended by a newline alone (web forms send CR LF).

    Raises UnfitText with reason `nul`, `surrogate`, `control` (C0 and C1 but newline and tab) or
    `bidi_override` (U+202A to U+202E, which can make text read as what it is not; isolates are allowed).
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _UNCLEAN.search(text):
        raise UnfitText(found.lastgroup or "control")
    return unicodedata.normalize("NFC", text)


def cpr(text: str) -> str:
    """A personal number as nine Western digits; spaces, hyphens and invisible marks are dropped.

    It is text: leading zeros are real. There is no public check digit and not every number begins with a
    birth month, so nothing more is asked of it. Raises UnfitText with reason `cpr`.
    """
    shown = "".join(c for c in western_digits(text) if unicodedata.category(c) not in ("Cf", "Pd"))
    bare = "".join(shown.split())
    if not re.fullmatch(r"[0-9]{9}", bare):
        raise UnfitText("cpr")
    return bare


def sms_segments(text: str) -> int:
    """How many parts a text message takes (3GPP TS 23.038 and 23.040): 0 for empty text.

    In the GSM alphabet 160 places alone or 153 a part; anything else, Arabic above all, is UCS-2: 70 or 67.
    No character is cut in two, so one of two places may leave the last place of a part empty.
    """
    gsm = all(char in _GSM or char in _GSM_EXTENSION for char in text)
    alone, part = (160, 153) if gsm else (70, 67)
    sizes = [1 + (char in _GSM_EXTENSION if gsm else char > "\uffff") for char in text]
    if sum(sizes) <= alone:
        return min(1, len(sizes))
    parts, used = 1, 0
    for size in sizes:
        if used + size > part:
            parts, used = parts + 1, 0
        used += size
    return parts
