"""The schema's history, a file for each step; Alembic finds them by their names."""
