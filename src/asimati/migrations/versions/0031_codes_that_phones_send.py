"""A one-time code may be one that the phone sends to us

Revision: 0031, after 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("code_challenge", sa.Column("awaited", sa.LargeBinary(), nullable=True))
    op.add_column("code_challenge", sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True))
    for name, columns in (("phone", ["phone_index"]), ("requester", ["requester"]), ("created", [])):
        op.drop_index(f"code_challenge_{name}_idx", "code_challenge")
        op.create_index(
            f"code_challenge_{name}_idx",
            "code_challenge",
            [*columns, "created_at"],
            postgresql_where=sa.text("awaited IS NULL"),
        )
    op.create_unique_constraint(op.f("code_challenge_awaited_key"), "code_challenge", ["awaited"])
