"""The configuration pack: a folder of TOML and CSV that makes the product one governorate's own.

`check(folder)` names every fault by file and line, `load(folder)` reads, `sync(tx, pack)` hands each feature its
part: `<feature>.sync.sync(tx, part) -> dict[str, int]` (counts such as {"added": 2, "changed": 0, "retired": 1}).
How a pack is written, and what every message must carry for templates and measures: docs/packs.md.

What every feature's sync may rely on and must keep:

- The part was checked: keys exist, codes are unique and known, both languages are there. Optional keys that the
  pack leaves out are present with the value named below (None, [] or a default), so `item["key"]` never fails.
- Bilingual text is {"ar": str, "en": str}. Moments are aware datetimes in UTC; days are `date`; an item's `code` is
  its natural key. Lists keep the order of the pack.
- Repeating a sync changes nothing. Nothing that residents may have used is deleted. What has gone from the pack is
  retired (no longer offered); events and shifts that somebody holds a place on are left alone, they end by
  themselves.
- `relative` on a programme, event or shift means that its moments were reckoned from the day of this sync
  ("day+3 10:00"). They hold for the row when it is first added; a later sync must not move a row that exists.
  With `relative` False the pack gives fixed times and a sync may correct them.
- What staff edit (capacity, places, registration) is set when a row is added and not overwritten afterwards; words
  are the pack's.

The parts:

places: {
    "blocks": [{"number": "317", "area": bilingual, "lat": float | None, "lon": float | None}],
    "holidays": [{"day": date, "name": bilingual, "standing": "provisional" | "confirmed"}]}
    A holiday that staff have confirmed or moved stays as staff left it.

service_requests: {
    "entities": [{"code", "name": bilingual, "kind": "ministry" | "municipality" | "authority" | "internal",
        "target": "P5D"}],
    "services": [{"code", "kind": "complaint" | "request" | "suggestion" | "inquiry",
        "domain": "service" | "social" | "security", "title", "description": bilingual,
        "assurance": "anonymous" | "phone" | "standard" | "advanced", "confidential": bool,
        "target": "P5D" (working days) or "PT4H" (working hours), "documents": [bilingual], "fee": bilingual | None,
        "location": "required" | "optional" | "none", "targets": ["11.1", ...],
        "entity": code | None (where such cases usually go),
        "form": {"version": int, "schema": {JSON Schema 2020-12}, "ui": {field: {
            "label": bilingual, "help": bilingual | None, "order": int, "options": {enum value: bilingual}}}}}]}
    A form whose content changed becomes a new version; requests keep the version they were filed on.

volunteering: {
    "edition": {"code", "title", "starts_on": date, "ends_on": date, "minimum_age": int, "hours_tolerance": "PT15M",
        "categories": [{"code", "title": bilingual}]},
    "opportunities": [{"code", "title", "description", "host", "location": bilingual, "block": "317" | None,
        "targets": [...], "review": bool, "minimum_age": int | None,
        "shifts": [{"code", "starts_at", "ends_at": datetime, "places": int, "relative": bool}]}]}
    Shift codes are unique in the whole pack.

events: {
    "programmes": [{"slug", "title", "description": bilingual, "edition": "2026", "starts_on", "ends_on": date,
        "relative": bool}],
    "events": [{"code", "programme": slug, "type": "workshop" | "talk" | "panel" | "mentoring" | "exhibition",
        "title", "description": bilingual, "language": "ar" | "en" | "both",
        "mode": "in_person" | "online" | "hybrid", "venue": bilingual, "block": "317" | None,
        "starts_at", "ends_at", "registration_opens_at", "registration_closes_at": datetime, "capacity": int,
        "waitlist": bool, "party_limit": int, "approval": bool, "targets": [...], "co_hosts": [bilingual],
        "stated_for": "everybody" | "first_timers", "minimum_age", "maximum_age", "room_capacity": int | None,
        "late_cancel_hours": int, "series": str | None, "tags": [str], "audience", "endorsement": bilingual | None,
        "speakers": [{"name", "role": bilingual}], "materials": [{"title": bilingual, "url"}],
        "questions": JSON Schema | None, "relative": bool}]}

impact: {
    "goals": [...] (the `goals` of catalogue/sdg.json as they stand there),
    "measures": [{"code", "title", "unit": bilingual, "topic", "amount": "1" or a field of the message,
        "targets": ["16.6"] or "from_message", "voided_by": topic | None, "since": date}],
    "objectives": [{"code", "title": bilingual}],
    "crosswalk": [{"target": "16.6", "objective": code}]}
    An amount that is true counts 1; 0, false or None adds nothing. Each target of a measure gets the whole amount.

notifications: {
    "templates": [{"topic", "channels": ["inbox", "push", "sms", "email"], "critical": bool,
        "title", "text": bilingual, "sms": bilingual | None (shorter text for SMS; None: `text` is sent)}]}
    Placeholders are {name}; docs/packs.md has the list for each topic.
"""

from asimati.pack.checking import check
from asimati.pack.loading import Pack, load, sync
from asimati.pack.reading import Fault

__all__ = ["Fault", "Pack", "check", "load", "sync"]
