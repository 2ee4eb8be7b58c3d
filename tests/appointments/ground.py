"""The desks of the tests, as a pack would have them: open whenever the office is."""

from __future__ import annotations

from typing import Any

V1 = "/api/v1"
Headers = dict[str, str]
ALWAYS = dict.fromkeys(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), "00:00-24:00")


def words(english: str, arabic: str) -> dict[str, str]:
    return {"ar": arabic, "en": english}


def desk(code: str, services: dict[str, int], **more: Any) -> dict[str, Any]:
    return {
        "code": code, "kind": "counter", "title": words(f"Desk {code}", f"شباك {code}"),
        "place": words("Ground floor", "الدور الأرضي"), "step": 15, "hours": ALWAYS, "priority": {},
        "services": services, **more,
    }  # fmt: skip


PART: dict[str, Any] = {
    "services": [
        {"code": code, "title": words(code.title(), "خدمة"), "targets": ["16.6"]}
        for code in ("help", "permit", "first", "review")
    ],
    "desks": [
        desk("one", {"help": 15, "permit": 30}),
        desk("two", {"help": 15}),
        desk("kept", {"first": 15}, priority=ALWAYS),
        desk("officer", {"review": 60}, kind="officer", step=30),
    ],
}
