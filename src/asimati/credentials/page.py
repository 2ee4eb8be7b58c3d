"""The public page of a credential: for whoever scans the code on a certificate with a telephone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any

from asimati.kit import clock
from asimati.kit.words import _, translate
from asimati.settings import settings

_HOLDS = _("This credential is valid")
_ENDED = _("This credential was revoked")
_EXPIRED = _("This credential has run out")
_UNKNOWN = _("There is no such credential")
_ISSUED = _("Issued on {day}")
_UNTIL = _("Valid until {day}")
_SINCE = _("Revoked on {day}")
# What the facts of the house's own credentials are called; a fact without a name here is not shown on the page.
FACTS: dict[str, str] = {
    "edition": _("Edition"),
    "hours": _("Accredited hours"),
    "level": _("Level"),
    "goals": _("Sustainable Development Goals"),
    "programme": _("Programme"),
    "event": _("Event"),
    "day": _("Day"),
    "reference": _("Reference"),
    "category": _("Category"),
    "rows": _("Volunteers ranked"),
    "digest": _("Digest of the file"),
}


def page(found: Mapping[str, Any] | None) -> str:
    """The page in both languages, Arabic first; None: no such credential. It says nothing of the holder."""
    name = settings().governorate.facts["name"]
    parts = "".join(_part(found, language) for language in ("ar", "en"))
    title = escape(f"{name['ar']} · {name['en']}")
    return (
        f'<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" '
        f'content="noindex"><style>{_STYLE}</style></head><body><header>{title}</header><main>{parts}</main>'
        "</body></html>"
    )


def _part(found: Mapping[str, Any] | None, language: str) -> str:
    direction = "rtl" if language == "ar" else "ltr"
    return f'<section lang="{language}" dir="{direction}">{"".join(_lines(found, language))}</section>'


def _lines(found: Mapping[str, Any] | None, language: str) -> Iterator[str]:
    if found is None:
        yield f'<h1 class="no">{escape(translate(_UNKNOWN, language))}</h1>'
        return
    standing = _HOLDS if found["valid"] else _ENDED if found["revoked"] else _EXPIRED
    yield f'<h1 class="{"yes" if found["valid"] else "no"}">{escape(translate(standing, language))}</h1>'
    yield f"<p><strong>{_words(found['kind'], language)}</strong><br>{_words(found['title'], language)}</p><dl>"
    for name, value in found["facts"].items():
        if name in FACTS and value not in (None, "", []):
            yield f"<dt>{escape(translate(FACTS[name], language))}</dt><dd>{_words(value, language)}</dd>"
    yield "</dl>"
    for words, moment in (
        (_ISSUED, found["issued_at"]),
        (_UNTIL, found["valid_until"]),
        (_SINCE, found["revoked_at"]),
    ):
        if moment:
            yield f"<p>{escape(translate(words, language).format(day=_day(moment)))}</p>"


def _words(value: Any, language: str) -> str:
    if isinstance(value, Mapping):
        value = value.get(language) or value.get("ar") or value.get("en") or ""
    if isinstance(value, list):
        value = "، ".join(map(str, value)) if language == "ar" else ", ".join(map(str, value))
    return f"<bdi>{escape(str(value))}</bdi>"


def _day(moment: datetime) -> str:
    return f"\u2066{clock.local_day(moment).isoformat()}\u2069"  # kept from turning round among Arabic words


_STYLE = (
    "body{font-family:'Noto Naskh Arabic','Noto Sans',system-ui,sans-serif;margin:0;"
    "background:#f5f5f2;color:#1c1c1a}"
    "header{background:#7a1024;color:#fff;padding:1rem;text-align:center;font-weight:600}"
    "main{max-width:36rem;margin:0 auto;padding:1rem}section{background:#fff;border-radius:.5rem;"
    "padding:1rem 1.25rem;margin:1rem 0;border:1px solid #d8d8d2}h1{font-size:1.25rem;margin:0 0 .5rem}"
    ".yes{color:#0a5c2c}.no{color:#9b0f1f}.yes::before{content:'✓ '}.no::before{content:'✗ '}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}dt{color:#55554f}dd{margin:0}"
)
