"""Visits tell whether the household had asked for them.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visits", sa.Column("asked_for", sa.Boolean()), schema="gridgeo")


def downgrade() -> None:
    op.drop_column("visits", "asked_for", schema="gridgeo")
