"""The tick of the clock: does the periodic work that is due."""

from __future__ import annotations

from workers.app import app
from workers.queues import QUEUES, REPORTS
from workers.schedule import run_due


@app.task(name="schedule.tick", soft_time_limit=QUEUES[REPORTS].soft, time_limit=QUEUES[REPORTS].hard)
def tick(queue: str) -> None:
    run_due(queue)
