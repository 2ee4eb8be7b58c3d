"""Opportunities of organisations, and where one meets

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = postgresql.JSONB(astext_type=sa.Text())
    op.add_column("opportunity", sa.Column("meeting_point", words, nullable=True))
    op.add_column("opportunity", sa.Column("lat", sa.Float(), nullable=True))
    op.add_column("opportunity", sa.Column("lon", sa.Float(), nullable=True))
    op.add_column("opportunity", sa.Column("entity_id", sa.Uuid(), nullable=True))
    op.add_column("opportunity", sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("opportunity", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("opportunity", sa.Column("proposed", words, nullable=True))
    op.create_foreign_key(
        op.f("opportunity_entity_id_fkey"), "opportunity", "volunteer_entity", ["entity_id"], ["id"]
    )
    op.create_check_constraint(op.f("opportunity_point_check"), "opportunity", "(lat IS NULL) = (lon IS NULL)")
    op.create_check_constraint(
        op.f("opportunity_state_check"), "opportunity", "NOT (published AND submitted_at IS NOT NULL)"
    )
    op.create_index(op.f("opportunity_entity_id_idx"), "opportunity", ["entity_id"], unique=False)
    op.create_index(
        "opportunity_waiting_idx",
        "opportunity",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("submitted_at IS NOT NULL OR proposed IS NOT NULL"),
    )
