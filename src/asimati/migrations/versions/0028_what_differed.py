"""What the nightly proof found, measure by measure

Revision: 0028, after 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "reconciliation", sa.Column("places", postgresql.JSONB(), server_default="[]", nullable=False)
    )
    op.add_column("reconciliation", sa.Column("mended", sa.Boolean(), server_default="true", nullable=False))
