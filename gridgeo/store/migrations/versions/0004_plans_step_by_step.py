"""Keep plans in versions and steps that are only ever added, with what each was made from.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW = ("plan_bases", "plan_base_rows", "plan_versions", "plan_steps")
ADDED_TO_ONLY = ("plans", "plan_units", *NEW)


def upgrade() -> None:
    _tables()
    _versions_of_old_plans()
    op.drop_constraint("pk_plan_units", "plan_units", schema="gridgeo")
    op.drop_constraint("fk_plan_units_plan_id", "plan_units", schema="gridgeo")
    op.add_column(
        "plan_units",
        sa.Column("version_no", sa.Integer(), nullable=False, server_default="1"),
        schema="gridgeo",
    )
    op.alter_column("plan_units", "version_no", server_default=None, schema="gridgeo")
    op.create_primary_key(
        "pk_plan_units", "plan_units", ["plan_id", "version_no", "unit_id"], schema="gridgeo"
    )
    _of_version("plan_units")
    op.drop_constraint(op.f("ck_plans_state"), "plans", schema="gridgeo")
    for name in ("state", "seed", "params", "scores", "base_date"):
        op.drop_column("plans", name, schema="gridgeo")
    for table in NEW:
        op.execute(
            f"ALTER TABLE gridgeo.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        )
        op.execute(
            f"CREATE POLICY owner_all ON gridgeo.{table} TO gridgeo_owner"
            " USING (true) WITH CHECK (true)"
        )
    _only_added_to()


def downgrade() -> None:
    for table in ADDED_TO_ONLY:
        op.execute(f"DROP TRIGGER only_added_to ON gridgeo.{table}")
    op.execute("DROP FUNCTION gridgeo.only_added_to()")
    for name, kind in (
        ("state", sa.Text()),
        ("seed", sa.BigInteger()),
        ("params", postgresql.JSONB()),
        ("scores", postgresql.JSONB()),
        ("base_date", sa.Date()),
    ):
        op.add_column("plans", sa.Column(name, kind), schema="gridgeo")
    op.execute(
        "UPDATE gridgeo.plans p SET seed = v.seed, params = v.params, scores = v.scores,"
        " base_date = v.base_date, state = CASE s.state WHEN 'proposed' THEN 'examined'"
        " WHEN 'withdrawn' THEN 'draft' WHEN 'rejected' THEN 'draft' ELSE s.state END"
        " FROM gridgeo.plan_versions v, gridgeo.plan_steps s"
        " WHERE v.plan_id = p.plan_id AND s.plan_id = p.plan_id AND NOT EXISTS (SELECT FROM"
        " gridgeo.plan_versions w WHERE w.plan_id = v.plan_id AND w.version_no > v.version_no)"
        " AND NOT EXISTS (SELECT FROM gridgeo.plan_steps t WHERE t.plan_id = s.plan_id"
        " AND t.step_no > s.step_no)"
    )
    op.execute(
        "DELETE FROM gridgeo.plan_units u WHERE EXISTS (SELECT FROM gridgeo.plan_versions w"
        " WHERE w.plan_id = u.plan_id AND w.version_no > u.version_no)"
    )
    for name in ("state", "seed", "params", "scores"):
        op.alter_column("plans", name, nullable=False, schema="gridgeo")
    op.create_check_constraint(
        op.f("ck_plans_state"),
        "plans",
        "state IN ('draft', 'applied', 'recommended', 'examined', 'publicised',"
        " 'approved', 'filed')",
        schema="gridgeo",
    )
    op.drop_constraint("fk_plan_units_version", "plan_units", schema="gridgeo")
    op.drop_constraint("pk_plan_units", "plan_units", schema="gridgeo")
    op.drop_column("plan_units", "version_no", schema="gridgeo")
    op.create_primary_key("pk_plan_units", "plan_units", ["plan_id", "unit_id"], schema="gridgeo")
    op.create_foreign_key(
        "fk_plan_units_plan_id",
        "plan_units",
        "plans",
        ["plan_id"],
        ["plan_id"],
        source_schema="gridgeo",
        referent_schema="gridgeo",
        ondelete="CASCADE",
    )
    for table in ("plan_steps", "plan_versions", "plan_base_rows", "plan_bases"):
        op.drop_table(table, schema="gridgeo")


def _text(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=not needed)


def _number(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=not needed)


def _small(name: str, *, needed: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=not needed)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=False)


def _tables() -> None:
    op.create_table(
        "plan_bases",
        sa.Column("base_id", sa.BigInteger(), sa.Identity(always=True)),
        _text("digest", needed=True),
        sa.PrimaryKeyConstraint("base_id", name="pk_plan_bases"),
        sa.UniqueConstraint("digest", name="uq_plan_bases_digest"),
        schema="gridgeo",
    )
    op.create_table(
        "plan_base_rows",
        _number("base_id", needed=True),
        _text("layer", needed=True),
        _text("key", needed=True),
        _text("digest", needed=True),
        _text("grid_code"),
        sa.PrimaryKeyConstraint("base_id", "layer", "key", name="pk_plan_base_rows"),
        sa.ForeignKeyConstraint(
            ["base_id"], ["gridgeo.plan_bases.base_id"], name="fk_plan_base_rows_base_id"
        ),
        schema="gridgeo",
    )
    op.create_table(
        "plan_versions",
        _number("plan_id", needed=True),
        _small("version_no", needed=True),
        _moment("created_at"),
        _text("by", needed=True),
        _text("note"),
        _number("seed", needed=True),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("scores", postgresql.JSONB(), nullable=False),
        sa.Column("base_date", sa.Date()),
        _number("base_id"),
        sa.PrimaryKeyConstraint("plan_id", "version_no", name="pk_plan_versions"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["gridgeo.plans.plan_id"], name="fk_plan_versions_plan_id"
        ),
        sa.ForeignKeyConstraint(
            ["base_id"], ["gridgeo.plan_bases.base_id"], name="fk_plan_versions_base_id"
        ),
        schema="gridgeo",
    )
    op.create_table(
        "plan_steps",
        _number("plan_id", needed=True),
        _small("step_no", needed=True),
        _small("version_no", needed=True),
        _text("state", needed=True),
        _moment("at"),
        _text("by", needed=True),
        _text("note"),
        _small("publicity_days"),
        sa.Column("valid_from", sa.Date()),
        _number("feed_id"),
        sa.PrimaryKeyConstraint("plan_id", "step_no", name="pk_plan_steps"),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["gridgeo.feeds.feed_id"], name="fk_plan_steps_feed_id"
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'proposed', 'publicised', 'approved', 'filed', 'withdrawn',"
            " 'rejected')",
            name=op.f("ck_plan_steps_state"),
        ),
        sa.CheckConstraint(
            "(state = 'publicised') = (publicity_days IS NOT NULL)",
            name=op.f("ck_plan_steps_publicity"),
        ),
        sa.CheckConstraint(
            "(state = 'filed') = (valid_from IS NOT NULL AND feed_id IS NOT NULL)",
            name=op.f("ck_plan_steps_filed"),
        ),
        schema="gridgeo",
    )
    _of_version("plan_steps")
    op.create_index(
        "ix_plan_steps_filed",
        "plan_steps",
        ["valid_from"],
        schema="gridgeo",
        postgresql_where=sa.text("state = 'filed'"),
    )


def _of_version(table: str) -> None:
    op.create_foreign_key(
        f"fk_{table}_version",
        table,
        "plan_versions",
        ["plan_id", "version_no"],
        ["plan_id", "version_no"],
        source_schema="gridgeo",
        referent_schema="gridgeo",
    )


def _versions_of_old_plans() -> None:
    """Give every plan that stands its one version, and the steps it must have taken."""
    op.execute(
        "INSERT INTO gridgeo.plan_versions"
        " (plan_id, version_no, created_at, by, seed, params, scores, base_date)"
        " SELECT plan_id, 1, created_at, 'gridgeo', seed, params, scores, base_date"
        " FROM gridgeo.plans"
    )
    # Until now plans had the states of an appointment. One that was called filed changed no
    # border, which is what filing does from here on: it waits, approved.
    op.execute(
        "INSERT INTO gridgeo.plan_steps"
        " (plan_id, step_no, version_no, state, at, by, note, publicity_days)"
        " SELECT plan_id, step.no, 1, step.state, created_at, 'gridgeo',"
        " 'was ' || plans.state || ' before steps were kept',"
        " CASE step.state WHEN 'publicised' THEN 7 END"
        " FROM gridgeo.plans, (VALUES (1, 'draft'), (2, 'proposed'), (3, 'publicised'),"
        " (4, 'approved')) AS step (no, state)"
        " WHERE step.no <= CASE plans.state WHEN 'recommended' THEN 2 WHEN 'examined' THEN 2"
        " WHEN 'publicised' THEN 3 WHEN 'approved' THEN 4 WHEN 'filed' THEN 4 ELSE 1 END"
    )


def _only_added_to() -> None:
    """Let rows of plans be added and read, never changed nor taken away.

    Not by missing privileges as for the history: a foreign key locks the row it points to, and
    needs the right to update it.
    """
    op.execute(
        "CREATE FUNCTION gridgeo.only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME; END $$"
    )
    for table in ADDED_TO_ONLY:
        op.execute(
            f"CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON gridgeo.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION gridgeo.only_added_to()"
        )
