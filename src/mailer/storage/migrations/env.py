"""Alembic's entry: runs the history on the connection that `mailer.storage.schema` passes, inside its transaction."""

from alembic import context

from mailer.storage import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_as_batch=True,  # SQLite cannot alter most things: batch operations rebuild the table
    transactional_ddl=True,  # true on SQLite too, because we own BEGIN
)
context.run_migrations()
