"""Partners count

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("partners_told", postgresql.JSONB(none_as_null=True), nullable=True))
    about = sa.Enum("people", "organisations", name="about", native_enum=False, create_constraint=False, length=40)
    op.add_column("measure", sa.Column("about", about, server_default="people", nullable=False))
    op.create_check_constraint(op.f("measure_about_check"), "measure", "about IN ('people', 'organisations')")


def downgrade() -> None:
    op.drop_column("measure", "about")
    op.drop_column("event", "partners_told")
