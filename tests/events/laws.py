"""What holds for an event at every committed moment while all parties are of one, whatever is going on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

LAWS = text("""
    SELECT e.id, e.starts_at < now() + interval '16 hours' AS begun, capacity, taken, waiting,
           coalesce(sum(party_size) FILTER (
             WHERE b.status IN ('confirmed', 'offered', 'checked_in', 'no_show')), 0) AS seated,
           count(*) FILTER (WHERE b.status = 'waitlisted') AS line,
           min(place) FILTER (WHERE b.status = 'waitlisted') AS head,
           max(place) FILTER (WHERE b.status NOT IN ('waitlisted', 'cancelled')) AS served
    FROM event e LEFT JOIN booking b ON b.event_id = e.id WHERE e.id = ANY(:events) GROUP BY e.id""")
IN_AND_TOLD = text("""
    SELECT (SELECT count(*) FROM booking WHERE status = 'checked_in'), (SELECT count(*) FROM admission),
           (SELECT count(*) FROM message WHERE topic = 'events.participant_checked_in')
         - (SELECT count(*) FROM message WHERE topic = 'events.check_in_voided')""")


def broken(row: Any) -> list[str]:
    """The laws a committed moment breaks."""
    laws = {
        "oversold": row.seated > row.capacity,
        "miscounted": row.taken != row.seated or row.waiting != row.line,
        "idle": row.taken < row.capacity and row.waiting > 0 and not row.begun,  # for those who are a night ahead
        "overtaken": row.head is not None and row.served is not None and row.served > row.head,
    }
    return [name for name, is_broken in laws.items() if is_broken]


def in_and_told(tx: Any) -> bool:
    """Whoever is in was admitted once and told of once; whoever was taken back, neither."""
    return len(set(tx.execute(IN_AND_TOLD).one())) == 1
