"""The history of the schema, one file for each migration; Alembic finds them by their names."""
