"""Leave that comes again

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_leave",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("desk_id", sa.Uuid(), nullable=False),
        sa.Column("weekdays", postgresql.JSONB(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("every_weeks", sa.SmallInteger(), nullable=False),
        sa.Column("reason", postgresql.JSONB(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("desk_leave_order_check")),
        sa.CheckConstraint("every_weeks BETWEEN 1 AND 52", name=op.f("desk_leave_every_check")),
        sa.ForeignKeyConstraint(["by_id"], ["staff_member.id"], name=op.f("desk_leave_by_id_fkey")),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"], name=op.f("desk_leave_desk_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("desk_leave_pkey")),
    )
    op.create_index(op.f("desk_leave_desk_id_idx"), "desk_leave", ["desk_id"])


def downgrade() -> None:
    raise NotImplementedError("There is no way back: restore a backup.")
