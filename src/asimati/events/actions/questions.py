"""What an event asks those who book."""

from __future__ import annotations

from typing import Any

from asimati.kit import forms
from asimati.kit.errors import Invalid
from asimati.kit.words import _


def answered(questions: dict[str, Any] | None, answers: dict[str, Any] | None) -> dict[str, Any] | None:
    """The answers to an event's questions (a form whose `ui` gives its labels), tidied. Raises Invalid."""
    if questions is None:
        if answers:
            raise Invalid([("/answers", _("This event asks nothing."))])
        return None
    tidied = forms.tidy(questions, answers or {})
    if wrong := forms.faults(forms.closed(questions), tidied, questions.get("ui")):
        raise Invalid(wrong)
    return tidied
