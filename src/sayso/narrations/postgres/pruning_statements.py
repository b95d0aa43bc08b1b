"""The SQL statements that remove expired rows, see `sayso.narrations.postgres.pruning`."""

from __future__ import annotations

from typing import Literal, LiteralString, TypeAlias, get_args

JobEnd: TypeAlias = Literal["done", "cancelled", "dead"]
JOB_ENDS: tuple[JobEnd, ...] = get_args(JobEnd)

# Commits do not wait for the disk: rows that reappear after a crash are removed again, and commits keep their order.
LAZY = "select set_config('synchronous_commit', 'off', true)"

TURN = "select pg_try_advisory_xact_lock(%(lock)s) as is_ours"

JOBS: dict[JobEnd, LiteralString] = {
    # With the state as a literal: only then does the planner know that the index covers all of them.
    end: f"""
        delete from sayso.jobs where id = any (array(
            select id from sayso.jobs
            where state = '{end}' and finished_at < now() - %(days)s * interval '1 day'
            order by finished_at limit %(limit)s for update skip locked
        ))
        returning id
    """  # noqa: S608 -- made of literals
    for end in JOB_ENDS
}

RESERVE = """
update sayso.narrations set removing_until = now() + %(reserved)s * interval '1 second'
where id = any (array(
    select narration.id from sayso.narrations as narration
    left join lateral (
        select true as is_open from sayso.jobs where id = narration.job_id and state in ('waiting', 'leased') limit 1
    ) as job on true
    left join lateral (
        select true as is_open from sayso.jobs
        where queue = %(callbacks)s and dedup_key = narration.id || ' ' || narration.status
            and state in ('waiting', 'leased')
        limit 1
    ) as callback on true
    where narration.status in ('completed', 'failed', 'cancelled') and narration.status = any (%(statuses)s)
        and finished_at < now() - %(days)s * interval '1 day'
        and (finished_at, number) > (%(after)s::timestamptz, %(number)s)
        and (removing_until is null or removing_until < now())
        -- A failed one is being tried again; what is completed or cancelled stays so, whatever its job does.
        and (job.is_open is null or narration.status <> 'failed') and callback.is_open is null
    order by finished_at, number limit %(limit)s for update of narration skip locked
))
returning id, number, finished_at, job_id, status, audio || subtitles as formats
"""
# Each job is looked up by its key: for `not exists` the planner may read the whole table of jobs.

RESERVE_ONE = """
update sayso.narrations as narration set removing_until = now() + %(reserved)s * interval '1 second'
where id = %(id)s and status in ('completed', 'failed', 'cancelled')
    and (removing_until is null or removing_until < now())
    and (status <> 'failed' or not exists (
        select from sayso.jobs where id = narration.job_id and state in ('waiting', 'leased')))
    and not exists (
        select from sayso.jobs
        where queue = %(callbacks)s and dedup_key = narration.id || ' ' || narration.status
            and state in ('waiting', 'leased'))
returning id, number, finished_at, job_id, status, audio || subtitles as formats
"""

RELEASE = "update sayso.narrations set removing_until = null where id = %(id)s"

JOBS_OF = """
delete from sayso.jobs
where id = any (%(ids)s) and (state in ('done', 'dead', 'cancelled') or id <> all (%(failed)s))
"""

CALLBACKS_OF = """
delete from sayso.jobs
where queue = %(callbacks)s and dedup_key = any (%(keys)s) and state in ('done', 'dead', 'cancelled')
"""

OPEN_JOBS = "select id from sayso.jobs where id = any (%(ids)s)"

FILES_OF = "select media_url from sayso.tasks where parent_id = any (%(ids)s) and media_url is not null"

EVENTS_OF = """
delete from sayso.events where id = any (array(
    select id from sayso.events where parent_id = any (%(ids)s) order by parent_id, id limit %(limit)s
))
returning id
"""

TASKS_OF = "delete from sayso.tasks where parent_id = any (%(ids)s)"

NARRATIONS = """
delete from sayso.narrations where id = any (%(ids)s) and removing_until is not null
returning id
"""

OLD_EVENTS = """
with seen as (
    select id, parent_id, at from sayso.events where id > %(after)s order by id limit %(limit)s
), gone as (
    delete from sayso.events where id = any (array(
        select seen.id from seen
        left join lateral (
            select true as is_there from sayso.events where parent_id = seen.parent_id and id > seen.id limit 1
        ) as later on true
        left join lateral (
            select true as is_there from sayso.tasks where parent_id = seen.parent_id limit 1
        ) as task on true
        where seen.at < now() - %(days)s * interval '1 day' and (later.is_there or task.is_there is null)
    ))
    returning id
)
select (select count(*) from gone) as removed, (select max(id) from seen) as after,
    (select count(*) < %(limit)s or bool_or(at >= now() - %(days)s * interval '1 day') from seen) as is_last
"""
# The latest event of a parent stays: its number is the event id of the narration.

OLD_TASKS = """
with seen as (
    select parent_id, task_id, date_updated, lease_until from sayso.tasks
    where (parent_id, task_id) > (%(parent)s, %(task)s) order by parent_id, task_id limit %(limit)s
), gone as (
    delete from sayso.tasks as task using seen
    left join lateral (
        select true as is_there from sayso.narrations where id = seen.parent_id limit 1
    ) as narration on true
    where task.parent_id = seen.parent_id and task.task_id = seen.task_id
        and seen.date_updated < now() - %(days)s * interval '1 day'
        and (seen.lease_until is null or seen.lease_until < now())
        and narration.is_there is null
    returning task.task_id
)
select (select count(*) from gone) as removed, (select count(*) < %(limit)s from seen) as is_last,
    (select array[parent_id, task_id] from seen order by parent_id desc, task_id desc limit 1) as after
"""
