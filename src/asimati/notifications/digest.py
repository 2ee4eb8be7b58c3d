"""The daily digest: for those who wish it, what can wait comes in one notice of a morning."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from asimati.kit import outbox
from asimati.notifications.messages import DigestDue

LINES = 12  # titles that are named; the rest is counted
_UNREAD = text(
    """
    SELECT n.person, count(*) AS count,
           (array_agg(coalesce(n.title, b.title) ORDER BY n.created_at DESC))[1:12] AS titles
    FROM notification AS n JOIN preference AS p ON p.person_id = n.person AND p.digest
    LEFT JOIN broadcast AS b ON b.id = n.message_id
    WHERE n.channel = 'inbox' AND n.read_at IS NULL AND n.created_at > app_now() - interval '1 day'
    GROUP BY n.person
    """
)


def gather(tx: Session) -> int:
    """Tell each of them what their inbox got in a day and they have not read. It runs at night; quiet hours keep it
    until the morning. How many are told."""
    people = tx.execute(_UNREAD).all()
    for person, count, titles in people:
        lines = {
            language: "\n".join(f"• {title[language]}" for title in titles[:LINES]) for language in ("ar", "en")
        }
        about = {"type": "digest", "reference": ""}
        outbox.publish(tx, DigestDue(person=person, about=about, count=int(count), lines=lines))
    return len(people)
