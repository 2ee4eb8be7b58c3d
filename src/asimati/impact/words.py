"""Names of dimensions and of their values, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

DIMENSIONS: Mapping[str, Mapping[str, str]] = {
    "sex": {"ar": "الجنس", "en": "Sex"},
    "age_band": {"ar": "الفئة العمرية", "en": "Age"},
    "disability": {"ar": "الإعاقة", "en": "Disability"},
    "nationality": {"ar": "الجنسية", "en": "Nationality"},
    "area": {"ar": "المنطقة", "en": "Area"},
    "block": {"ar": "المجمع", "en": "Block"},
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "female": {"ar": "أنثى", "en": "Female"},
    "male": {"ar": "ذكر", "en": "Male"},
    "unknown": {"ar": "غير معلوم", "en": "Unknown"},
    "yes": {"ar": "نعم", "en": "Yes"},
    "no": {"ar": "لا", "en": "No"},
    "national": {"ar": "مواطن", "en": "National"},
    "gcc": {"ar": "خليجي", "en": "GCC"},
    "other": {"ar": "أخرى", "en": "Other"},
}


def value_words(value: str, language: str) -> str:
    """A value of a dimension as readers know it; one without words of its own stands as it is."""
    return VALUES.get(value, {}).get(language, value)
