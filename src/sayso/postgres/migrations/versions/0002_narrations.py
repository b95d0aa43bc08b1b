"""Narrations, whose status is derived from that of their tasks."""

from alembic import op

revision = "0002"
down_revision = "0001"

UP = """
create table sayso.narrations (
    id text primary key,
    number bigint generated always as identity,
    owner text not null,
    idempotency_key text,
    fingerprint text not null,
    job_id uuid not null,
    status text not null default 'queued'
        check (status in ('queued', 'running', 'completed', 'failed', 'cancelled')),
    name text not null,
    voice text not null,
    speed double precision not null,
    language text,
    style text not null,
    audio text[] not null,
    subtitles text[] not null,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    callback_url text,
    callback_status text not null default 'pending'
        check (callback_status in ('pending', 'delivered', 'failed')),
    callback_attempts jsonb not null default '[]'
);

-- A page of everybody's, of an owner's, and of those that are so far.
create unique index narrations_all on sayso.narrations (number);
create index narrations_owner on sayso.narrations (owner, number);
create index narrations_owner_status on sayso.narrations (owner, status, number);
create index narrations_status on sayso.narrations (status, number);
create unique index narrations_key on sayso.narrations (owner, idempotency_key) where idempotency_key is not null;

-- What a narration is follows from its tasks, whoever changes them, in the same transaction: nobody can forget it.
create function sayso.narrations_follow() returns trigger language plpgsql as $$
begin
    -- Of two changes at a time the second waits here, and then sees what the first has done.
    perform 1 from sayso.narrations where id in (select parent_id from changed) order by id for update;
    update sayso.narrations as narration
    set status = seen.status,
        started_at = coalesce(narration.started_at, seen.started_at),
        finished_at = case when seen.status in ('completed', 'failed', 'cancelled') then now() end
    from (
        select parent_id,
            min(started_at) as started_at,
            case
                when bool_or(status = 'CANCELLED') then 'cancelled'
                when bool_or(status = 'FAILED') then 'failed'
                when bool_and(status = 'COMPLETED') then 'completed'
                when bool_and(status = 'PENDING') then 'queued'
                else 'running'
            end as status
        from sayso.tasks
        where parent_id in (select parent_id from changed)
        group by parent_id
    ) as seen
    where narration.id = seen.parent_id and narration.status <> seen.status;
    return null;
end
$$;

create trigger narrations_follow_changes after update on sayso.tasks
    referencing new table as changed for each statement execute function sayso.narrations_follow();
"""


def upgrade() -> None:
    """Create the table and its triggers."""
    op.execute(UP)
