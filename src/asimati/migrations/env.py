"""Alembic's entry: the connection comes from `migrations.migrate`, each revision in its own transaction."""

from alembic import context

from asimati.models import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
