"""Rate limits that processes share."""

from alembic import op

revision = "0004"
down_revision = "0003"

UP = """
-- Of each limit, when all permits that were taken will have been earned back.
-- Rows are changed often: while there is room on their page, no index changes with them.
create table sayso.rate_limits (
    name text primary key,
    free_at timestamptz not null
) with (fillfactor = 50);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(UP)
