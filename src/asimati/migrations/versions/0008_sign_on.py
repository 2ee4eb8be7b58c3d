"""Sign-on by a provider; accounts without a telephone; when a session was proved

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_on",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_on_pkey")),
        sa.UniqueConstraint("code", name=op.f("sign_on_code_key")),
        sa.UniqueConstraint("state", name=op.f("sign_on_state_key")),
    )
    op.create_table(
        "sign_on_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(person_id, staff_id) = 1", name=op.f("sign_on_link_one_holder_check")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("sign_on_link_person_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("sign_on_link_staff_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_on_link_pkey")),
    )
    op.create_index("sign_on_link_subject_key", "sign_on_link", ["provider", "subject_index"], unique=True)
    op.create_index("sign_on_link_person_key", "sign_on_link", ["provider", "person_id"], unique=True)
    op.create_index("sign_on_link_staff_key", "sign_on_link", ["provider", "staff_id"], unique=True)
    op.create_index(op.f("sign_on_link_person_id_idx"), "sign_on_link", ["person_id"])
    op.create_index(op.f("sign_on_link_staff_id_idx"), "sign_on_link", ["staff_id"])
    op.add_column("person", sa.Column("cpr_proved_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("person", "phone", nullable=True)
    op.alter_column("person", "phone_index", nullable=True)
    op.add_column(
        "account_session",
        sa.Column("proved_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
    )
    # Whoever is signed in now has proved it when they signed in, and not when this ran.
    op.execute("UPDATE account_session SET proved_at = created_at")
