"""What the database reads for what is asked most often: never the table, of which most is done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from sayso.jobs.postgres import statements
from sayso.postgres.pool import Database

if TYPE_CHECKING:
    from support.postgres.databases import Databases

FILL = """
insert into sayso.jobs (id, queue, body, state, finished_at, lease_id, lease_until, available_at)
select gen_random_uuid(), 'q', '{}', state, case when state = 'done' then now() end, number,
    case when state = 'leased' then now() + interval '1 second' * (number % 60 - 30) end,
    now() - interval '1 second' * number
from (
    select number,
        case when number <= 100000 then 'done' when number <= 101000 then 'waiting' else 'leased' end as state
    from generate_series(1, 101100) as number
) as jobs
"""

ABOUT: dict[str, Any] = {
    "queue": "q",
    "limit": 20,
    "worker": "w",
    "lease": 30.0,
    "claim": uuid4(),
    "unanswered": [uuid4()],
    "ids": [uuid4(), uuid4()],
    "leases": [1, 2],
    "queues": ["q", "q"],
    "keys": ["k", None],
}

ASKED = {
    name: getattr(statements, name)
    for name in ("FIND_ENQUEUED", "CLAIM", "RECLAIM", "NEXT", "HEARTBEAT", "HELD", "FINISH", "BACKLOG")
}


@pytest.fixture(scope="module")
def full(databases: Databases) -> str:
    """A database with 100,000 jobs done, 1,000 waiting, and 100 in hand, of which half were lost."""
    conninfo = databases.new()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(FILL)
        connection.execute("analyze sayso.jobs")
    return conninfo


@pytest.mark.parametrize("analysed", [True, False])
@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_often_reads_indexes(full: str, name: str, *, analysed: bool) -> None:
    """With statistics and without, no plan reads the table from end to end."""
    with psycopg.connect(full) as connection:
        if not analysed:
            connection.execute("delete from pg_statistic where starelid = 'sayso.jobs'::regclass")
        plan = "\n".join(line for (line,) in connection.execute(f"explain {ASKED[name]}", ABOUT))
        connection.rollback()
    assert "Seq Scan on jobs" not in plan, plan


PREPARED = sorted(set(ASKED) - {"FIND_ENQUEUED", "RECLAIM"})


@pytest.mark.parametrize("name", PREPARED)
def test_the_plan_for_any_parameters_reads_indexes_too(full: str, name: str) -> None:
    """Connections of one client keep a plan that is made once, for no limit and no number of leases in particular."""
    statement, types = ASKED[name], {"queue": "text", "worker": "text", "claim": "uuid"}
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(r"%\((\w+)\)s", lambda match: f"${names.index(match[1]) + 1}", statement)
    declared = ", ".join(types.get(each, "unknown") for each in names)
    with psycopg.connect(full, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("set plan_cache_mode = force_generic_plan")
        connection.execute(f"prepare asked ({declared}) as {numbered}")
        values = ", ".join(["%s"] * len(names))
        explained = connection.execute(f"explain execute asked ({values})", [ABOUT[each] for each in names])
        plan = "\n".join(line for (line,) in explained)
        connection.rollback()
        connection.execute("deallocate all")
    assert "Seq Scan on jobs" not in plan, plan
    assert name != "CLAIM" or {"jobs_waiting", "jobs_leased"} <= set(re.findall(r"using (\w+) on jobs", plan)), plan


def test_a_claim_reads_no_more_than_it_takes(full: str) -> None:
    """Twenty jobs are found by the index in their order: nothing is sorted, and little more than they is read."""
    with psycopg.connect(full) as connection:
        plan = "\n".join(
            line for (line,) in connection.execute(f"explain (analyze, buffers) {statements.CLAIM}", ABOUT)
        )
        connection.rollback()
    assert "Sort" not in plan, plan
    assert {"jobs_waiting", "jobs_leased"} <= set(re.findall(r"using (\w+) on jobs", plan)), plan
    hits = re.findall(r"shared hit=(\d+)", plan)
    assert int(hits[0]) < 2000, plan


async def test_claims_follow_the_order_of_what_waits(full: str) -> None:
    """Those come first whose worker died, then those that have waited longest."""

    async with Database(full, listen=False) as database, database.transaction() as transaction:
        rows = await transaction.fetch(statements.CLAIM, {**ABOUT, "limit": 200})
        claimed = [row["id"] for row in sorted(rows, key=lambda row: row["lease_id"])]
        found = await transaction.fetch(
            "select id, history <> '[]' as was_lost, available_at from sayso.jobs where id = any(%(ids)s)",
            {"ids": claimed},
        )
        facts = {row["id"]: row for row in found}
        lost = [facts[each]["was_lost"] for each in claimed]
        assert len(claimed) == 200
        assert sum(lost) > 0
        waited = [facts[each]["available_at"] for each in claimed if not facts[each]["was_lost"]]
        youngest = max(waited)
        passed_over = await transaction.fetch(
            "select 1 from sayso.jobs where state = 'waiting' and available_at < %(youngest)s",
            {"youngest": youngest},
        )
        assert not passed_over
