"""The house's own rules: models equal migrations, every topic is heard, nothing of development in production."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from asimati.kit import db
from asimati.kit.outbox import TOPICS
from asimati.models import metadata
from workers.listeners import LISTENERS, WITHOUT_LISTENER, listeners_of
from workers.queues import QUEUES

ROOT = Path(__file__).resolve().parents[2]

_CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length,
               is_identity, is_generated, generation_expression
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "triggers": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
}


def test_models_equal_migrations(database: str) -> None:
    with db.engine().connect() as connection:
        migrated = described(connection)
        connection.commit()
        made_from_models = make_url(database).set(database="made_from_models")
        owner = create_engine(database, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with owner.connect() as plain:
            plain.execute(text("DROP DATABASE IF EXISTS made_from_models"))
            plain.execute(text("CREATE DATABASE made_from_models"))
        other = create_engine(made_from_models, poolclass=NullPool)
        metadata.create_all(other)
        with other.connect() as plain:
            wanted = described(plain)
    for kind in wanted:
        assert migrated[kind] - {row for row in migrated[kind] if "alembic_version" in str(row)} == wanted[kind], (
            kind
        )


def described(connection) -> dict[str, set[tuple[object, ...]]]:  # type: ignore[no-untyped-def]
    return {kind: {tuple(row) for row in connection.execute(text(sql))} for kind, sql in _CATALOGUE.items()}


def test_every_topic_has_a_listener_or_is_named_as_having_none() -> None:
    ours = {topic for topic, kind in TOPICS.items() if kind.__module__.startswith("asimati.")}
    heard = {topic for topic in ours if listeners_of(TOPICS[topic])}
    assert ours == heard | set(WITHOUT_LISTENER)
    assert not heard & set(WITHOUT_LISTENER)


def test_every_listener_has_a_queue_that_exists() -> None:
    assert {listener.queue for listener in LISTENERS.values()} <= set(QUEUES)


def test_production_registers_nothing_of_development() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASIMATI_")} | {
        "ASIMATI_PROFILE": "production",
        "ASIMATI_DATABASE_URL": "postgresql+psycopg://nowhere/asimati",
        "ASIMATI_REDIS_URL": "redis://nowhere/0",
        "ASIMATI_PUBLIC_URL": "https://nowhere.example",
        "ASIMATI_KEYS_MASTER": "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    }
    script = (
        "from asimati.app import create_app;"
        "print([rule.rule for rule in create_app().url_map.iter_rules() if rule.rule.startswith('/dev')])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


def test_no_task_waits_inside_the_broker() -> None:
    """Delays live in the delivery's due time: a countdown in the broker is lost with it and repeated by it."""
    for path in (ROOT / "workers").rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert "countdown=" not in code, path
        assert "eta=" not in code, path


def test_the_console_works_by_the_api_alone() -> None:
    """Pages ask routes, so nothing can be read or done on them without its check and its line in the trail."""
    for path in (ROOT / "src/asimati/console").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("asimati."):
                continue
            names = {one.name for one in node.names}
            assert not names & {"transaction", "actions", "queries", "models"}, (path, names)
            if str(node.module).rpartition(".")[2] in ("actions", "queries", "models"):
                assert all(name.isupper() for name in names), (path, names)  # words and tables, no deeds
