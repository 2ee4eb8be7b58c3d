"""A retired key vouches for no checkpoint after the last place it signed

Revision: 0035, after 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_key", sa.Column("last_place", sa.BigInteger(), nullable=True))
