"""Volunteers' profiles, and their accessibility needs apart

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = postgresql.ARRAY(sa.Text())
    op.create_table(
        "volunteer",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("skills", words, server_default="{}", nullable=False),
        sa.Column("languages", words, server_default="{}", nullable=False),
        sa.Column("blocks", words, server_default="{}", nullable=False),
        sa.Column(
            "availability", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("free", postgresql.INT4MULTIRANGE(), nullable=True),
        sa.Column("away", postgresql.DATEMULTIRANGE(), server_default="{}", nullable=False),
        sa.Column("emergency", sa.LargeBinary(), nullable=True),
        sa.Column("call_outs", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("volunteer_person_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("volunteer_pkey")),
    )
    op.create_index("volunteer_skills_idx", "volunteer", ["skills"], postgresql_using="gin")
    op.create_table(
        "accessibility_need",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("needs", sa.LargeBinary(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("accessibility_need_person_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("accessibility_need_pkey")),
    )
