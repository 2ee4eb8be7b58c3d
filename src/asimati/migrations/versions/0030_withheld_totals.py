"""A former figure may be withheld; all figures are made anew, for totals about few people are withheld now

Revision: 0030, after 0029
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("former_tally", "value", nullable=True)
    # Every month is told anew by the worker that looks for marks; until it comes nothing is told of it.
    op.execute("INSERT INTO figure_mark (measure, period) SELECT DISTINCT measure, period FROM tally_cell")
    op.execute("DELETE FROM figure")
