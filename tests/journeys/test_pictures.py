"""Pictures of the main pages in both languages, for the documentation: `make screenshots` writes them.

Run as a test they are looked at for what a picture needs: the page is there, nothing runs over its edge.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.journeys.conftest import House, Opened

MAIN = {
    "today": ("supervisor", "/console/"),
    "queue": ("supervisor", "/console/queues/unassigned"),
    "events": ("coordinator", "/console/events"),
    "hours": ("coordinator", "/console/hours"),
    "door": ("coordinator", "/console/doors"),
    "shifts": ("coordinator", "/console/shifts"),
    "broadcast": ("coordinator", "/console/broadcasts/new"),
    "templates": ("supervisor", "/console/templates"),
    "impact": ("supervisor", "/console/impact"),
    "audit": ("auditor", "/console/audit"),
    "my-sign-in": ("auditor", "/console/me"),
}


@pytest.mark.parametrize("width", [1280, 834], ids=["desk", "tablet"])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_main_pages_fit_their_window(house: House, signed_in: Opened, language: str, width: int) -> None:
    said = {
        "service": "road-damage",
        "form_version": 1,
        "location": {"block": "317", "lat": 26.2402, "lon": 50.5875},
    }
    answers = {"kind": "pothole", "details": "حفرة كبيرة أمام المدرسة"}
    case = house.ask("POST", "/service-requests", house.resident(), json={**said, "answers": answers})["reference"]
    folder = os.environ.get("PICTURES")
    pages = MAIN | {"case": ("supervisor", f"/console/cases/{case}")}
    for who in sorted({role for role, _path in pages.values()}):
        page = signed_in(who, language)
        page.set_viewport_size({"width": width, "height": 900})
        for name, (role, path) in pages.items():
            if role != who:
                continue
            page.goto(path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} wide in a window of {width}"
            if folder and width == 1280:
                taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                small = taken.quantize(96, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
                small.save(Path(folder) / f"{name}.{language}.png", optimize=True)
