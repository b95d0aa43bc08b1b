"""What happens to an application's jobs and to their leases, recorded by triggers in the transactions that do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from chaos.postgres_record import OURS
from chaos.record import COMPLETED, FAILED, Change, Delivery, Record, Settled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROW = "row"
"""The one task of a job, as `Change` has it."""

_WRITES = """
create schema chaos;
create table chaos.writes (
    id bigint generated always as identity primary key,
    at double precision not null,
    worker text not null,
    was jsonb,
    now jsonb
);
"""

_JOBS = f"""
{_WRITES}
create function chaos.write() returns trigger language plpgsql as $$
begin
    insert into chaos.writes (at, worker, was, now)
    values (
        extract(epoch from clock_timestamp()), current_setting('application_name'),
        to_jsonb(old) - 'phrases' - 'resultUrls', to_jsonb(new) - 'phrases' - 'resultUrls'
    );
    return null;
end
$$;
create trigger chaos_jobs after insert or update or delete on "TtsJob" for each row execute function chaos.write();
"""  # noqa: S608 -- made of literals

_LEASES = f"""
{_WRITES}
create function chaos.write() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.lease_id = old.lease_id and new.leased_until > '-infinity' then
        return null;  -- a heartbeat
    end if;
    insert into chaos.writes (at, worker, was, now)
    values (
        extract(epoch from clock_timestamp()), current_setting('application_name'),
        to_jsonb(old) || jsonb_build_object('until', extract(epoch from old.leased_until)),
        to_jsonb(new) || jsonb_build_object('is_released', new.leased_until = '-infinity')
    );
    return null;
end
$$;
create trigger chaos_leases after insert or update or delete on sayso.card_leases
    for each row execute function chaos.write();
"""  # noqa: S608 -- made of literals

_NEW = "select * from chaos.writes where id > %s order by id"


@dataclass(frozen=True, kw_only=True, slots=True)
class RowState:
    """A job's row at a moment.

    Attributes:
        status: as it is in the table.
        processed: its "processedCount".
        total: its "totalPhrases".
        started: its "startedAt" as a text; None before it was started.
    """

    status: str
    processed: int
    total: int
    started: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowWrite:
    """A change of a job's row.

    Attributes:
        at: in Unix seconds.
        worker: that made it; `OURS` for the application, which the harness plays.
        job: its id.
        was: before; None for an insertion.
        now: after; None for a deletion.
    """

    at: float
    worker: str
    job: str
    was: RowState | None
    now: RowState | None

    @property
    def is_take(self) -> bool:
        """Whether the job was set to ``processing``, for the first time or again."""
        if self.now is None or self.was is None or self.now.status != "processing":
            return False
        return self.was.status != "processing" or self.was.started != self.now.started


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaseTaken:
    """A lease that was taken.

    Attributes:
        at: in Unix seconds.
        worker: that took it.
        job: of which.
        last_worker: that had the lease before; None if there was none.
        last_until: when that lease would have ended, in Unix seconds; minus infinity for one that was released.
    """

    at: float
    worker: str
    job: str
    last_worker: str | None
    last_until: float


@dataclass(kw_only=True, slots=True)
class CardsRecord(Record):
    """See `Record`; deliveries are leases that were taken, and messages are the ids of jobs.

    Attributes:
        writes: of the rows of jobs, in order.
        leases: that were taken, in order.
    """

    writes: list[RowWrite] = field(default_factory=list)
    leases: list[LeaseTaken] = field(default_factory=list)


class CardsRecorder:
    """See the module; for one thread at a time.

    Args:
        application: the address of the application's database, with its tables.
        own: that of Sayso's, with its tables; another database, or the same one.
    """

    def __init__(self, application: str, own: str) -> None:
        self._application = application
        self._own = own
        self._last = {"jobs": 0, "leases": 0}
        self._holders: dict[str, str] = {}
        self._record = CardsRecord()
        leases = _LEASES.replace("chaos", "chaos_leases") if own == application else _LEASES
        self._new_leases = _NEW.replace("chaos", "chaos_leases") if own == application else _NEW
        for conninfo, statements in ((application, _JOBS), (own, leases)):
            with psycopg.connect(conninfo, application_name=OURS, autocommit=True) as connection:
                connection.execute(statements.encode())

    def read(self) -> CardsRecord:
        """The record so far; as it was before where a database does not answer."""
        try:
            jobs = self._rows(self._application, _NEW, "jobs")
            leases = self._rows(self._own, self._new_leases, "leases")
        except psycopg.OperationalError:
            return self._record
        for row in jobs:
            self._add_write(row)
        for row in leases:
            self._add_lease(row)
        self._last["jobs"] = max([self._last["jobs"], *(row["id"] for row in jobs)])
        self._last["leases"] = max([self._last["leases"], *(row["id"] for row in leases)])
        return self._record

    def _rows(self, conninfo: str, statement: str, kind: str) -> Sequence[Mapping[str, Any]]:
        with psycopg.connect(conninfo, application_name=OURS, row_factory=dict_row) as connection:
            return connection.execute(statement.encode(), [self._last[kind]]).fetchall()

    def _add_write(self, row: Mapping[str, Any]) -> None:
        was, now = _state(row["was"]), _state(row["now"])
        job = (row["now"] or row["was"])["id"]
        write = RowWrite(at=row["at"], worker=row["worker"], job=job, was=was, now=now)
        self._record.writes.append(write)
        if was is not None and now is not None and write.worker != OURS:
            status = {"completed": COMPLETED, "failed": FAILED}.get(now.status, now.status)
            change = Change(
                at=write.at, worker=write.worker, task=(job, ROW), status=status, lease=_number(now.started), until=None
            )
            self._record.changes.append(change)

    def _add_lease(self, row: Mapping[str, Any]) -> None:
        was, now, at = row["was"], row["now"], row["at"]
        job = (now or was)["job_id"]
        worker = row["worker"]
        if now is None or now["is_released"]:
            settled = Settled(at=at, worker=self._holders.get(job, worker), message=job, is_deleted=now is None)
            self._record.settled.append(settled)
            return
        taken = LeaseTaken(
            at=at,
            worker=worker,
            job=job,
            last_worker=self._holders.get(job) if was else None,
            last_until=float(was["until"]) if was else float("-inf"),
        )
        self._record.leases.append(taken)
        self._record.deliveries.append(Delivery(at=at, worker=worker, message=job, attempt=now["attempts"]))
        self._holders[job] = worker


def _state(row: Mapping[str, Any] | None) -> RowState | None:
    if row is None:
        return None
    return RowState(
        status=row["status"], processed=row["processedCount"], total=row["totalPhrases"], started=row["startedAt"]
    )


def _number(started: str | None) -> int | None:
    """A time as a number that grows with it."""
    return None if started is None else int("".join(filter(str.isdigit, started)).ljust(20, "0")[:20])
