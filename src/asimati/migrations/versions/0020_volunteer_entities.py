"""Organisations that volunteer together

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    kinds = ("school", "company", "society")
    op.create_table(
        "volunteer_entity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kind", _one_of("kind", *kinds), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column(
            "status",
            _one_of("status", "applied", "accredited", "declined", "ended"),
            server_default="applied",
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("invitation", sa.LargeBinary(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(status = 'applied') = (decided_by IS NULL)", name=op.f("volunteer_entity_decided_check")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["staff_member.id"], name=op.f("volunteer_entity_decided_by_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("volunteer_entity_pkey")),
        sa.UniqueConstraint("invitation", name=op.f("volunteer_entity_invitation_key")),
    )
    op.create_index("volunteer_entity_status_idx", "volunteer_entity", ["status", "created_at", "id"], unique=False)
    op.create_table(
        "volunteer_entity_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _one_of("kind", *kinds), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("coordinator", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("left_at >= joined_at", name=op.f("volunteer_entity_member_times_check")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["volunteer_entity.id"], name=op.f("volunteer_entity_member_entity_id_fkey")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("volunteer_entity_member_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("volunteer_entity_member_pkey")),
    )
    op.create_index(
        op.f("volunteer_entity_member_person_id_idx"), "volunteer_entity_member", ["person_id"], unique=False
    )
    op.create_index(
        "volunteer_entity_member_key",
        "volunteer_entity_member",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_index(
        "volunteer_entity_member_entity_idx",
        "volunteer_entity_member",
        ["entity_id", "joined_at", "id"],
        unique=False,
    )
    op.create_table(
        "volunteer_entity_enrolment",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), server_default=sa.text("app_now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["edition.code"], name=op.f("volunteer_entity_enrolment_edition_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["volunteer_entity.id"], name=op.f("volunteer_entity_enrolment_entity_id_fkey")
        ),
        sa.PrimaryKeyConstraint("edition", "entity_id", name=op.f("volunteer_entity_enrolment_pkey")),
    )
    op.create_index(
        op.f("volunteer_entity_enrolment_entity_id_idx"), "volunteer_entity_enrolment", ["entity_id"], unique=False
    )
    op.create_table(
        "edition_entity_ranking",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("shifts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["edition.code"], name=op.f("edition_entity_ranking_edition_fkey")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["volunteer_entity.id"], name=op.f("edition_entity_ranking_entity_id_fkey")
        ),
        sa.PrimaryKeyConstraint("edition", "entity_id", name=op.f("edition_entity_ranking_pkey")),
    )
    op.create_index(
        op.f("edition_entity_ranking_entity_id_idx"), "edition_entity_ranking", ["entity_id"], unique=False
    )
    for deed in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER edition_entity_ranking_{deed}_forbidden BEFORE {deed.upper()} ON edition_entity_ranking"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
