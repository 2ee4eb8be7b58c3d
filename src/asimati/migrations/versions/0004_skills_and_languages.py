"""Skills and languages

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("skill", "spoken_language"):
        op.create_table(
            name,
            sa.Column("code", sa.Text(), nullable=False),
            sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
            sa.Column("place", sa.Integer(), nullable=False),
            sa.Column("retired", sa.Boolean(), server_default="false", nullable=False),
            sa.PrimaryKeyConstraint("code", name=op.f(f"{name}_pkey")),
        )
