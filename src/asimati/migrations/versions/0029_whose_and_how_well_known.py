"""Booking asks how well somebody is known; a draft may be for a member of the household; cases to be indexed again are found

Revision: 0029, after 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appointment_service", sa.Column("assurance", sa.Text(), server_default="phone", nullable=False))
    op.create_check_constraint(
        op.f("appointment_service_assurance_check"),
        "appointment_service",
        "assurance IN ('anonymous', 'phone', 'standard', 'advanced')",
    )
    # The catalogue's levels; the pack's next sync says the same.
    op.execute(
        """
        UPDATE appointment_service SET assurance = service.assurance FROM service
        WHERE service.code = appointment_service.code
        """
    )
    op.add_column("request_draft", sa.Column("member_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("request_draft_member_id_fkey"), "request_draft", "household_member", ["member_id"], ["id"]
    )
    op.create_index(op.f("request_draft_member_id_idx"), "request_draft", ["member_id"])
    op.create_index("service_request_edition_idx", "service_request", ["search_edition"])
