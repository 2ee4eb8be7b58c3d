"""One kind of key for partners' systems

Revision: 0024, after 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tail", sa.Text(), server_default="", nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("per_minute BETWEEN 1 AND 6000", name=op.f("api_key_per_minute_check")),
        sa.CheckConstraint("cardinality(scopes) > 0", name=op.f("api_key_scopes_check")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("api_key_expires_check")),
        sa.ForeignKeyConstraint(["made_by"], ["staff_member.id"], name=op.f("api_key_made_by_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("api_key_secret_hash_key")),
    )
    # Keys that were given out go on to file requests.
    op.execute(
        """
        INSERT INTO api_key (id, name, scopes, secret_hash, per_minute, made_by, created_at, revoked_at)
        SELECT id, name, ARRAY['requests.file'], secret_hash, 600, made_by, created_at, revoked_at FROM open311_key
        """
    )
    op.drop_table("open311_key")
