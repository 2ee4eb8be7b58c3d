"""Whoever wrote in a broadcast does not approve it

Revision: 0034, after 0033
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "broadcast", sa.Column("edited_by", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False)
    )
