"""The data map is whole: whatever is kept of a person is declared, with a purpose and a legal basis."""

from __future__ import annotations

import pytest
from sqlalchemy import ARRAY, Column, Date, Double, Float, LargeBinary, Table, Text, Time, Uuid
from sqlalchemy.dialects.postgresql import JSONB, Range

from asimati.dataprotection.actions.merging import keys_of
from asimati.kit.privacy import HOLDINGS, INFO, Fate, Group, Together, person_columns
from asimati.kit.words import LANGUAGES, catalogue
from asimati.models import metadata
from asimati.settings import settings

# Tables without a key to a person that hold something of one all the same; each says where that ends.
LOOSE = {
    "audit_line": "ids alone; kept as long as the trail is",
    "idempotency_key": "answers, for idempotency.hours; an erasure deletes the person's",
    "message": "ids alone, for outbox.keep_days",
    "delivery": "what went wrong, with its message",
    "template": "words for everybody, and the ways they go",
    "dev_mail": "development and tests alone",
    "spending": "a keyed pseudonym, for an hour",
    "act": "a keyed pseudonym and the group somebody was counted in; figures stay right",
    "same_person": "keyed pseudonyms alone; figures stay right",
    "contribution": "a keyed pseudonym and the group somebody was counted in; figures stay right",
    "webhook_delivery": "references and titles, with their own purge",
}
CONTENT = (Text, LargeBinary, JSONB, Date, Float, Double, Time, ARRAY, Range)
TELLING = ("phone", "email", "cpr", "person", "name_ar", "name_latin", "birth", "passport", "address")


def _tied() -> list[Table]:
    """Tables with a key to a person, or to a table that has one."""
    tied = {"person"}
    for _ in range(6):
        tied |= {
            table.name
            for table in metadata.sorted_tables
            for column in table.columns
            for key in column.foreign_keys
            if key.column.table.name in tied
        }
    return [table for table in metadata.sorted_tables if table.name in tied]


def _content(table: Table) -> list[Column[object]]:
    return [
        column
        for column in table.columns
        if isinstance(column.type, CONTENT) and not column.foreign_keys and not hasattr(column.type, "enums")
    ]


@pytest.mark.parametrize("table", _tied(), ids=lambda table: table.name)
def test_each_column_of_content_about_people_has_an_entry(table: Table) -> None:
    missing = [column.name for column in _content(table) if INFO not in column.info]
    assert not missing, (
        f"{table.name}: {missing}: declare them in the room's privacy.py, by `holds(...)` as personal or plain, or "
        "by `knows_nobody(...)`, and name that room in asimati/models.py"
    )


def test_each_table_with_a_key_to_a_person_is_in_the_map() -> None:
    for table in metadata.sorted_tables:
        if any(key.column.table.name == "person" for key in table.foreign_keys) or table.name == "person":
            assert table.name in HOLDINGS, f"{table.name}: declare it in the room's privacy.py by `holds(...)`"


def test_each_table_about_people_says_what_becomes_of_it_when_two_accounts_are_one() -> None:
    """Rows move unless the room says otherwise; where a key allows one a person, somebody has thought of it."""
    for holding in HOLDINGS.values():
        keyed = [key for column in person_columns(holding.table) for key, _ in keys_of(holding.table, column)]
        assert not keyed or holding.together is not Together.MOVE, (
            f"{holding.name}: say `together=` in its privacy.py"
        )
        assert (holding.together is Together.LEAVE) == bool(holding.left), f"{holding.name}: say why rows are left"
        assert not holding.left or holding.left in catalogue(), holding.left


def test_no_other_table_names_people_unnoticed() -> None:
    known = {table.name for table in _tied()} | set(HOLDINGS) | set(LOOSE)
    for table in metadata.sorted_tables:
        for column in table.columns:
            telling = any(word in column.name for word in TELLING)
            assert table.name in known or not telling or INFO in column.info, f"{table.name}.{column.name}"


def test_a_column_that_was_forgotten_is_found() -> None:
    """The test above can fail: a new column of content carries no declaration of its own."""
    table = Table("forgotten", type(metadata)(), Column("phone", Text), Column("id", Uuid))
    assert [column.name for column in _content(table) if INFO not in column.info] == ["phone"]


def test_each_group_has_a_purpose_and_a_legal_basis_in_the_pack() -> None:
    said = {entry["code"]: entry for entry in settings().governorate.facts["privacy"]["group"]}
    assert set(said) == {str(group) for group in Group}
    for entry in said.values():
        assert all(entry[name][language] for name in ("title", "purpose", "law") for language in LANGUAGES)


def test_each_period_a_room_keeps_to_is_in_the_pack_and_counted_from_something() -> None:
    for holding in HOLDINGS.values():
        assert set(holding.periods) <= set(settings().governorate.facts["retention"]), holding.name
        assert not holding.periods or holding.aged is not None, holding.name


def test_what_an_erasure_blanks_can_be_blank() -> None:
    for holding in HOLDINGS.values():
        if holding.fate is not Fate.REDACT:
            continue
        named = {*holding.blanks, *("phone", "phone_index") * ("" in holding.blanks)}
        for name in holding.personal:
            column = holding.table.columns[name]
            assert column.nullable or name in named or isinstance(column.type, Text | JSONB), (
                f"{holding.name}.{name}: say in `blanks` what takes its place"
            )


def test_what_people_read_of_it_is_in_both_languages() -> None:
    for holding in HOLDINGS.values():
        for words in (holding.title, holding.why, *(standing.why for standing in holding.unless)):
            assert words in catalogue(), words
