"""The SQL statements of a queue.

Each may be executed twice, because the response of the first may be lost: a change that was made already stays.
"""

ENQUEUE = """
insert into sayso.jobs (id, queue, body, dedup_key, available_at)
values (%(id)s, %(queue)s, %(body)s, %(key)s, now() + %(delay)s * interval '1 second')
on conflict do nothing
returning id
"""

ENQUEUE_ALL = """
insert into sayso.jobs (id, queue, body, dedup_key, available_at)
select id, queue, body, dedup_key, now() + delay_seconds * interval '1 second'
from unnest(%(ids)s::uuid[], %(queues)s::text[], %(bodies)s::text[], %(keys)s::text[], %(delays)s::float8[])
    as job (id, queue, body, dedup_key, delay_seconds)
order by queue, dedup_key, id
on conflict do nothing
returning id
"""
# For a single job it takes half as long again as `ENQUEUE`. In the order of the keys, so that two transactions that add
# the same jobs do not wait for each other.

FIND_ENQUEUED = """
select wanted.id as wanted_id, found.id
from unnest(%(ids)s::uuid[], %(queues)s::text[], %(keys)s::text[]) as wanted (id, queue, dedup_key)
cross join lateral (
    select id from sayso.jobs where id = wanted.id
    union all
    select id from sayso.jobs where queue = wanted.queue and dedup_key = wanted.dedup_key
    limit 1
) as found
"""

CLAIM = """
with expired as (
    select id from sayso.jobs
    where queue = %(queue)s and state = 'leased' and lease_until < now()
    order by lease_until limit %(limit)s for update skip locked
), waiting as (
    select id from sayso.jobs
    where queue = %(queue)s and state = 'waiting' and available_at <= now()
    order by available_at, id limit %(limit)s - (select count(*) from expired) for update skip locked
)
update sayso.jobs
set state = 'leased', attempts = attempts + 1, worker = %(worker)s, claim = %(claim)s,
    lease_id = nextval('sayso.lease_ids'), lease_until = now() + %(lease)s * interval '1 second',
    history = case
        when state = 'leased' then history || jsonb_build_object(
            'attempt', attempts, 'worker', worker, 'at', now(), 'error', 'Its worker was not heard of any more.')
        else history
    end
where id = any (array(select id from expired union all select id from waiting))
returning id, lease_id, body, attempts, available_at, extract(epoch from now() - created_at)::float8 as age_seconds,
    history @> '[{"error": "Its worker was not heard of any more."}]' as is_suspect
"""
# An array, so that however many rows the planner expects, it looks each up and never reads the table.

RECLAIM = """
update sayso.jobs
set claim = %(claim)s, lease_until = now() + %(lease)s * interval '1 second'
where id = any (array(
    select id from sayso.jobs
    where queue = %(queue)s and state = 'leased' and claim = any (%(unanswered)s)
    order by id limit %(limit)s for update skip locked
))
returning id, lease_id, body, attempts, available_at, extract(epoch from now() - created_at)::float8 as age_seconds,
    history @> '[{"error": "Its worker was not heard of any more."}]' as is_suspect
"""

NEXT = """
select extract(epoch from least(
    (select min(available_at) from sayso.jobs where queue = %(queue)s and state = 'waiting'),
    (select min(lease_until) from sayso.jobs where queue = %(queue)s and state = 'leased')
) - now())::float8 as seconds
"""

HEARTBEAT = """
update sayso.jobs as job set lease_until = now() + %(lease)s * interval '1 second'
from unnest(%(ids)s::uuid[], %(leases)s::bigint[]) as held (id, lease_id)
where job.id = held.id and job.lease_id = held.lease_id and state = 'leased'
returning job.lease_id
"""

HELD = """
select job.lease_id from sayso.jobs as job
join unnest(%(ids)s::uuid[], %(leases)s::bigint[]) as held (id, lease_id) using (id, lease_id)
where job.state = 'leased'
"""

FINISH = """
update sayso.jobs as job
set state = 'done', finished_at = now(), lease_until = null, error = null
from unnest(%(ids)s::uuid[], %(leases)s::bigint[]) as held (id, lease_id)
where job.id = held.id and job.lease_id = held.lease_id and state in ('leased', 'done')
returning job.lease_id
"""

RETRY = """
update sayso.jobs
set state = 'waiting', lease_until = null,
    -- A job that was released untried keeps its place in the queue.
    available_at = case
        when %(error)s::text is null and %(delay)s = 0 then least(available_at, now())
        else now() + %(delay)s * interval '1 second'
    end,
    attempts = case when %(error)s::text is null and state = 'leased' then attempts - 1 else attempts end,
    error = coalesce(%(error)s, error),
    history = case
        when %(error)s::text is not null and state = 'leased' then history || jsonb_build_object(
            'attempt', attempts, 'worker', %(worker)s::text, 'at', now(), 'error', %(error)s::text)
        else history
    end
where id = %(id)s and lease_id = %(lease_id)s and state in ('leased', 'waiting')
returning id
"""

DEAD_LETTER = """
update sayso.jobs
set state = 'dead', lease_until = null, finished_at = now(), error = %(error)s,
    history = case
        when state = 'leased' then history || jsonb_build_object(
            'attempt', attempts, 'worker', %(worker)s::text, 'at', now(), 'error', %(error)s::text)
        else history
    end
where id = %(id)s and lease_id = %(lease_id)s and state in ('leased', 'dead')
returning id
"""

CANCEL = """
with cancelled as (
    update sayso.jobs
    set state = 'cancelled', lease_id = nextval('sayso.lease_ids'), lease_until = null, finished_at = now()
    where id = %(id)s and state in ('waiting', 'leased')
    returning id
)
select id from cancelled
"""

BACKLOG = """
select count(*) filter (where lease_until is null or lease_until < now()) as waiting,
    count(*) filter (where lease_until >= now()) as in_flight,
    extract(epoch from now() - min(created_at))::float8 as oldest_age_seconds
from (
    select null as lease_until, created_at from sayso.jobs where queue = %(queue)s and state = 'waiting'
    union all
    select lease_until, created_at from sayso.jobs where queue = %(queue)s and state = 'leased'
) as unfinished
"""
# In two parts, each of which has an index.

RELEASE_WORKER = """
with released as (
    update sayso.jobs set lease_until = now() - interval '1 second'
    where queue = %(queue)s and state = 'leased' and worker = %(worker)s
    returning id, substring(body from '"narration_id": "([^"]+)"') as narration_id
), claims as (
    update sayso.tasks as task set lease_until = null
    from released where task.parent_id = released.narration_id and task.status = 'IN_PROGRESS'
)
select id from released
"""
# The claims too: the next worker would wait for the end of the dead worker's.
