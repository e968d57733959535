"""Make room for the whole city: four layers, the lawful basis of feeds, the history of rows.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEW = ("streets", "waters", "addresses", "rosters", "history")
ADDED: dict[str, tuple[tuple[str, type[sa.types.TypeEngine]], ...]] = {
    "households": (("placed_by", sa.Text), ("updated_on", sa.Date)),
    "incidents": (("grid_code", sa.Text), ("placed_by", sa.Text)),
    "feeds": (("purpose", sa.Text), ("lawful_basis", sa.Text)),
}
LINES = "'LINESTRING', 'MULTILINESTRING'"
AREAS = "'POLYGON', 'MULTIPOLYGON'"


def upgrade() -> None:
    _layers()
    for table, columns in ADDED.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind()), schema="gridgeo")
    for name in ("data_from", "data_to"):
        op.add_column("feeds", _moment(name), schema="gridgeo")
    op.create_index("ix_incidents_grid_code", "incidents", ["grid_code"], schema="gridgeo")
    _history()
    for table in NEW:
        op.execute(
            f"ALTER TABLE gridgeo.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        )
        op.execute(
            f"CREATE POLICY owner_all ON gridgeo.{table} TO gridgeo_owner"
            " USING (true) WITH CHECK (true)"
        )
    # What stood before an update is evidence: it can be read, not rewritten.
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON gridgeo.history FROM gridgeo_owner")


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table, schema="gridgeo")
    op.drop_index("ix_incidents_grid_code", "incidents", schema="gridgeo")
    for name in ("data_to", "data_from"):
        op.drop_column("feeds", name, schema="gridgeo")
    for table, columns in ADDED.items():
        for name, _ in columns:
            op.drop_column(table, name, schema="gridgeo")


def _text(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=not needed)


def _number(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=not needed)


def _moment(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=not needed)


def _layers() -> None:
    _layer("streets", "street_id", _text("name"), _text("kind"), kinds=LINES)
    _layer("waters", "water_id", _text("name"), _text("kind"), kinds=f"{LINES}, {AREAS}")
    _layer(
        "addresses",
        "address_id",
        _text("address", needed=True),
        _text("grid_code"),
        shape="POINT",
        sought=("grid_code",),
    )
    _layer(
        "rosters",
        "roster_id",
        _text("worker_id", needed=True),
        _text("grid_code"),
        _moment("starts_at", needed=True),
        _moment("ends_at", needed=True),
        shape="",
        sought=("worker_id", "starts_at"),
    )


def _layer(
    table: str,
    key: str,
    *parts: sa.schema.SchemaItem,
    shape: str = "GEOMETRY",
    kinds: str = "",
    sought: tuple[str, ...] = (),
) -> None:
    whole: list[sa.schema.SchemaItem] = [_text(key, needed=True), *parts]
    if shape:
        kind = Geometry(shape, srid=4490, spatial_index=False)
        whole.append(sa.Column("geometry", kind, nullable=False))
    if kinds:
        name = op.f(f"ck_{table}_geometry")
        whole.append(sa.CheckConstraint(f"geometrytype(geometry) IN ({kinds})", name=name))
    whole += [
        _number("feed_id"),
        sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["feed_id"], ["gridgeo.feeds.feed_id"], name=f"fk_{table}_feed_id"),
    ]
    op.create_table(table, *whole, schema="gridgeo")
    for column in (*sought, "feed_id"):
        op.create_index(f"ix_{table}_{column}", table, [column], schema="gridgeo")
    if shape:
        op.create_index(
            f"ix_{table}_geometry", table, ["geometry"], schema="gridgeo", postgresql_using="gist"
        )


def _history() -> None:
    op.create_table(
        "history",
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True)),
        _text("layer", needed=True),
        _text("key", needed=True),
        sa.Column("row", postgresql.JSONB(), nullable=False),
        _number("feed_id"),
        _number("replaced_by_feed", needed=True),
        _moment("replaced_at", needed=True),
        sa.PrimaryKeyConstraint("history_id", name="pk_history"),
        sa.ForeignKeyConstraint(
            ["replaced_by_feed"], ["gridgeo.feeds.feed_id"], name="fk_history_replaced_by_feed"
        ),
        schema="gridgeo",
    )
    op.create_index("ix_history_layer_key", "history", ["layer", "key"], schema="gridgeo")
