"""Clearance for confidential cases

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clearance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("clearance_ends_after_it_starts_check")),
        sa.ForeignKeyConstraint(["granted_by"], ["staff_member.id"], name=op.f("clearance_granted_by_fkey")),
        sa.ForeignKeyConstraint(["revoked_by"], ["staff_member.id"], name=op.f("clearance_revoked_by_fkey")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("clearance_staff_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("clearance_pkey")),
    )
    op.create_index(op.f("clearance_staff_id_idx"), "clearance", ["staff_id"])


def downgrade() -> None:
    raise NotImplementedError("There is no way back: restore a backup.")
