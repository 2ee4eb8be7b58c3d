"""Shifts that recur, and shifts that do not take place

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shift_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opportunity_id", sa.Uuid(), nullable=False),
        sa.Column("weekdays", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("holidays", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.CheckConstraint("first_day <= until", name=op.f("shift_series_days_check")),
        sa.CheckConstraint("minutes > 0 AND places > 0", name=op.f("shift_series_sizes_check")),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunity.id"], name=op.f("shift_series_opportunity_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("shift_series_pkey")),
        sa.UniqueConstraint(
            "opportunity_id", "weekdays", "first_day", "until", "begins", "minutes", name="shift_series_key"
        ),
    )
    op.create_index(op.f("shift_series_opportunity_id_idx"), "shift_series", ["opportunity_id"], unique=False)
    op.add_column("shift", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("shift", sa.Column("series_day", sa.Date(), nullable=True))
    op.add_column("shift", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("shift_series_id_fkey"), "shift", "shift_series", ["series_id"], ["id"])
    op.create_check_constraint(op.f("shift_series_check"), "shift", "(series_id IS NULL) = (series_day IS NULL)")
    op.create_index("shift_series_day_key", "shift", ["series_id", "series_day"], unique=True)
    op.execute("ALTER TABLE sign_up DROP CONSTRAINT sign_up_status_check")
    op.execute(
        "ALTER TABLE sign_up ADD CONSTRAINT sign_up_status_check CHECK (status IN ('waitlisted', 'offered', 'lapsed',"
        " 'pending', 'confirmed', 'declined', 'withdrawn', 'checked_in', 'checked_out', 'no_show', 'cancelled'))"
    )
