"""The town's services, as a pack would have them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from asimati.kit import clock, db

SAID = {"ar": "تم الإصلاح", "en": "It has been repaired"}

HOLIDAY = {"name": {"ar": "عيد الفطر", "en": "Eid al-Fitr"}, "standing": "provisional"}


def words(english: str, arabic: str) -> dict[str, str]:
    return {"ar": arabic, "en": english}


def service(code: str, title: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "code": code, "kind": "complaint", "domain": "service", "title": title,
        "description": words("Tell us, we see to it.", "أخبرونا ونحن نتابع."), "assurance": "phone",
        "confidential": False, "target": "P5D", "documents": [], "location": "required", "targets": ["11.1"],
        "form": {
            "version": 1,
            "schema": {
                "type": "object", "required": ["text"],
                "properties": {
                    "text": {"type": "string", "minLength": 3, "maxLength": 500},
                    "phone": {"type": "string", "format": "phone"},
                },
            },
            "ui": {"text": {"label": words("What is wrong?", "ما المشكلة؟"), "order": 1}},
        },
        **more,
    }  # fmt: skip


PART: dict[str, Any] = {
    "services": [
        service("street-lamp", words("Street lamp out", "إنارة شارع معطلة")),
        service(
            "idea", words("Suggestion", "اقتراح"), kind="suggestion", assurance="anonymous", location="optional"
        ),
        service(
            "safety", words("Safety concern", "ملاحظة أمنية"), domain="security", confidential=True, target="PT4H"
        ),
        service(
            "certificate", words("Certificate", "شهادة"), kind="request", assurance="advanced", location="none"
        ),
    ],
    "entities": [
        {"code": "works", "name": words("Ministry of Works", "وزارة الأشغال"), "kind": "ministry", "target": "P10D"}
    ],
}


BLOCKS: dict[str, Any] = {
    "blocks": [
        {"number": number, "area": words("Diplomatic Area", "المنطقة الدبلوماسية"), "lat": None, "lon": None}
        for number in ("317", "325")
    ],
    "holidays": [],
}


def filed(service: str = "street-lamp", **more: Any) -> dict[str, Any]:
    """What a resident sends."""
    return {
        "service": service,
        "form_version": 1,
        "answers": {"text": "المصباح أمام المنزل لا يعمل"},
        "location": {"block": "317", "road": "1702", "lat": 26.23, "lon": 50.58},
    } | more


def next_working_days(count: int) -> list[date]:
    """Coming days that are neither Friday nor Saturday."""
    with db.transaction() as tx:
        day, found = clock.local_day(clock.now(tx)), []
    while len(found) < count:
        day += timedelta(days=1)
        if day.weekday() not in (4, 5):
            found.append(day)
    return found
