"""Whom a broadcast is for: people chosen by kinds that rooms offer, and the kinds the house itself knows.

An audience is a list of `{"kind", "values"}`: within one kind any value will do, and all kinds must hold. An empty
list is everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from asimati.accounts.models import Language, Person
from asimati.kit import audiences
from asimati.kit.audiences import KINDS, ROLES, Kind, Values
from asimati.kit.errors import Invalid
from asimati.kit.words import LANGUAGES, _, translate
from asimati.places.models import Block

Audience = Sequence[Mapping[str, Any]]
Choices = Sequence[tuple[str, dict[str, Any]]]


def chosen(audience: Audience) -> Select[Any]:
    """The ids of everybody in an audience."""
    people = select(Person.id)
    for part in audience:
        people = people.where(Person.id.in_(KINDS[part["kind"]].people(part["values"])))
    return people


def require_known(tx: Session, audience: Audience) -> None:
    """Raises Invalid for a kind or a value that nobody offers."""
    for number, part in enumerate(audience):
        kind = KINDS.get(part["kind"])
        if kind is None:
            raise Invalid([(f"/audience/{number}/kind", _("There is no such kind of audience."))])
        known = {value for value, _title in kind.choices(tx)}
        if not known.issuperset(part["values"]):
            raise Invalid([(f"/audience/{number}/values", _("There is no such value in this kind of audience."))])


def of_area(values: Values) -> Select[Any]:
    blocks = select(Block.number).where(Block.area["en"].astext.in_(values))
    return select(Person.id).where(Person.block.in_(blocks) if values else Person.block.is_not(None))


def of_block(values: Values) -> Select[Any]:
    return select(Person.id).where(Person.block.in_(values) if values else Person.block.is_not(None))


def of_language(values: Values) -> Select[Any]:
    return select(Person.id).where(Person.language.in_(values)) if values else select(Person.id)


def areas(tx: Session) -> Choices:
    known = {block.area["en"]: block.area for block in tx.scalars(select(Block).where(~Block.retired))}
    return sorted(known.items())


def blocks(tx: Session) -> Choices:
    found = tx.scalars(select(Block).where(~Block.retired).order_by(Block.number))
    return [(block.number, block.area) for block in found]


def languages(tx: Session) -> Choices:
    return [
        (Language.ARABIC, {"ar": "العربية", "en": "Arabic"}),
        (Language.ENGLISH, {"ar": "الإنجليزية", "en": "English"}),
    ]


def of_role(values: Values) -> Select[Any]:
    """Whoever has one of these roles, or any role at all."""
    roles = [role for name, role in ROLES.items() if name in values or not values]
    return select(Person.id).where(or_(*(Person.id.in_(role.people()) for role in roles)))


def roles(tx: Session) -> Choices:
    return [
        (one.name, {language: translate(one.title, language) for language in LANGUAGES}) for one in ROLES.values()
    ]


audiences.register(Kind("role", _("Have the role"), of_role, roles))
audiences.register(Kind("area", _("Live in the area"), of_area, areas))
audiences.register(Kind("block", _("Live in the block"), of_block, blocks))
audiences.register(Kind("language", _("Read the language"), of_language, languages))
