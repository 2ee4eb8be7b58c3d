"""Offers run out by a clock that is ahead, again and again: `python -m tests.faults.tomorrow`."""

from __future__ import annotations

import time

from asimati.events.actions import lapse_offers
from asimati.kit.db import transaction

if __name__ == "__main__":
    while True:
        with transaction() as tx:
            lapse_offers(tx)
        time.sleep(0.2)
