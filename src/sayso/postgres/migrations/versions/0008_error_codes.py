"""The kinds of errors with which tasks failed."""

from alembic import op

revision = "0008"
down_revision = "0007"

UP = """
-- For programs, such as unknown_voice; null where an earlier version recorded the failure.
alter table sayso.tasks add column error_code text;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(UP)
