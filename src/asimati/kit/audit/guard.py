"""Append-only, held by the database: triggers that refuse, and grants where the processes have a role of their own.

`asimati migrate` sets both each time, so what was taken away by hand comes back.
"""

from __future__ import annotations

from sqlalchemy import Connection, event, text

from asimati.kit.audit.chain import AuditCheckpoint, AuditKey
from asimati.kit.audit.lines import AuditLine

_SEALED = ("place", "hash")
_WHOLE = [column.name for column in AuditLine.__table__.columns if column.name not in _SEALED]


def _columns(of: str) -> str:
    return "ROW(" + ", ".join(f"{of}.{name}" for name in _WHOLE) + ")"


def _trigger(table: str, when: str, condition: str = "", each: str = "ROW") -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {table}_{when.split()[0].lower()}_refused BEFORE {when} ON {table}"
        f" FOR EACH {each} {condition} EXECUTE FUNCTION refuse_change()"
    )


# A line may be sealed once; nothing else about it ever changes.
_UNLESS_SEALING = f"WHEN (OLD.place IS NOT NULL OR {_columns('OLD')} IS DISTINCT FROM {_columns('NEW')})"
TRIGGERS = {
    "audit_line": (_trigger("audit_line", "UPDATE", _UNLESS_SEALING), _trigger("audit_line", "DELETE")),
    "audit_checkpoint": (_trigger("audit_checkpoint", "UPDATE"), _trigger("audit_checkpoint", "DELETE")),
    "audit_key": (_trigger("audit_key", "UPDATE"), _trigger("audit_key", "DELETE")),
}
NO_TRUNCATION = tuple(_trigger(table, "TRUNCATE", each="STATEMENT") for table in TRIGGERS)


def guard(connection: Connection, *, role: str | None = None, truncation: bool = False) -> None:
    """Make the trail append-only.

    `role`: the role the processes connect as, where the tables belong to another; it is granted what it needs and
    nothing that could change a line. `truncation`: refuse TRUNCATE too (tests empty their tables by it).
    """
    for statement in (*(one for many in TRIGGERS.values() for one in many), *(NO_TRUNCATION if truncation else ())):
        connection.execute(text(statement))
    if role:
        for statement in _grants(connection.dialect.identifier_preparer.quote(role)):
            connection.execute(text(statement))


def _grants(role: str) -> tuple[str, ...]:
    trail = ", ".join(TRIGGERS)
    return (
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {trail} FROM {role}",
        f"GRANT UPDATE (place, hash) ON audit_line TO {role}",
    )


for _table in (AuditLine, AuditCheckpoint, AuditKey):
    # Tables made from the models (tests do it) are guarded like those of the migrations.
    @event.listens_for(_table.__table__, "after_create")
    def _create_triggers(target: object, connection: Connection, **_: object) -> None:
        for statement in TRIGGERS[str(target)]:
            connection.execute(text(statement))
