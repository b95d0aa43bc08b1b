"""The statements of the store of narrations read indexes."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sayso.narrations.postgres import statements

PLANS: dict[str, dict[str, Any]] = {
    "an owner's": {"owner": "ann", "status": None, "before": None},
    "everybody's": {"owner": None, "status": None, "before": None},
    "an owner's of one status": {"owner": "ann", "status": "failed", "before": None},
    "everybody's of one status": {"owner": None, "status": "failed", "before": 3000},
}


@pytest.fixture(scope="module")
def many(database_url: str) -> str:
    """A database with thousands of narrations, few of them failed."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("truncate sayso.narrations, sayso.tasks, sayso.events")
        connection.execute("""
            insert into sayso.narrations (
                id, owner, fingerprint, job_id, status, name, voice, speed, style, audio, subtitles)
            select 'nar_' || n, case when n % 2 = 0 then 'ann' else 'bob' end, '', gen_random_uuid(),
                case when n % 50 = 0 then 'failed' else 'completed' end, 'a', 'b', 1, 'netflix', '{mp3}', '{srt}'
            from generate_series(1, 5000) as n
        """)
        connection.execute("""
            insert into sayso.tasks (parent_id, task_id, status)
            select 'nar_' || n, unnest('{mp3,srt}'::text[]), 'COMPLETED' from generate_series(1, 5000) as n
        """)
        connection.execute(
            "insert into sayso.events (parent_id, kind) select 'nar_' || n % 5000, 'a' from generate_series(1, 20000) n"
        )
        connection.execute("analyze sayso.narrations, sayso.tasks, sayso.events")
    return database_url


def plan_of(url: str, statement: str, about: dict[str, Any]) -> str:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        rows = connection.execute(f"explain {statement}".encode(), about).fetchall()
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("which", PLANS)
def test_a_page_is_read_by_an_index(many: str, which: str) -> None:
    """However many narrations there are, neither are all read nor sorted."""
    plan = plan_of(many, statements.PAGE, PLANS[which] | {"limit": 21})
    assert "Seq Scan" not in plan, plan
    assert "Index Scan Backward using narrations_" in plan, plan


def test_changes_are_found_by_an_index(many: str) -> None:
    """Of a thousand narrations that are followed, without reading the others' events."""
    about = {"ids": [f"nar_{number}" for number in range(1000)], "seen": [10**9] * 1000}
    assert "Seq Scan" not in plan_of(many, statements.CHANGED, about)
    assert "Seq Scan" not in plan_of(many, statements.FIND, {"ids": ["nar_7", "nar_8"]})
