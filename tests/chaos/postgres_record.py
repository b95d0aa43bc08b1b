"""What happens to jobs and tasks in the database, written down by triggers in the transaction that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from chaos.record import Change, Delivery, Record, Settled

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS = "chaos"
"""What the harness calls itself; workers are called by their own names."""

_TABLES = """
create schema chaos;
create table chaos.writes (
    id bigint generated always as identity primary key,
    at double precision not null,
    worker text not null,
    kind text not null,
    was jsonb,
    now jsonb not null
);
create function chaos.write() returns trigger language plpgsql as $$
begin
    insert into chaos.writes (at, worker, kind, was, now)
    values (
        extract(epoch from clock_timestamp()), current_setting('application_name'), tg_table_name,
        to_jsonb(old) - 'body' - 'history', to_jsonb(new) - 'body' - 'history'
    );
    return null;
end
$$;
create trigger chaos_jobs after update on sayso.jobs for each row
    when (new.queue = 'stories') execute function chaos.write();
create trigger chaos_tasks after update on sayso.tasks for each row execute function chaos.write();
"""

_NEW = (
    "select *, extract(epoch from (now->>'lease_until')::timestamptz)::float8 as until from chaos.writes where id > %s"
)


class PostgresRecord:
    """See the module; for one thread at a time.

    Args:
        conninfo: of the database, with Sayso's tables.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._last = 0
        self._record = Record(are_jobs_fenced=True)
        with psycopg.connect(conninfo, application_name=OURS, autocommit=True) as connection:
            connection.execute(_TABLES)

    def read(self) -> Record:
        """The record so far; as it was before where the database does not answer."""
        try:
            with psycopg.connect(self._conninfo, application_name=OURS, row_factory=dict_row) as connection:
                rows = connection.execute(f"{_NEW} order by id", [self._last]).fetchall()
        except psycopg.OperationalError:
            return self._record
        for row in rows:
            self._last = max(self._last, row["id"])
            if row["kind"] == "jobs":
                self._add_job(row)
            else:
                self._add_task(row)
        return self._record

    def _add_job(self, row: Mapping[str, Any]) -> None:
        was, now = row["was"], row["now"]
        about = {"at": row["at"], "worker": row["worker"], "message": now["id"]}
        if now["state"] == "leased" and now["lease_id"] != was["lease_id"]:
            self._record.deliveries.append(Delivery(attempt=now["attempts"], **about))
        elif was["state"] == "leased" and now["state"] != "leased":
            self._record.settled.append(Settled(is_deleted=now["state"] != "waiting", **about))

    def _add_task(self, row: Mapping[str, Any]) -> None:
        now = row["now"]
        self._record.changes.append(
            Change(
                at=row["at"],
                worker=row["worker"],
                task=(now["parent_id"], now["task_id"]),
                status=now["status"],
                lease=now["lease_id"] or None,
                until=row["until"],
            )
        )
