"""Make room for patrols and dispatches; findings tell how many people, and for how long.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NEW = ("fixes", "patrols", "dispatches", "patrol_intervals")


def upgrade() -> None:
    op.add_column("findings", sa.Column("persons", sa.Double()), schema="gridgeo")
    op.add_column("findings", sa.Column("days", sa.BigInteger()), schema="gridgeo")
    _layers()
    _intervals()
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
    for name in ("days", "persons"):
        op.drop_column("findings", name, schema="gridgeo")


def _text(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=not needed)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=False)


def _layers() -> None:
    _layer(
        "fixes",
        "fix_id",
        _text("track_id", needed=True),
        _text("worker_id", needed=True),
        _text("grid_code"),
        _moment("t"),
        sa.Column("geometry", Geometry("POINT", srid=4490, spatial_index=False), nullable=False),
        sought=("track_id", "t"),
    )
    op.create_index(
        "ix_fixes_geometry", "fixes", ["geometry"], schema="gridgeo", postgresql_using="gist"
    )
    _layer(
        "patrols",
        "patrol_id",
        _text("worker_id", needed=True),
        _text("grid_code", needed=True),
        _moment("starts_at"),
        _moment("ends_at"),
        sa.Column("fixes", sa.BigInteger()),
        sa.Column("inside_share", sa.Double()),
        sa.Column("distance_m", sa.Double()),
        sought=("grid_code", "starts_at"),
    )
    _layer(
        "dispatches",
        "dispatch_id",
        _text("incident_id", needed=True),
        _text("grid_code", needed=True),
        _moment("dispatched_at"),
        sought=("incident_id",),
    )


def _layer(table: str, key: str, *parts: sa.Column, sought: tuple[str, ...]) -> None:
    op.create_table(
        table,
        _text(key, needed=True),
        *parts,
        sa.Column("feed_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
        schema="gridgeo",
    )
    for column in (*sought, "feed_id"):
        op.create_index(f"ix_{table}_{column}", table, [column], schema="gridgeo")


def _intervals() -> None:
    op.create_table(
        "patrol_intervals",
        _text("patrol_id", needed=True),
        _text("street_id", needed=True),
        sa.Column("from_m", sa.Double(), nullable=False),
        sa.Column("to_m", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("patrol_id", "street_id", "from_m", name="pk_patrol_intervals"),
        sa.ForeignKeyConstraint(
            ["patrol_id"],
            ["gridgeo.patrols.patrol_id"],
            name="fk_patrol_intervals_patrol_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "0 <= from_m AND from_m <= to_m", name=op.f("ck_patrol_intervals_length")
        ),
        schema="gridgeo",
    )
    op.create_index(
        "ix_patrol_intervals_street_id", "patrol_intervals", ["street_id"], schema="gridgeo"
    )
