"""What is asked before somebody serves: charter, orientation, a guardian's consent

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_WORDS = postgresql.JSONB(astext_type=sa.Text())


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    default = None if nullable else sa.text("app_now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _of_person(table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"{table}_person_id_fkey"), ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "charter",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", _WORDS, nullable=False),
        sa.Column("text", _WORDS, nullable=False),
        _moment("since"),
        sa.PrimaryKeyConstraint("version", name=op.f("charter_pkey")),
    )
    op.create_table(
        "charter_acceptance",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("accepted_at"),
        _of_person("charter_acceptance", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version"], ["charter.version"], name=op.f("charter_acceptance_version_fkey")),
        sa.PrimaryKeyConstraint("person_id", "version", name=op.f("charter_acceptance_pkey")),
    )
    op.create_table(
        "orientation",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        _moment("attended_at"),
        sa.Column("noted_by", sa.Uuid(), nullable=True),
        sa.Column("sign_up_id", sa.Uuid(), nullable=True),
        _of_person("orientation", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["edition"], ["edition.code"], name=op.f("orientation_edition_fkey")),
        sa.ForeignKeyConstraint(["noted_by"], ["staff_member.id"], name=op.f("orientation_noted_by_fkey")),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("orientation_sign_up_id_fkey")),
        sa.PrimaryKeyConstraint("person_id", "edition", name=op.f("orientation_pkey")),
    )
    op.create_table(
        "guardian_consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "asked", "given", "refused", "lapsed", "withdrawn",
                name="status", native_enum=False, create_constraint=True, length=40,
            ),
            server_default="asked",
            nullable=False,
        ),
        sa.Column("guardian_id", sa.Uuid(), nullable=True),
        _moment("asked_at"),
        _moment("answered_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(status IN ('asked', 'given')) = (ended_at IS NULL)", name=op.f("guardian_consent_ended_check")),
        sa.CheckConstraint(
            "status IN ('asked', 'lapsed') OR answered_at IS NOT NULL", name=op.f("guardian_consent_answered_check")
        ),
        _of_person("guardian_consent"),
        sa.ForeignKeyConstraint(["guardian_id"], ["person.id"], name=op.f("guardian_consent_guardian_id_fkey")),
        sa.ForeignKeyConstraint(["edition"], ["edition.code"], name=op.f("guardian_consent_edition_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("guardian_consent_pkey")),
    )  # fmt: skip
    op.create_index("guardian_consent_guardian_id_idx", "guardian_consent", ["guardian_id"])
    op.create_index("guardian_consent_person_idx", "guardian_consent", ["person_id", "asked_at"])
    op.create_index(
        "guardian_consent_open_key",
        "guardian_consent",
        ["person_id", "edition"],
        unique=True,
        postgresql_where=sa.text("status IN ('asked', 'given')"),
    )
    op.add_column("edition", sa.Column("orientation", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("edition", sa.Column("enrolment", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("edition", sa.Column("guardian_below", sa.Integer(), server_default="18", nullable=False))
    op.add_column(
        "opportunity",
        sa.Column(
            "orientation",
            sa.Enum(
                "as_edition", "required", "not_required", "held",
                name="orientation", native_enum=False, create_constraint=False, length=40,
            ),
            server_default="as_edition",
            nullable=False,
        ),
    )  # fmt: skip
    op.add_column("sign_up", _moment("guardian_by", nullable=True))
    op.create_index(
        "sign_up_guardian_idx", "sign_up", ["guardian_by"], postgresql_where=sa.text("guardian_by IS NOT NULL")
    )
    op.execute(
        "ALTER TABLE sign_up ADD CONSTRAINT sign_up_guardian_check CHECK (guardian_by IS NULL OR status = 'pending')"
    )
    op.execute(
        "ALTER TABLE opportunity ADD CONSTRAINT opportunity_orientation_check"
        " CHECK (orientation IN ('as_edition', 'required', 'not_required', 'held'))"
    )
