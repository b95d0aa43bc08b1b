"""An index of old narrations, and a column that reserves one for removal by a process."""

from alembic import op

revision = "0003"
down_revision = "0002"

UP = """
-- Until when a process is at removing the narration; after that, it has died, and another begins again.
alter table sayso.narrations add column removing_until timestamptz;

create index narrations_ended on sayso.narrations (finished_at, number)
    where status in ('completed', 'failed', 'cancelled');
"""


def upgrade() -> None:
    """Add the column and the indexes."""
    op.execute(UP)
