"""Jobs, tasks and their events."""

from alembic import op

revision = "0001"
down_revision = None

UP = """
create sequence sayso.lease_ids;

create table sayso.jobs (
    id uuid primary key,
    queue text not null,
    body text not null,
    dedup_key text,
    state text not null default 'waiting' check (state in ('waiting', 'leased', 'done', 'dead', 'cancelled')),
    attempts integer not null default 0,
    available_at timestamptz not null default now(),
    lease_id bigint,
    lease_until timestamptz,
    claim uuid,
    worker text,
    error text,
    history jsonb not null default '[]',
    created_at timestamptz not null default now(),
    finished_at timestamptz
);

-- What a claim looks through: never what is done, of which there is most.
create index jobs_waiting on sayso.jobs (queue, available_at, id) where state = 'waiting';
create index jobs_leased on sayso.jobs (queue, lease_until) where state = 'leased';
create index jobs_finished on sayso.jobs (state, finished_at) where state in ('done', 'dead', 'cancelled');
create unique index jobs_dedup on sayso.jobs (queue, dedup_key) where dedup_key is not null;

create table sayso.tasks (
    parent_id text not null,
    task_id text not null,
    status text not null default 'PENDING'
        check (status in ('PENDING', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'CANCELLED')),
    media_url text,
    error text,
    progress double precision not null default 0,
    audio_seconds double precision not null default 0,
    lease_id bigint not null default 0,
    lease_until timestamptz,
    started_at timestamptz,
    date_updated timestamptz not null default now(),
    primary key (parent_id, task_id)
);

create table sayso.events (
    id bigint generated always as identity primary key,
    parent_id text not null,
    at timestamptz not null default now(),
    kind text not null,
    data jsonb not null default '{}'
);
create index events_parent on sayso.events (parent_id, id);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(UP)
