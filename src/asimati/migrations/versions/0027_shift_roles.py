"""Roles of a shift, with places of their own

Revision: 0027, after 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("opportunity", sa.Column("roles", JSONB, server_default="[]", nullable=False))
    op.add_column("shift", sa.Column("roles", JSONB, server_default="{}", nullable=False))
    op.create_check_constraint(
        op.f("shift_roles_check"),
        "shift",
        "NOT jsonb_path_exists(roles, '$.* ? (@.taken < 0 || @.taken > @.places || @.waiting < 0)')",
    )
    op.add_column("sign_up", sa.Column("role", sa.Text(), nullable=True))
    op.add_column("call_out", sa.Column("role", sa.Text(), nullable=True))
