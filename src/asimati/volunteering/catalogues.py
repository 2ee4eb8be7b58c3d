"""The catalogues of skills and languages: put into the tables from the pack, and asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from asimati.kit.errors import Invalid
from asimati.kit.words import _
from asimati.volunteering.models.catalogues import Skill, SpokenLanguage

Catalogue = type[Skill] | type[SpokenLanguage]


def sync(tx: Session, catalogue: Catalogue, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add, correct, and retire what has gone from the pack; people keep what they said."""
    rows_there: Sequence[Any] = tx.scalars(select(catalogue)).all()
    known = {one.code: one for one in rows_there}
    for place, row in enumerate(rows, start=1):
        found = known.pop(row["code"], None) or catalogue(code=row["code"])
        found.title, found.place, found.retired = row["title"], place, False
        tx.add(found)
    for gone in known.values():
        gone.retired = True
    tx.flush()


def offered(tx: Session, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Code and title of what can be chosen today, in the pack's order."""
    found = select(catalogue.code, catalogue.title).where(~catalogue.retired)
    return [row._asdict() for row in tx.execute(found.order_by(catalogue.place, catalogue.code))]


def titles(tx: Session, catalogue: Catalogue, codes: Iterable[str]) -> list[dict[str, Any]]:
    """Code and title of these, retired ones too, in the pack's order; codes nobody knows are left out."""
    found = select(catalogue.code, catalogue.title).where(catalogue.code.in_(set(codes)))
    return [row._asdict() for row in tx.execute(found.order_by(catalogue.place, catalogue.code))]


def require_known(
    tx: Session, catalogue: Catalogue, codes: Iterable[str], pointer: str, kept: Iterable[str] = ()
) -> list[str]:
    """These codes, each once and in order. Raises Invalid, pointing at one that is not offered.

    `kept` are codes that were said before: they may stand although they were retired since.
    """
    once = list(dict.fromkeys(codes))
    known = set(tx.scalars(select(catalogue.code).where(catalogue.code.in_(once), ~catalogue.retired)))
    wrong = [place for place, code in enumerate(once) if code not in known.union(kept)]
    if wrong:
        raise Invalid([(f"{pointer}/{place}", _("There is no such choice.")) for place in wrong])
    return once
