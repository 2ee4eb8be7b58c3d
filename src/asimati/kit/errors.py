"""Refusals: what went wrong, in meaning. `http/problems.py` gives each its status and its document.

A feature subclasses the kind that fits and says its slug, its title and a sentence whose `{facts}` are filled in.
Title and sentence are English msgids; both languages must exist (a house test looks).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asimati.kit.words import _


class Refusal(Exception):
    """Something that cannot be done, said to the person who asked. Facts travel in the problem document."""

    slug = "refused"
    title = _("This cannot be done")
    detail = ""
    says: Mapping[str, str] = {}  # its facts, and what they mean: the OpenAPI document tells whoever writes an app
    # True: what was written before stays (a counted wrong guess); the edge commits, then answers.
    keeps_work = False
    # True: it stands in the log, because it may be somebody who tries.
    noted = False

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.slug)
        self.facts = facts


class Malformed(Refusal):
    slug = "malformed"
    title = _("The request could not be read")
    detail = _("The body is not valid JSON.")


class Invalid(Refusal):
    """Some fields are wrong: `errors` pairs a JSON pointer with words for people."""

    slug = "invalid"
    title = _("Some answers need correcting")

    def __init__(self, errors: Sequence[tuple[str, str]], **facts: Any) -> None:
        super().__init__(**facts)
        self.errors = list(errors)


class Unauthenticated(Refusal):
    slug = "unauthenticated"
    title = _("Please sign in")
    detail = _("This needs a valid access token.")


class Forbidden(Refusal):
    slug = "forbidden"
    title = _("You may not do this")
    detail = _("Your role does not allow it.")
    says = {"deed": "what was not allowed"}


class NotFound(Refusal):
    """It does not exist, or it belongs to someone else: the asker cannot tell which."""

    slug = "not-found"
    title = _("Not found")
    detail = _("There is nothing here by that name.")


class Gone(Refusal):
    slug = "gone"
    title = _("No longer available")


class Conflict(Refusal):
    slug = "conflict"
    title = _("This does not fit the present state")


class IllegalMove(Conflict):
    """A step the table of moves does not have."""

    slug = "illegal-move"
    title = _("This step is not possible now")
    detail = _("The possible steps are listed.")
    says = {"legal": "the moves that are possible", "current": "where it stands", "move": "what was tried"}


class Stale(Refusal):
    slug = "stale"
    title = _("It has changed meanwhile")
    detail = _("Someone changed this after you read it. Read it again, then repeat your change.")


class MatchRequired(Refusal):
    slug = "if-match-required"
    title = _("Say which version you are changing")
    detail = _("Send the ETag of what you read in an If-Match header.")


class TooMany(Refusal):
    slug = "too-many"
    title = _("Too many requests")
    detail = _("Please wait {retry_after} seconds, then try again.")
    says = {"retry_after": "seconds to wait"}

    def __init__(self, *, retry_after: int, **facts: Any) -> None:
        super().__init__(retry_after=max(1, retry_after), **facts)


class Unavailable(Refusal):
    slug = "unavailable"
    title = _("Not available for the moment")
    detail = _("Nothing was lost; please try again shortly.")
