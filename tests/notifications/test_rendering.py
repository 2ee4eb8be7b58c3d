"""Words of templates: both languages, local times, Western digits."""

from __future__ import annotations

from datetime import UTC, date, datetime

from asimati.notifications.rendering import fields_of, render, shown


def test_a_template_is_filled_in_both_languages() -> None:
    words = render({"ar": "حجزكم {reference} في {title}", "en": "{reference} for {title}"}, {
        "reference": "BK-7K3M9QWZ", "title": {"ar": "ورشة", "en": "Workshop"},
    })  # fmt: skip
    assert words == {"ar": "حجزكم \u2068BK-7K3M9QWZ\u2069 في ورشة", "en": "BK-7K3M9QWZ for Workshop"}


def test_times_are_the_governorates_and_digits_western() -> None:
    moment = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)
    assert shown(moment, "en") == "Tuesday 24 November 2026, 00:30"
    assert shown(moment, "ar") == "الثلاثاء 24 نوفمبر 2026، 00:30"
    assert shown(date(2026, 11, 23), "ar") == "الاثنين 23 نوفمبر 2026"


def test_what_is_not_known_is_left_empty_and_what_is_said_is_not_run() -> None:
    assert render({"ar": "{x}", "en": "{x.__class__} {note} {x}"}, {"x": "{note}"})["en"] == "{x.__class__}  {note}"
    assert fields_of({"ar": "{a}", "en": "{b} {a}"}) == {"a", "b"}
