"""The SQL statements of the store of narrations.

Each may be executed twice, because the response of the first may be lost.
"""

from __future__ import annotations

from typing import LiteralString


def _records(narrations: LiteralString) -> LiteralString:
    """A statement that returns narrations with their tasks and latest event, given the one that finds their rows."""
    return f"""
        select narration.*, coalesce(event.id, 0) as event_id, task.progress, task.audio_seconds, task.error,
            task.error_code, task.files
        from ({narrations}) as narration
        cross join lateral (
            select coalesce(max(progress), 0) as progress, coalesce(max(audio_seconds), 0) as audio_seconds,
                max(error) as error, max(error_code) as error_code, jsonb_object_agg(task_id, media_url) as files
            from sayso.tasks where parent_id = narration.id
        ) as task
        left join lateral (
            select id from sayso.events where parent_id = narration.id order by id desc limit 1
        ) as event on true
        order by number desc
    """  # noqa: S608 -- made of literals


FIND = _records("select * from sayso.narrations where id = any(%(ids)s)")

PAGE = _records("""
    select * from sayso.narrations
    where (%(owner)s::text is null or owner = %(owner)s)
        and (%(status)s::text is null or status = %(status)s)
        and (%(before)s::bigint is null or number < %(before)s)
    order by number desc limit %(limit)s
""")

CHANGED = """
select known.id from unnest(%(ids)s::text[], %(seen)s::bigint[]) as known (id, event_id)
cross join lateral (
    select id from sayso.events where parent_id = known.id order by id desc limit 1
) as latest
where latest.id > known.event_id
"""

ADD = """
insert into sayso.narrations (
    id, owner, idempotency_key, fingerprint, job_id,
    name, voice, speed, language, style, audio, subtitles, lexicon, callback_url
) values (
    %(id)s, %(owner)s, %(key)s, %(fingerprint)s, %(job_id)s,
    %(name)s, %(voice)s, %(speed)s, %(language)s, %(style)s, %(audio)s::text[], %(subtitles)s::text[], %(lexicon)s,
    %(callback_url)s
)
on conflict do nothing
returning id
"""

FIND_BY_KEY = """
select id, fingerprint from sayso.narrations
where id = %(id)s or (owner = %(owner)s and idempotency_key = %(key)s)
"""

ADD_TASKS = "insert into sayso.tasks (parent_id, task_id) select %(id)s, unnest(%(tasks)s::text[])"

ADD_EVENT = "insert into sayso.events (parent_id, kind) values (%(id)s, %(kind)s)"

LOCK_TASKS = "select from sayso.tasks where parent_id = %(id)s order by task_id for update"

CANCEL_TASKS = """
update sayso.tasks
set status = 'CANCELLED', lease_id = nextval('sayso.lease_ids'), lease_until = null, date_updated = now()
where parent_id = %(id)s and status <> 'COMPLETED'
"""

RETRY_JOB = """
update sayso.jobs set state = 'waiting', attempts = 0, available_at = now(), finished_at = null, lease_until = null
where id = %(job_id)s and state in ('dead', 'done', 'cancelled')
returning id
"""

JOB_IS_OPEN = "select id from sayso.jobs where id = %(job_id)s and state in ('waiting', 'leased')"

RETRY_TASKS = """
update sayso.tasks
set status = 'PENDING', lease_id = nextval('sayso.lease_ids'), lease_until = null, error = null, error_code = null,
    progress = 0, audio_seconds = 0, started_at = null, date_updated = now()
where parent_id = %(id)s and status <> 'COMPLETED'
"""

RESTART = "update sayso.narrations set started_at = null where id = %(id)s"

EXPECT_CALLBACK = "update sayso.narrations set callback_status = 'pending' where id = %(id)s"

FAIL_CALLBACK = """
update sayso.narrations set callback_status = 'failed' where id = %(id)s and callback_status = 'pending'
"""

RECORD_ATTEMPT = """
update sayso.narrations
set callback_status = %(callback)s,
    callback_attempts = callback_attempts || jsonb_build_object(
        'key', %(key)s::text, 'at', now(), 'status', %(status)s::integer, 'error', %(error)s::text)
where id = %(id)s and callback_url is not null
    and not callback_attempts @> jsonb_build_array(jsonb_build_object('key', %(key)s::text))
"""
