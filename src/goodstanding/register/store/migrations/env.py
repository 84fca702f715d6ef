"""Run the migrations on the connection that `founding` holds, inside its transaction."""

from alembic import context

from goodstanding.register.store.schema import REVISION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=REVISION_TABLE
)
with context.begin_transaction():
    context.run_migrations()
