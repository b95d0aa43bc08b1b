"""Alembic's environment: runs the migrations on the connection and in the transaction of `sayso.postgres.migrate`."""

from alembic import context

from sayso.postgres.privileges import SCHEMA

context.configure(
    connection=context.config.attributes["connection"], version_table="migrations", version_table_schema=SCHEMA
)
context.run_migrations()
