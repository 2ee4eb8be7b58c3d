"""Keys that read what their own organisation offers

Revision: 0025, after 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("organisation_id", sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("api_key_organisation_check"),
        "api_key",
        "('offers.read' = ANY (scopes)) = (organisation_id IS NOT NULL)",
    )
