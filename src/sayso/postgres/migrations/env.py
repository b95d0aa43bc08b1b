"""What Alembic runs: the migrations, on the connection and in the transaction of whoever asked for them."""

from alembic import context

from sayso.postgres.privileges import SCHEMA

context.configure(
    connection=context.config.attributes["connection"], version_table="migrations", version_table_schema=SCHEMA
)
context.run_migrations()
