"""Alembic's entry: the connection comes from `migrations.migrate`, each revision in its own transaction.

Revisions name constraints by the words of `Base`; the tables themselves they write out, so no model is loaded.
"""

from alembic import context

from asimati.kit.db import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
