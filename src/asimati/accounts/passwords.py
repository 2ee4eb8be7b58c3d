"""Which passwords staff may choose: long, and none that has been in every thief's list for years.

By NIST SP 800-63B (5.1.1.2): a length, no rules on kinds of characters, and a look at lists of passwords known to
be broken. The list is the one shipped with zxcvbn (some 30,000, from breaches); the same library finds what is only
a small change of one of them, or of the member's own name.
"""

from __future__ import annotations

from zxcvbn import zxcvbn

from asimati.accounts.refusals import WeakPassword

LEAST = 12
STRONG = 3  # of 0 to 4: more than 10^8 guesses


def require_good(password: str, *about: str) -> None:
    """Raise WeakPassword for a short, known or easily guessed one. `about`: words the member is known by."""
    if len(password) < LEAST or zxcvbn(password[:72], user_inputs=list(about))["score"] < STRONG:
        raise WeakPassword
