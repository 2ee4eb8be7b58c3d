"""The development mailbox: plays every provider, keeps every letter, and lets nothing out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from asimati.kit.db import transaction
from asimati.notifications.channels import Letter, Outcome, Receipt
from asimati.notifications.models import DevMail


def purge(tx: Session) -> None:
    """Forget letters of more than a month ago. (Notices themselves end by the pack's `[retention]`.)"""
    tx.execute(delete(DevMail).where(DevMail.at < func.app_now() - timedelta(days=30)))


def carrier(channel: str) -> Callable[[Letter], Receipt]:
    """A carrier that keeps letters of a channel. Like a good provider it takes a reference only once."""

    def keep(letter: Letter) -> Receipt:
        with transaction() as tx:  # a provider is outside of the house, and so is its transaction
            tx.execute(
                insert(DevMail)
                .values(
                    reference=letter.reference,
                    to=letter.to,
                    channel=channel,
                    subject=letter.subject,
                    text=letter.text,
                )
                .on_conflict_do_nothing()
            )
        return Receipt(Outcome.SENT, f"mailbox:{letter.reference}")

    return keep
