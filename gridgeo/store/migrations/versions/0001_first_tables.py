"""Make the first tables, with row security from the first day.

Revision 0001, the first.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LAYERS = (
    "towns",
    "villages",
    "grids",
    "units",
    "households",
    "stations",
    "workers",
    "appointments",
    "incidents",
    "visits",
)
WORKING = ("feeds", *LAYERS, "rejects", "plans", "plan_units", "findings")
PUBLISHED = ("layers", "features", "ledger")


def upgrade() -> None:
    _feeds()
    _places()
    _people()
    _happenings()
    _plans_and_findings()
    _published()
    _row_security()


def downgrade() -> None:
    for name in reversed(PUBLISHED):
        op.drop_table(name, schema="published")
    for name in reversed(WORKING):
        op.drop_table(name, schema="gridgeo")
    op.execute("REVOKE USAGE ON SCHEMA published FROM gridgeo_api")


def _text(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=not needed)


def _number(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=not needed)


def _day(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.Date(), nullable=not needed)


def _moment(name: str, *, needed: bool = False, **more: Any) -> sa.Column:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=not needed, **more)


def _json(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), nullable=not needed)


def _shape(kind: str = "GEOMETRY", *, name: str = "geometry", srid: int = 4490) -> sa.Column:
    return sa.Column(name, Geometry(kind, srid=srid, spatial_index=False))


def _numbered(name: str, table: str) -> tuple:
    return (
        sa.Column(name, sa.BigInteger(), sa.Identity(always=True)),
        sa.PrimaryKeyConstraint(name, name=f"pk_{table}"),
    )


def _layer(
    table: str,
    key: str,
    *parts: sa.schema.SchemaItem,
    shape: str = "",
    sought: tuple[str, ...] = (),
) -> None:
    """Create the table of an imported layer, with its indexes."""
    whole = [*parts, _number("feed_id")]
    whole.append(
        sa.ForeignKeyConstraint(["feed_id"], ["gridgeo.feeds.feed_id"], name=f"fk_{table}_feed_id")
    )
    if shape:
        whole.append(
            sa.Column("geometry", Geometry(shape, srid=4490, spatial_index=False), nullable=False)
        )
    if shape == "GEOMETRY":
        whole.append(
            sa.CheckConstraint(
                "geometrytype(geometry) IN ('POLYGON', 'MULTIPOLYGON')",
                name=op.f(f"ck_{table}_geometry"),
            )
        )
    if table != "grids":
        whole.append(sa.PrimaryKeyConstraint(key, name=f"pk_{table}"))
    op.create_table(table, _text(key, needed=True), *whole, schema="gridgeo")
    for column in (*sought, "feed_id"):
        op.create_index(f"ix_{table}_{column}", table, [column], schema="gridgeo")
    if shape:
        _spatial_index(table)


def _spatial_index(table: str, column: str = "geometry", schema: str = "gridgeo") -> None:
    op.create_index(f"ix_{table}_{column}", table, [column], schema=schema, postgresql_using="gist")


def _feeds() -> None:
    op.create_table(
        "feeds",
        *_numbered("feed_id", "feeds"),
        _text("layer", needed=True),
        _text("file_name", needed=True),
        _text("sha256", needed=True),
        _json("params", needed=True),
        _text("params_digest", needed=True),
        _text("department"),
        _number("rows_read", needed=True),
        _number("accepted", needed=True),
        _number("rejected", needed=True),
        _moment("imported_at", needed=True),
        _text("imported_by", needed=True),
        schema="gridgeo",
    )
    op.create_index(
        "ix_feeds_layer_sha256_params_digest",
        "feeds",
        ["layer", "sha256", "params_digest"],
        schema="gridgeo",
    )
    op.create_table(
        "rejects",
        *_numbered("reject_id", "rejects"),
        _number("feed_id", needed=True),
        _number("row_no", needed=True),
        _text("field", needed=True),
        _text("code", needed=True),
        _text("reason_zh", needed=True),
        _text("reason_en", needed=True),
        _json("content"),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["gridgeo.feeds.feed_id"], name="fk_rejects_feed_id", ondelete="CASCADE"
        ),
        schema="gridgeo",
    )
    op.create_index("ix_rejects_feed_id", "rejects", ["feed_id"], schema="gridgeo")


def _places() -> None:
    _layer("towns", "town_code", _text("name", needed=True), shape="GEOMETRY")
    _layer(
        "villages",
        "village_code",
        _text("name", needed=True),
        _text("town_code"),
        _text("kind"),
        shape="GEOMETRY",
        sought=("town_code",),
    )
    _layer(
        "grids",
        "grid_code",
        *_numbered("version_id", "grids"),
        _text("name"),
        _text("village_code"),
        _text("kind"),
        _text("duty_phone"),
        _day("valid_from"),
        _day("valid_to"),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_grids_life")),
        postgresql.ExcludeConstraint(
            (sa.column("grid_code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_grids_one_in_force",
        ),
        shape="GEOMETRY",
        sought=("village_code",),
    )
    _layer(
        "units",
        "unit_id",
        _number("households", needed=True),
        _text("village_code"),
        _text("grid_code"),
        shape="GEOMETRY",
        sought=("village_code", "grid_code"),
    )
    _layer(
        "stations",
        "station_id",
        _text("name"),
        _text("kind"),
        sa.Column("capacity", sa.Double()),
        shape="POINT",
    )


def _people() -> None:
    _layer(
        "households",
        "household_id",
        _text("address_id"),
        _text("size_band"),
        sa.Column("lived_in", sa.Boolean()),
        _text("grid_code"),
        shape="POINT",
        sought=("grid_code",),
    )
    _layer("workers", "worker_id", _text("employment", needed=True))
    _layer(
        "appointments",
        "appointment_id",
        _text("worker_id", needed=True),
        _text("grid_code", needed=True),
        _text("role", needed=True),
        _text("state", needed=True),
        _day("valid_from", needed=True),
        _day("valid_to"),
        sought=("grid_code", "worker_id"),
    )


def _happenings() -> None:
    _layer(
        "incidents",
        "incident_id",
        _text("class_code", needed=True),
        _text("channel"),
        _moment("reported_at", needed=True),
        _moment("closed_at"),
        _text("stage"),
        _text("department"),
        shape="POINT",
        sought=("reported_at", "department"),
    )
    _layer(
        "visits",
        "visit_id",
        _text("household_id", needed=True),
        _text("worker_id", needed=True),
        _moment("visited_at", needed=True),
        _text("outcome"),
        sought=("household_id", "visited_at"),
    )


def _plans_and_findings() -> None:
    op.create_table(
        "plans",
        *_numbered("plan_id", "plans"),
        _moment("created_at", needed=True),
        _text("state", needed=True),
        _number("seed", needed=True),
        _json("params", needed=True),
        _json("scores", needed=True),
        _day("base_date"),
        sa.CheckConstraint(
            "state IN ('draft', 'applied', 'recommended', 'examined', 'publicised',"
            " 'approved', 'filed')",
            name=op.f("ck_plans_state"),
        ),
        schema="gridgeo",
    )
    op.create_table(
        "plan_units",
        _number("plan_id", needed=True),
        _text("unit_id", needed=True),
        _text("grid_code", needed=True),
        sa.PrimaryKeyConstraint("plan_id", "unit_id", name="pk_plan_units"),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["gridgeo.plans.plan_id"],
            name="fk_plan_units_plan_id",
            ondelete="CASCADE",
        ),
        schema="gridgeo",
    )
    op.create_table(
        "findings",
        *_numbered("episode_id", "findings"),
        _text("finding_id", needed=True),
        _text("kind", needed=True),
        _text("subject", needed=True),
        _text("grid_code"),
        sa.Column("value", sa.Double()),
        _text("unit"),
        _text("standard", needed=True),
        _number("households"),
        sa.Column("severity", sa.Double()),
        _day("as_of"),
        _day("opened_on", needed=True),
        _day("closed_on"),
        _shape(),
        schema="gridgeo",
    )
    op.create_index(
        "ix_findings_open",
        "findings",
        ["finding_id"],
        unique=True,
        schema="gridgeo",
        postgresql_where=sa.text("closed_on IS NULL"),
    )
    op.create_index("ix_findings_grid_code", "findings", ["grid_code"], schema="gridgeo")
    _spatial_index("findings")


def _published() -> None:
    op.create_table(
        "layers",
        *_numbered("layer_pk", "layers"),
        _text("layer_id", needed=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        _json("meta", needed=True),
        _json("columns", needed=True),
        _text("digest", needed=True),
        _moment("created_at", needed=True, server_default=sa.func.now()),
        sa.UniqueConstraint("layer_id", "version", name="uq_layers_layer_id_version"),
        schema="published",
    )
    op.create_index(
        "ix_layers_current",
        "layers",
        ["layer_id"],
        unique=True,
        schema="published",
        postgresql_where=sa.text('"current"'),
    )
    op.create_table(
        "features",
        _number("layer_pk", needed=True),
        _text("feature_id", needed=True),
        sa.Column("position", sa.Integer(), nullable=False),
        _json("properties", needed=True),
        _shape(name="geom", srid=4326),
        sa.PrimaryKeyConstraint("layer_pk", "feature_id", name="pk_features"),
        sa.ForeignKeyConstraint(
            ["layer_pk"],
            ["published.layers.layer_pk"],
            name="fk_features_layer_pk",
            ondelete="CASCADE",
        ),
        schema="published",
    )
    _spatial_index("features", "geom", "published")
    op.create_table(
        "ledger",
        *_numbered("entry_id", "ledger"),
        _text("layer_id", needed=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("feature_id", needed=True),
        _text("period", needed=True),
        _text("column", needed=True),
        sa.Column("value", sa.Double()),
        schema="published",
    )
    op.create_index(
        "ix_ledger_layer_id_feature_id", "ledger", ["layer_id", "feature_id"], schema="published"
    )


def _row_security() -> None:
    """Deny by default: what no policy allows, nobody sees, the owner of the tables included."""
    tables = [f"gridgeo.{name}" for name in WORKING]
    tables += [f"published.{name}" for name in PUBLISHED]
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY owner_all ON {table} TO gridgeo_owner USING (true) WITH CHECK (true)"
        )
    op.execute("GRANT USAGE ON SCHEMA published TO gridgeo_api")
    op.execute("GRANT SELECT ON published.layers, published.features TO gridgeo_api")
    # The scope is asked once a statement, not once a row: hence the sub-select.
    op.execute(
        "CREATE POLICY api_reads ON published.layers FOR SELECT TO gridgeo_api USING ("
        "meta->>'disclosure' = 'public'"
        " OR (SELECT current_setting('gridgeo.scope', true)) = 'internal')"
    )
    # What layers.api_reads hides is hidden from this sub-select, too.
    op.execute(
        "CREATE POLICY api_reads ON published.features FOR SELECT TO gridgeo_api USING ("
        "layer_pk IN (SELECT layer_pk FROM published.layers))"
    )
    # A figure that left the house cannot be taken back, nor the memory of it.
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON published.ledger FROM gridgeo_owner")
