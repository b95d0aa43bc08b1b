"""Model sync: which process writes to a volume."""

from alembic import op

revision = "0006"
down_revision = "0005"

UP = """
-- The lease of a volume. Its number grows with each holder. A holder that ends in good order releases it; is_takeover
-- says that the holder before did not, and may still run.
create table sayso.sync_leases (
    volume text primary key,
    lease_id bigint not null,
    token text not null,
    holder text not null,
    leased_until timestamptz not null,
    is_released boolean not null default false,
    is_takeover boolean not null default false
) with (fillfactor = 50);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(UP)
