"""Keep which grid was in force where and when an incident happened, beside what its file said.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEW = ("incident_grids", "incident_grid_bases", "incident_grid_base_rows")


def upgrade() -> None:
    _answers()
    _bases()
    for table in NEW:
        op.execute(
            f"ALTER TABLE gridgeo.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        )
        op.execute(
            f"CREATE POLICY owner_all ON gridgeo.{table} TO gridgeo_owner"
            " USING (true) WITH CHECK (true)"
        )


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table, schema="gridgeo")


def _text(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=not needed)


def _number(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.Double(), nullable=not needed)


def _answers() -> None:
    op.create_table(
        "incident_grids",
        _text("incident_id", needed=True),
        _text("grid_code"),
        _text("how", needed=True),
        _number("distance_m"),
        _number("x", needed=True),
        _number("y", needed=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name="pk_incident_grids"),
        sa.CheckConstraint(
            "how IN ('inside', 'border', 'nearest', 'none')",
            name=op.f("ck_incident_grids_how"),
        ),
        sa.CheckConstraint(
            "(how = 'none') = (grid_code IS NULL)", name=op.f("ck_incident_grids_grid")
        ),
        schema="gridgeo",
    )


def _bases() -> None:
    op.create_table(
        "incident_grid_bases",
        sa.Column("base_id", sa.BigInteger(), sa.Identity(always=True)),
        _text("digest", needed=True),
        _number("nearest_within_m"),
        sa.PrimaryKeyConstraint("base_id", name="pk_incident_grid_bases"),
        sa.UniqueConstraint("digest", name="uq_incident_grid_bases_digest"),
        schema="gridgeo",
    )
    op.create_table(
        "incident_grid_base_rows",
        sa.Column("base_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        _text("grid_code", needed=True),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.Column(
            "geometry",
            Geometry("GEOMETRY", srid=4490, spatial_index=False),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("base_id", "version_id", name="pk_incident_grid_base_rows"),
        sa.ForeignKeyConstraint(
            ["base_id"],
            ["gridgeo.incident_grid_bases.base_id"],
            name="fk_incident_grid_base_rows_base_id",
            ondelete="CASCADE",
        ),
        schema="gridgeo",
    )
