"""What opportunities ask for, and calls for volunteers

Revision: 0017, after 0016
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("skills", "languages"):
        wanted: sa.Column[Any] = sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
        op.add_column("opportunity", wanted)
    op.create_table(
        "call_out",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("called_by", sa.Uuid(), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("called", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("call_out_shift_id_fkey")),
        sa.ForeignKeyConstraint(["called_by"], ["staff_member.id"], name=op.f("call_out_called_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("call_out_pkey")),
    )
    op.create_index("call_out_shift_id_idx", "call_out", ["shift_id"])
    op.create_table(
        "call_out_call",
        sa.Column("call_out_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.Column(
            "answer",
            sa.Enum("comes", "cannot", name="answer", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sign_up_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["call_out_id"], ["call_out.id"], name=op.f("call_out_call_call_out_id_fkey")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("call_out_call_person_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("call_out_call_sign_up_id_fkey")),
        sa.PrimaryKeyConstraint("call_out_id", "person_id", name=op.f("call_out_call_pkey")),
    )
    op.create_index("call_out_call_person_idx", "call_out_call", ["person_id", "called_at"])
