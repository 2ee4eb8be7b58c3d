"""A password that somebody was told ends, and opens nothing but the choice of another

Revision: 0032, after 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_member", sa.Column("password_until", sa.DateTime(timezone=True), nullable=True))
