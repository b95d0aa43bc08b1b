"""Cards: the leases of another application's jobs, the published files, and what was bought."""

from alembic import op

revision = "0005"
down_revision = "0004"

UP = """
create sequence sayso.card_lease_ids;

-- A row of the application's table that a worker has, had, or is to have again later.
-- A lease that was released ended at -infinity.
create table sayso.card_leases (
    application text not null,
    job_id text not null,
    lease_id bigint not null,
    worker text not null,
    leased_until timestamptz not null,
    available_at timestamptz not null,
    attempts int not null,
    is_suspect boolean not null default false,
    last_error text,
    primary key (application, job_id)
) with (fillfactor = 50);

-- Rows in processing without a lease of ours: another worker's, until they have not changed for a while.
create table sayso.card_sightings (
    application text not null,
    job_id text not null,
    state text not null,
    seen_at timestamptz not null,
    primary key (application, job_id)
);

-- The triggers that were installed in applications' databases, which may take them away.
create table sayso.card_triggers (
    application text primary key,
    installed_at timestamptz not null default now()
);

-- What has each name, and the content that it had first, which decides whether its URL needs a version: caches keep
-- the first for a year, also after the file was removed.
create table sayso.card_files (
    name text primary key,
    subject text not null,
    job_id text not null,
    speech_key text not null,
    first_content text not null,
    sha256 text not null,
    size_bytes bigint not null,
    published_at timestamptz not null default now()
);
create index card_files_by_job on sayso.card_files (job_id);

-- A text that some worker speaks now: the others wait for it.
create table sayso.card_speech_claims (
    speech_key text primary key,
    owner uuid not null,
    claimed_until timestamptz not null
) with (fillfactor = 50);

-- By day in UTC: what was sent to a paid engine, and how many phrases each job needed and found.
create table sayso.card_purchases (
    day date not null,
    job_id text not null,
    engine text not null,
    phrases int not null default 0,
    cached int not null default 0,
    characters bigint not null default 0,
    primary key (day, job_id, engine)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(UP)
