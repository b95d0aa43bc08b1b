"""The floor of the queue: its own statements, sent by pgbench, with nothing between.

pgbench is a program in C that comes with PostgreSQL, in the wheel of the embedded server as well. One client claims a
batch and finishes it, and so on, with the statements of `sayso.jobs.postgres.statements`, prepared as a worker has
them. A batch has as many jobs as a worker does at once. Nothing is between the two: no handler, no heartbeat, and no
body leaves the server. It says how many jobs a second PostgreSQL and this disk allow with these statements, one after
the other; a worker with many jobs at once may exceed that, for it claims some while it finishes others.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import psycopg

from sayso.jobs.postgres import statements
from sayso.postgres.embedded.programs import find_program

if TYPE_CHECKING:
    from pathlib import Path

_QUEUE = "floor"
_FILL = """
insert into sayso.jobs (id, queue, body, available_at)
select gen_random_uuid(), %s, '{}', now() from generate_series(1, %s)
"""
_RATE = re.compile(r"tps = ([\d.]+)")


def jobs_a_second(conninfo: str, work: Path, *, jobs: int, batch: int) -> float:
    """How many jobs pgbench claims and finishes a second, of as many as there are.

    Args:
        conninfo: a database with Sayso's tables.
        work: a directory for the script.
        jobs: how many; a multiple of ``batch``.
        batch: how many are claimed and finished with one statement.

    Raises:
        NotInstalled: the wheel with pgbench is missing.
        CalledProcessError: pgbench failed.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("delete from sayso.jobs where queue = %s", [_QUEUE])
        connection.execute(_FILL, [_QUEUE, jobs])
    script = work / "floor.sql"
    script.write_text(_script(batch))
    options = ["-n", "-M", "prepared", "-c", "1", "-t", str(jobs // batch), "-f", str(script), conninfo]
    command = [str(find_program("pgbench")), *options]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with psycopg.connect(conninfo, autocommit=True) as connection:
        done = connection.execute(
            "select count(*) from sayso.jobs where queue = %s and state = 'done'", [_QUEUE]
        ).fetchone()
        assert done == (jobs,), done
    found = _RATE.search(printed)
    assert found is not None, printed
    return float(found[1]) * batch


def _script(batch: int) -> str:
    """Claim a batch, and finish it by the ids and leases that the claim returned; a statement is one line."""
    claim = _line(
        statements.CLAIM,
        queue=f"'{_QUEUE}'",
        limit=str(batch),
        lease="30",
        worker="'pgbench'",
        claim="'00000000-0000-0000-0000-000000000001'::uuid",
    )
    gathered = "array_agg(id) as ids, array_agg(lease_id) as leases, count(body) as bodies"
    finish = _line(statements.FINISH, ids=":ids", leases=":leases")
    return f"with claimed as ({claim}) select {gathered} from claimed \\gset\n{finish};\n"  # noqa: S608 -- our own


def _line(statement: str, **values: str) -> str:
    for name, value in values.items():
        statement = statement.replace(f"%({name})s", value)
    return " ".join(statement.split())
