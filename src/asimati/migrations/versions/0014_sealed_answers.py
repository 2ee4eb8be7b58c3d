"""Remembered answers are sealed

Revision: 0014, after 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was remembered in the open is forgotten: it held tokens and codes that are shown once.
    op.execute("DELETE FROM idempotency_key")
