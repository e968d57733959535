"""The tables: ``gridgeo`` holds what the city knows, ``published`` what has left the house.

Columns of imported layers follow from their contracts. Imported layers refer to each other
without foreign keys, on purpose: a clerk imports files in the order they arrive, and a visit to a
household that is not on record is a finding to mend, not a reason to refuse the file. Rows that
the house makes itself (rejects of a feed, units of a plan, features of a layer) do have them.

Long because one file shows the whole database.
"""

from dataclasses import replace

from geoalchemy2 import Geometry
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.types import TypeEngine

from gridgeo.model import contract as promise
from gridgeo.model.findings import FINDINGS
from gridgeo.model.frames import GRIDS, LAYERS
from gridgeo.model.plan_states import PLAN_STATES

WORKING, PUBLISHED = "gridgeo", "published"
REST_SRID, GIVE_OUT_SRID = 4490, 4326

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# Columns that questions narrow by, beside the key and the geometry.
SOUGHT: dict[str, tuple[str, ...]] = {
    "villages": ("town_code",),
    "grids": ("village_code",),
    "units": ("village_code", "grid_code"),
    "addresses": ("grid_code",),
    "households": ("grid_code",),
    "appointments": ("grid_code", "worker_id"),
    "rosters": ("worker_id", "starts_at"),
    "fixes": ("track_id", "t"),
    "patrols": ("grid_code", "starts_at"),
    "incidents": ("reported_at", "department", "grid_code"),
    "dispatches": ("incident_id",),
    "visits": ("household_id", "visited_at"),
}

_TYPES: dict[promise.Kind, type[TypeEngine]] = {
    "text": Text,
    "int": BigInteger,
    "float": Double,
    "bool": Boolean,
    "date": Date,
}


def _moment() -> TIMESTAMP:
    return TIMESTAMP(timezone=True)


def _columns(contract: promise.Contract) -> list[Column]:
    return [
        Column(
            column.name,
            _moment() if column.kind == "time" else _TYPES[column.kind](),
            nullable=not column.required,
        )
        for column in contract.columns
    ]


def _geometry(kind: str) -> Geometry:
    # The index is written out at each table, so that it bears the house's name.
    return Geometry(kind, srid=REST_SRID, spatial_index=False)


def _layer_table(contract: promise.Contract) -> Table:
    """Make the table of an imported layer: its contract, and the feed that brought each row."""
    name = contract.name
    parts: list[Column | Index | CheckConstraint] = [*_columns(contract)]
    if contract.geometry == ("Point",):
        parts.append(Column("geometry", _geometry("POINT"), nullable=False))
    elif contract.geometry:
        parts.append(Column("geometry", _geometry("GEOMETRY"), nullable=False))
        kinds = ", ".join(f"'{kind.upper()}'" for kind in contract.geometry)
        parts.append(CheckConstraint(f"geometrytype(geometry) IN ({kinds})", name="geometry"))
    # Not a foreign key: feeds cannot be deleted (see the third migration), and the check of each
    # row would take longer than all else.
    parts.append(Column("feed_id", BigInteger, index=True))
    parts += [Index(f"ix_{name}_{column}", column) for column in SOUGHT.get(name, ())]
    if contract.geometry:
        parts.append(Index(f"ix_{name}_geometry", "geometry", postgresql_using="gist"))
    return Table(name, metadata, *_key(contract), *parts, schema=WORKING)


def _key(contract: promise.Contract) -> list[Column | CheckConstraint | ExcludeConstraint]:
    if contract is not GRIDS:
        return [Column(contract.key, Text, primary_key=True)]
    # A grid has a life: one row a version, never two in force on the same day.
    return [
        Column("version_id", BigInteger, Identity(always=True), primary_key=True),
        Column(contract.key, Text, nullable=False),
        CheckConstraint("valid_from < valid_to", name="life"),
        ExcludeConstraint(
            (Column(contract.key), "="),
            (text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_grids_one_in_force",
        ),
    ]


feeds = Table(
    "feeds",
    metadata,
    Column("feed_id", BigInteger, Identity(always=True), primary_key=True),
    Column("layer", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("params_digest", Text, nullable=False),
    Column("department", Text),
    Column("purpose", Text),
    Column("lawful_basis", Text),
    Column("data_from", _moment()),
    Column("data_to", _moment()),
    Column("rows_read", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("imported_at", _moment(), nullable=False),
    Column("imported_by", Text, nullable=False),
    Index("ix_feeds_layer_sha256_params_digest", "layer", "sha256", "params_digest"),
    schema=WORKING,
)

layers: dict[str, Table] = {name: _layer_table(contract) for name, contract in LAYERS.items()}

rejects = Table(
    "rejects",
    metadata,
    Column("reject_id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "feed_id",
        BigInteger,
        ForeignKey(f"{WORKING}.feeds.feed_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("row_no", BigInteger, nullable=False),
    Column("field", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason_zh", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("content", JSONB),
    schema=WORKING,
)

# What an import replaced, as it stood; rows are only ever added (see the second migration).
history = Table(
    "history",
    metadata,
    Column("history_id", BigInteger, Identity(always=True), primary_key=True),
    Column("layer", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("row", JSONB, nullable=False),
    Column("feed_id", BigInteger),
    Column("replaced_by_feed", BigInteger, ForeignKey(f"{WORKING}.feeds.feed_id"), nullable=False),
    Column("replaced_at", _moment(), nullable=False),
    Index("ix_history_layer_key", "layer", "key"),
    schema=WORKING,
)

# Plans are kept like history: rows are only ever added (see the fourth migration). A plan stands
# where its last step says.
plans = Table(
    "plans",
    metadata,
    Column("plan_id", BigInteger, Identity(always=True), primary_key=True),
    Column("created_at", _moment(), nullable=False),
    schema=WORKING,
)

# What a plan was made from: a digest of every grid and unit that stood. Plans share it.
plan_bases = Table(
    "plan_bases",
    metadata,
    Column("base_id", BigInteger, Identity(always=True), primary_key=True),
    Column("digest", Text, nullable=False),
    UniqueConstraint("digest"),
    schema=WORKING,
)

plan_base_rows = Table(
    "plan_base_rows",
    metadata,
    Column("base_id", BigInteger, ForeignKey(f"{WORKING}.plan_bases.base_id"), primary_key=True),
    Column("layer", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("grid_code", Text),  # of a unit, that day
    schema=WORKING,
)

plan_versions = Table(
    "plan_versions",
    metadata,
    Column("plan_id", BigInteger, ForeignKey(f"{WORKING}.plans.plan_id"), primary_key=True),
    Column("version_no", Integer, primary_key=True),
    Column("created_at", _moment(), nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text),
    Column("seed", BigInteger, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("scores", JSONB, nullable=False),
    Column("base_date", Date),
    Column("base_id", BigInteger, ForeignKey(f"{WORKING}.plan_bases.base_id")),
    schema=WORKING,
)


def _of_version(table: str) -> ForeignKeyConstraint:
    versions = [f"{WORKING}.plan_versions.{name}" for name in ("plan_id", "version_no")]
    name = f"fk_{table}_version"
    return ForeignKeyConstraint(["plan_id", "version_no"], versions, name=name)


plan_units = Table(
    "plan_units",
    metadata,
    Column("plan_id", BigInteger, primary_key=True),
    Column("version_no", Integer, primary_key=True),
    Column("unit_id", Text, primary_key=True),
    Column("grid_code", Text, nullable=False),
    _of_version("plan_units"),
    schema=WORKING,
)

plan_steps = Table(
    "plan_steps",
    metadata,
    Column("plan_id", BigInteger, primary_key=True),
    Column("step_no", Integer, primary_key=True),
    Column("version_no", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", _moment(), nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text),
    Column("publicity_days", Integer),
    Column("valid_from", Date),
    Column("feed_id", BigInteger, ForeignKey(f"{WORKING}.feeds.feed_id")),
    _of_version("plan_steps"),
    CheckConstraint(f"state IN ({', '.join(map(repr, PLAN_STATES))})", name="state"),
    CheckConstraint("(state = 'publicised') = (publicity_days IS NOT NULL)", name="publicity"),
    CheckConstraint(
        "(state = 'filed') = (valid_from IS NOT NULL AND feed_id IS NOT NULL)", name="filed"
    ),
    # Every read of units asks which filed plans move them.
    Index("ix_plan_steps_filed", "valid_from", postgresql_where=text("state = 'filed'")),
    schema=WORKING,
)

# Which grid an incident belongs to, and the place and day this was answered for; the grid that its
# file put on record stays in ``incidents``. No foreign key: the check of each row would take
# longer than its answer, and every run takes answers of rows that are gone away.
incident_grids = Table(
    "incident_grids",
    metadata,
    Column("incident_id", Text, primary_key=True),
    Column("grid_code", Text),
    Column("how", Text, nullable=False),
    Column("distance_m", Double),
    Column("x", Double, nullable=False),
    Column("y", Double, nullable=False),
    Column("day", Date, nullable=False),
    CheckConstraint("how IN ('inside', 'border', 'nearest', 'none')", name="how"),
    CheckConstraint("(how = 'none') = (grid_code IS NULL)", name="grid"),
    schema=WORKING,
)

# The grids that answers were given by. More than one means that a run was cut off: each answer
# is right by one of them.
incident_grid_bases = Table(
    "incident_grid_bases",
    metadata,
    Column("base_id", BigInteger, Identity(always=True), primary_key=True),
    Column("digest", Text, nullable=False),
    Column("nearest_within_m", Double),
    UniqueConstraint("digest"),
    schema=WORKING,
)

incident_grid_base_rows = Table(
    "incident_grid_base_rows",
    metadata,
    Column(
        "base_id",
        BigInteger,
        ForeignKey(f"{WORKING}.incident_grid_bases.base_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("version_id", BigInteger, primary_key=True),
    Column("grid_code", Text, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("geometry", _geometry("GEOMETRY"), nullable=False),
    schema=WORKING,
)

# What a patrol walked of each street: kept instead of the track itself.
patrol_intervals = Table(
    "patrol_intervals",
    metadata,
    Column(
        "patrol_id",
        Text,
        ForeignKey(f"{WORKING}.patrols.patrol_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("street_id", Text, primary_key=True),
    Column("from_m", Double, primary_key=True),
    Column("to_m", Double, nullable=False),
    CheckConstraint("0 <= from_m AND from_m <= to_m", name="length"),
    Index("ix_patrol_intervals_street_id", "street_id"),
    schema=WORKING,
)

# A row of the register with its life in it.
REGISTER = replace(
    FINDINGS,
    columns=(
        *FINDINGS.columns,
        promise.Column("opened_on", "date", required=True, zh="发现日", en="day first found"),
        promise.Column("closed_on", "date", zh="消除日", en="day found mended"),
    ),
)

# One row an episode: a fault that was mended and comes back opens a new one.
findings = Table(
    "findings",
    metadata,
    Column("episode_id", BigInteger, Identity(always=True), primary_key=True),
    Column(REGISTER.key, Text, nullable=False),
    *_columns(REGISTER),
    Column("geometry", _geometry("GEOMETRY")),
    Index(
        "ix_findings_open",
        REGISTER.key,
        unique=True,
        postgresql_where=text("closed_on IS NULL"),
    ),
    Index("ix_findings_grid_code", "grid_code"),
    Index("ix_findings_geometry", "geometry", postgresql_using="gist"),
    schema=WORKING,
)

published_layers = Table(
    "layers",
    metadata,
    Column("layer_pk", BigInteger, Identity(always=True), primary_key=True),
    Column("layer_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("meta", JSONB, nullable=False),
    Column("columns", JSONB, nullable=False),  # name and dtype in order; JSONB keeps no order
    Column("digest", Text, nullable=False),
    Column("created_at", _moment(), nullable=False, server_default=func.now()),
    UniqueConstraint("layer_id", "version"),
    Index("ix_layers_current", "layer_id", unique=True, postgresql_where=text('"current"')),
    schema=PUBLISHED,
)

published_features = Table(
    "features",
    metadata,
    Column(
        "layer_pk",
        BigInteger,
        ForeignKey(f"{PUBLISHED}.layers.layer_pk", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("feature_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("properties", JSONB, nullable=False),
    Column("geom", Geometry("GEOMETRY", srid=GIVE_OUT_SRID, spatial_index=False)),
    Index("ix_features_geom", "geom", postgresql_using="gist"),
    schema=PUBLISHED,
)

# Every figure that ever left the house; rows are only ever added (see the first migration).
ledger = Table(
    "ledger",
    metadata,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("layer_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("feature_id", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("column", Text, nullable=False),
    Column("value", Double),
    Index("ix_ledger_layer_id_feature_id", "layer_id", "feature_id"),
    schema=PUBLISHED,
)
