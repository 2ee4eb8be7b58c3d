"""Swaps of shifts

Revision: 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shift_swap",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sign_up_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "offered", "taken", "ended", name="status", native_enum=False, create_constraint=True, length=40
            ),
            server_default="offered",
            nullable=False,
        ),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(status = 'taken') = (taken_by IS NOT NULL)", name=op.f("shift_swap_taken_check")),
        sa.CheckConstraint("(status = 'offered') = (settled_at IS NULL)", name=op.f("shift_swap_settled_check")),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("shift_swap_sign_up_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("shift_swap_person_id_fkey")),
        sa.ForeignKeyConstraint(["taken_by"], ["person.id"], name=op.f("shift_swap_taken_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("shift_swap_pkey")),
        sa.UniqueConstraint("code", name=op.f("shift_swap_code_key")),
    )
    op.create_index(op.f("shift_swap_person_id_idx"), "shift_swap", ["person_id"], unique=False)
    op.create_index(op.f("shift_swap_taken_by_idx"), "shift_swap", ["taken_by"], unique=False)
    op.create_index(
        "shift_swap_offered_key",
        "shift_swap",
        ["sign_up_id"],
        unique=True,
        postgresql_where=sa.text("status = 'offered'"),
    )
