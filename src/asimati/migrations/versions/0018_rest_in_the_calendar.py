"""Rest in the calendar

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("engagement", sa.Column("rest_minutes", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        """
        UPDATE engagement SET rest_minutes = edition.rest_minutes FROM edition
        WHERE kind = 'shift' AND lower(during)::date BETWEEN starts_on AND ends_on
        """
    )
