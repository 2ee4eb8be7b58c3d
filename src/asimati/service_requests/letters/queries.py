"""Questions about letters: those of a case, one of them, and its printed page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.credentials import writing
from asimati.kit import clock
from asimati.kit.errors import NotFound
from asimati.kit.pdf import pdf
from asimati.kit.policy import Actor
from asimati.service_requests import policy
from asimati.service_requests.letters.models import Letter, LetterTemplate
from asimati.service_requests.models import ServiceRequest

_REFERENCE = re.compile(r"LT-(\d{4})-(\d{5,9})")
_TEMPLATE = Path(__file__).parent / "documents" / "letter.typ"


def letters(tx: Session, request: ServiceRequest) -> Sequence[Letter]:
    """The letters of a case in the order they were issued."""
    return tx.scalars(select(Letter).where(Letter.request_id == request.id).order_by(Letter.id)).all()


def letter(tx: Session, actor: Actor, reference: str, *, locked: bool = False) -> Letter:
    """One letter. Raises NotFound, also where its case is not the actor's to see."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise NotFound
    year, number = (int(part) for part in found.groups())
    wanted = policy.visible(select(Letter).join(Letter.request), actor).where(
        Letter.year == year, Letter.number == number
    )
    if locked:
        wanted = wanted.with_for_update(of=Letter, key_share=True).execution_options(populate_existing=True)
    one = tx.scalar(wanted)
    if one is None:
        raise NotFound
    return one


def templates(tx: Session) -> Sequence[LetterTemplate]:
    """The letters that can be issued."""
    return tx.scalars(
        select(LetterTemplate).where(LetterTemplate.retired_at.is_(None)).order_by(LetterTemplate.code)
    ).all()


def printed(found: Letter) -> bytes:
    """The letter as a PDF: Arabic first, English below, the QR code that all verify. Always the same bytes."""
    data = {
        "title": found.title,
        "text": {language: text.split("\n\n") for language, text in found.text.items()},
        "reference": found.reference,
        "day": clock.local_day(found.issued_at).isoformat(),
        "qr": writing.qr_svg(found.link).decode(),
        "address": found.link.partition("#")[0],
    }
    return pdf(_TEMPLATE, data, language="ar", made_at=found.issued_at)
