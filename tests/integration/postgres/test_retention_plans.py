"""The statements that remove expired rows read indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from sayso.narrations import NarrationStatus
from sayso.narrations.postgres import pruning_statements

if TYPE_CHECKING:
    from support.postgres.databases import Databases

FILL = """
insert into sayso.narrations (id, owner, fingerprint, job_id, status, name, voice, speed, style, audio, subtitles,
    finished_at)
select 'nar_' || n, '', '', gen_random_uuid(), case when n % 10 = 0 then 'running' else 'completed' end, '', '', 1, '',
    '{mp3}', '{srt}', now() - n * interval '1 minute'
from generate_series(1, 20000) as n;
insert into sayso.tasks (parent_id, task_id, status) select id, 'mp3', 'COMPLETED' from sayso.narrations;
insert into sayso.events (parent_id, kind, at)
select id, 'progress', now() - interval '9 days' from sayso.narrations, generate_series(1, 3);
insert into sayso.jobs (id, queue, body, state, finished_at)
select gen_random_uuid(), 'stories', '{}', (array['done', 'dead', 'cancelled'])[1 + n % 3],
    now() - n * interval '1 minute'
from generate_series(1, 30000) as n;
"""

ABOUT: dict[str, Any] = {
    "statuses": [str(status) for status in NarrationStatus if status.is_final],
    "days": 1.0,
    "limit": 100,
    "after": "-infinity",
    "number": 0,
    "callbacks": "callbacks",
    "reserved": 300,
    "ids": [f"nar_{n}" for n in range(1, 100)],
    "parent": "",
    "task": "",
}

ASKED = {
    **{f"jobs that are {end}": (statement, ABOUT) for end, statement in pruning_statements.JOBS.items()},
    "narrations": (pruning_statements.RESERVE, ABOUT),
    "their jobs": (pruning_statements.JOBS_OF, {"ids": [UUID(int=1)] * 100, "failed": [UUID(int=1)]}),
    "their callbacks": (pruning_statements.CALLBACKS_OF, {**ABOUT, "keys": ["nar_1 completed"] * 300}),
    "their files": (pruning_statements.FILES_OF, ABOUT),
    "their events": (pruning_statements.EVENTS_OF, ABOUT),
    "their tasks": (pruning_statements.TASKS_OF, ABOUT),
    "themselves": (pruning_statements.NARRATIONS, ABOUT),
    "old events": (pruning_statements.OLD_EVENTS, {**ABOUT, "after": 0}),
    "tasks of nobody": (pruning_statements.OLD_TASKS, ABOUT),
}


@pytest.fixture(scope="module")
def full(databases: Databases) -> str:
    """A database in which most has ended."""
    conninfo = databases.new()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(FILL)
        connection.execute("analyze")
    return conninfo


@pytest.mark.parametrize("asked", ASKED)
def test_a_batch_reads_indexes(full: str, asked: str) -> None:
    """No batch reads a table from end to end, so that each takes as long as it has rows."""
    statement, about = ASKED[asked]
    with psycopg.connect(full) as connection:
        plan = "\n".join(line for (line,) in connection.execute(f"explain {statement}", about))
        connection.rollback()
    assert "Seq Scan" not in plan, plan
