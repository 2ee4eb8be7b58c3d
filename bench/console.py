"""How much longer a page of the console takes than the same question asked of the API, in one run:

    make bench ARGS=console

Each pair is asked in turn by one member of staff on one connection, after both were asked before; 60 cases wait.
The page's median less its twin's, in milliseconds. Wanted: no page more than 30 ms over its twin.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time

import httpx

from asimati.seed import PASSWORD
from bench.__main__ import ROOT, ground, served

ASKED, CASES, WANTED = 40, 60, 30.0
# The page, and the question of the API that has the same in it.
PAIRS = {
    "/": "/staff/queues",
    "/queues/unassigned": "/staff/queues/unassigned?limit=50",
    "/cases/{case}": "/staff/service-requests/{case}",
    "/appointments": "/staff/appointments?limit=100",
    "/events": "/staff/events?limit=50",
    "/events/{event}": "/staff/events/{event}",
    "/programmes": "/staff/programmes?limit=100",
    "/shifts": "/staff/shifts?limit=100",
    "/opportunities": "/staff/opportunities?limit=50",
    "/hours": "/staff/hours?status=pending&limit=50",
    "/broadcasts": "/staff/broadcasts?limit=50",
    "/templates": "/staff/templates?limit=100",
    "/impact": "/impact/series?from=2026-01",
    "/holidays": "/staff/holidays?limit=100",
}


def main() -> None:
    with ground(), served("asimati.wsgi:create_app", 8953, "/healthz") as port:
        subprocess.run([sys.executable, "-m", "asimati", "seed"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        base = f"http://127.0.0.1:{port}"
        said = {"email": "supervisor@asimati.example", "password": PASSWORD}
        token = httpx.post(f"{base}/api/v1/auth/staff", json=said).json()["access_token"]
        api = httpx.Client(base_url=f"{base}/api/v1", headers={"Authorization": f"Bearer {token}"})
        pages = httpx.Client(base_url=f"{base}/console")
        assert pages.post("/sign-in", data=said).status_code == 303
        for number in range(CASES):
            _file(base, number)
        found = {
            "case": api.get("/staff/queues/unassigned").json()["items"][0]["reference"],
            "event": api.get("/staff/events").json()["items"][0]["id"],
        }
        over = [_compared(api, pages, page.format(**found), twin.format(**found)) for page, twin in PAIRS.items()]
    print(f"the most over its twin: {max(over):.1f} ms (wanted {WANTED:.0f})")


def _file(base: str, number: int) -> None:
    """A resident files a case."""
    token = httpx.post(f"{base}/dev/sign-in", json={"phone": f"+973339{number:05}"}).json()["access_token"]
    said = {"service": "road-damage", "form_version": 1, "location": {"block": "317"}}
    answers = {"kind": "pothole", "details": "حفرة كبيرة أمام المدرسة"}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"case-{number}"}
    made = httpx.post(f"{base}/api/v1/service-requests", json={**said, "answers": answers}, headers=headers)
    assert made.status_code == 201, made.text


def _compared(api: httpx.Client, pages: httpx.Client, page: str, twin: str) -> float:
    times: dict[str, list[float]] = {"page": [], "twin": []}
    size = 0
    for round_ in range(ASKED + 5):
        for name, client, path in (("page", pages, page), ("twin", api, twin)):
            started = time.perf_counter()
            answer = client.get(path)
            taken = (time.perf_counter() - started) * 1000
            assert answer.status_code == 200, (path, answer.text[:300])
            if name == "page":
                size = len(answer.content)
            if round_ >= 5:
                times[name].append(taken)
    shown, asked = (statistics.median(times[name]) for name in ("page", "twin"))
    name = re.sub(r"[0-9a-f-]{36}|[A-Z]{2}-\w+", "…", page)
    print(
        f"  {name:24}{shown:7.1f} ms   its twin {asked:6.1f} ms   {shown - asked:+6.1f}   {size / 1000:5.1f} kB",
        flush=True,
    )
    return shown - asked


if __name__ == "__main__":
    main()
