"""Notices for the staff and for other bodies; calendars and contacts of entities

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entity", sa.Column("calendar", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column(
        "entity", sa.Column("contacts", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column("notification", sa.Column("staff_id", sa.Uuid(), nullable=True))
    op.add_column("notification", sa.Column("office", postgresql.JSONB(none_as_null=True), nullable=True))
    op.create_foreign_key(
        op.f("notification_staff_id_fkey"), "notification", "staff_member", ["staff_id"], ["id"], ondelete="CASCADE"
    )
    op.create_check_constraint(
        op.f("notification_one_recipient_check"), "notification", "num_nonnulls(person, staff_id, office) <= 1"
    )
    op.create_index(
        "notification_staff_idx", "notification", ["staff_id", "created_at", "id"],
        postgresql_where=sa.text("channel = 'inbox' AND staff_id IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "notification_message_recipient_channel_key", "notification",
        ["message_id", "person", "channel", "staff_id", "office"],
        unique=True, postgresql_nulls_not_distinct=True,
    )  # fmt: skip
    op.drop_index("notification_message_person_channel_key", table_name="notification")


def downgrade() -> None:
    raise NotImplementedError("There is no way back: restore a backup.")
