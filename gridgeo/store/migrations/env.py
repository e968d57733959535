"""Run migrations on the connection that ``gridgeo.store.migrate`` hands over."""

from alembic import context
from geoalchemy2 import alembic_helpers

from gridgeo.store.migrate import ours
from gridgeo.store.tables import WORKING, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=WORKING,
    include_schemas=True,
    include_object=ours,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
)
with context.begin_transaction():
    context.run_migrations()
