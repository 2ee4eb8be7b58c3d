"""Indexes for the orders of the queues; holidays have versions

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, column in (("filed", "submitted_at"), ("changed", "updated_at")):
        op.create_index(
            f"service_request_{name}_idx", "service_request", [column, "id"],
            postgresql_where=sa.text("closed_at IS NULL"),
        )  # fmt: skip
    op.add_column("holiday", sa.Column("version", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("There is no way back: restore a backup.")
