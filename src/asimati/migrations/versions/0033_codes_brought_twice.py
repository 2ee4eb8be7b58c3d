"""A sign-on's code that is brought twice ends what it gave

Revision: 0033, after 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sign_on", sa.Column("session_id", sa.Uuid(), nullable=True))
