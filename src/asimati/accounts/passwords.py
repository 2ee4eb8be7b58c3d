"""Which passwords staff may choose: long, and none that has been in every thief's list for years.

By NIST SP 800-63B (5.1.1.2): a length, no rules on kinds of characters, and a look at lists of passwords known to
be broken. The list is the one shipped with zxcvbn (some 30,000, from breaches); the same library finds what is only
a small change of one of them. Words of the house (`staff.password_words`, the governorate's name, roles) and the
member's own name count for nothing: what is left without them must be good by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from zxcvbn import zxcvbn

from asimati.accounts.refusals import OwnWordsPassword, ShortPassword, WeakPassword
from asimati.kit.policy import Role
from asimati.settings import settings

LEAST = 12
STRONG = 3  # of 0 to 4: more than 10^8 guesses
SHORT = 2  # letters of a word that may stand inside another


def require_good(password: str, *about: str) -> None:
    """Raise WeakPassword for a short, known or easily guessed one. `about`: words the member is known by."""
    if len(password) < LEAST:
        raise ShortPassword
    if not _is_strong(password):
        raise WeakPassword
    if not _is_strong(_without([*about, *_of_the_house()], password)):
        raise OwnWordsPassword


def _of_the_house() -> list[str]:
    return [*settings().staff.password_words, *settings().governorate.facts["name"].values(), *Role]


def _without(said: Iterable[str], password: str) -> str:
    """A password without these words, whatever their letters' case."""
    words = {word for text in said for word in re.split(r"[\W_]+", text.casefold()) if len(word) > SHORT}
    found = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.sub(found, "", password.casefold()) if found else password


def _is_strong(password: str) -> bool:
    return bool(password) and zxcvbn(password[:72])["score"] >= STRONG
