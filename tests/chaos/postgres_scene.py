"""The workers without AWS: jobs in an embedded PostgreSQL, files in a directory, narrations by HTTP."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from chaos.crew import Crew
from chaos.disk import SmallDisk
from chaos.evidence import Evidence, Task
from chaos.hostile import HOST, hostile_pages
from chaos.narration_api import NarrationApi, NarrationClient
from chaos.postgres_record import OURS, PostgresRecord
from chaos.renames import Renames
from chaos.stories import narration_orders
from chaos.storm import Trouble
from sayso.postgres.embedded.server import EmbeddedPostgres
from sayso.postgres.migrate import migrate

if TYPE_CHECKING:
    import random
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from chaos.record import Record
    from chaos.stories import Order

_CUT_OFF_AT_ONCE = 3
_AWAY_SECONDS = 300.0
_DISK_BYTES = 2**30
_FULL_SECONDS = (1.0, 4.0)  # not so long that the workers are ended for their health
_READ_ONLY_SECONDS = (2.0, 8.0)
_WRITES = "-c default_transaction_read_only=off"
_LOCK = ".sayso-lock"
_PORT = 5432

_BACKENDS = """
select pid from pg_stat_activity
where backend_type = 'client backend' and application_name <> %s and pid <> pg_backend_pid()
"""

_END_THEM = _BACKENDS.replace("select pid", "select pg_terminate_backend(pid)")


class PostgresScene:
    """A context manager; in it there are a database, a directory, and an API that takes narrations.

    Args:
        directory: for all of it.
        chance: decides about jobs.
        settings: the environment that all processes have in common.
        hostile: whether there are documents among the jobs that only versions of today are sure to withstand.
    """

    name = "Postgres"
    command: Sequence[str] = ("run", "stories")

    def __init__(
        self, directory: Path, chance: random.Random, settings: Mapping[str, str], *, hostile: bool = True
    ) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._output = self._data / "output"
        self._chance = chance
        self._sent: dict[str, Order] = {}
        self._ids: dict[str, str] = {}  # narrations', by the names of orders
        self._messages: dict[str, str] = {}
        self._stack = ExitStack()
        self._watching = ExitStack()  # of the directory, which ends before all else
        self._restarting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._settings = settings
        self._hostile = hostile
        self._database = directory / "postgres"

    def orders(self, count: int, *, engine: str) -> Sequence[Order]:
        """So many jobs."""
        return narration_orders(self._chance, count, engine=engine, pages=self._pages if self._hostile else None)

    def environment(self, name: str) -> Mapping[str, str]:
        """What an operator would set; the workers share a machine, and so a directory and a cache."""
        return {
            **self._settings,
            "DATABASE_URL": self._url(name),
            "SAYSO_DATA": str(self._data),
            "SAYSO_CACHE_DIR": str(self._directory / "cache"),
            "SAYSO_PRIVATE_HOSTS": HOST,
        }

    def _url(self, application: str) -> str:
        place = quote(str(self._sockets), safe="")
        return f"postgresql://sayso@{place}:{_PORT}/postgres?application_name={application}"

    def send(self, order: Order) -> None:
        """Ask for a narration; one that was asked for before is the same."""
        if order.poison is not None:
            self._insert(order)
            return
        wishes = json.loads(order.body)
        narration_id = self._api.submit(wishes, key=order.name)
        self._ids[order.name] = narration_id
        self._sent[order.name] = self._with_outputs(order, narration_id)

    def _with_outputs(self, order: Order, narration_id: str) -> Order:
        """An order with the files and the tasks that its narration has."""
        wishes = json.loads(order.body)
        forms = [*wishes["audio"], *wishes["subtitles"]]
        stem = f"{self._output.as_uri()}/narrations/{narration_id}/narration"
        return replace(
            order,
            outputs=tuple(f"{stem}.{form}" for form in forms),
            tasks=tuple((narration_id, form) for form in forms),
        )

    def _insert(self, order: Order) -> None:
        """A job that the API would not have taken."""
        if order.name in self._sent:
            return
        self._sent[order.name] = self._with_outputs(order, order.name) if order.may_be_done else order
        job_id = uuid4()
        self._messages[str(job_id)] = order.name
        self._ask("insert into sayso.jobs (id, queue, body) values (%s, 'stories', %s)", job_id, order.body)

    def is_empty(self) -> bool:
        """Whether no job is left."""
        rows = self._ask("select count(*) as left from sayso.jobs where state in ('waiting', 'leased')")
        return bool(rows[0]["left"] == 0)

    def record(self) -> Record:
        """See `storm.Place`."""
        return self._record.read()

    # Troubles

    def trouble(
        self,
        trouble: Trouble,
        chance: random.Random,
        crew: Crew,  # noqa: ARG002 -- it befalls the database
    ) -> Sequence[tuple[float, Callable[[], None]]]:
        """See `storm.Place`."""
        if trouble is Trouble.RESTART:
            self._apart(self._restart)
            return []
        if trouble is Trouble.FULL_DISK:
            self._disk.fill()
            return [(chance.uniform(*_FULL_SECONDS), self._disk.free)]
        with suppress(psycopg.Error), psycopg.connect(self._own, application_name=OURS, autocommit=True) as connection:
            backends = [pid for (pid,) in connection.execute(_BACKENDS, [OURS]).fetchall()]
            chance.shuffle(backends)
            if trouble is Trouble.READ_ONLY:
                # As after a failover: who connects now can write nothing on that connection, for as long as it is open.
                connection.execute("alter role sayso set default_transaction_read_only = on")
                connection.execute(_END_THEM, [OURS])
                return [(chance.uniform(*_READ_ONLY_SECONDS), lambda: self._apart(self._make_writable))]
            if trouble is Trouble.CRASH:
                for pid in backends[:1]:
                    os.kill(pid, signal.SIGKILL)  # upon which PostgreSQL ends all others, and recovers
            else:
                for pid in backends[: chance.randint(1, _CUT_OFF_AT_ONCE)]:
                    connection.execute("select pg_terminate_backend(%s)", [pid])
        return []

    def _apart(self, what: Callable[[], None]) -> None:
        """Do what takes time on a thread of its own: the storm's has others to look after."""
        thread = threading.Thread(target=what, name=what.__name__)
        thread.start()
        self._threads.append(thread)

    def _make_writable(self) -> None:
        """For those who connect from now on."""
        self._ask("alter role sayso reset default_transaction_read_only")

    def _restart(self) -> None:
        with self._restarting:
            self._server.stop()
            self._server.start()

    def calm(self) -> None:
        """Wait until the database runs, and may be written."""
        for thread in self._threads:
            thread.join()

    def faults(self) -> Mapping[str, int]:
        """See `run.Scene`: the database's are troubles of their own."""
        return {}

    @property
    def skipped(self) -> Mapping[Trouble, str]:
        """Troubles that cannot be made here, and why."""
        return {} if self._disk.missing is None else {Trouble.FULL_DISK: self._disk.missing}

    # The end

    def evidence(self) -> Evidence:
        """All that is there now."""
        for row in self._ask("select id::text, body from sayso.jobs where queue = 'stories' order by created_at"):
            if row["id"] not in self._messages:
                self._messages[row["id"]] = self._name_of(row["body"])
        dead = self._ask("select id::text, error from sayso.jobs where state = 'dead' and queue = 'stories'")
        tasks = self._ask("select parent_id, task_id, status, media_url, error from sayso.tasks")
        self._watching.close()
        counts: Counter[Path] = self._renames.counts
        files = {path: times for path, times in counts.items() if not path.name.startswith(".sayso-")}
        return Evidence(
            orders=list(self._sent.values()),
            messages=self._messages,
            record=self.record(),
            tasks={
                (row["parent_id"], row["task_id"]): Task(
                    status=row["status"],
                    url=row["media_url"],
                    error=row["error"],
                    oddity=self._oddity(row["parent_id"]),
                )
                for row in tasks
            },
            versions={path.as_uri(): times for path, times in files.items() if path.exists()},
            read=_read,
            dead_lettered={self._messages[row["id"]]: row["error"] or "" for row in dead},
            left=list(self._left()),
        )

    def left_by(self, name: str) -> Sequence[str]:  # noqa: ARG002 -- the directory is that of all
        """See `run.Scene`; what is left in the common directory is looked at once all have stopped."""
        return []

    def _name_of(self, body: str) -> str:
        narration_id = json.loads(body).get("narration_id")
        return next((name for name, known in self._ids.items() if known == narration_id), body[:80])

    def _oddity(self, narration_id: str) -> str | None:
        """What is wrong with what the API, and the events, say of a narration that is done."""
        if narration_id not in self._ids.values():
            return None
        status = self._api.status(narration_id)
        if status != "completed":
            return f"belongs to a narration that is {status} to those who ask"
        events = self._ask("select kind from sayso.events where parent_id = %s order by id", narration_id)
        kinds = [row["kind"] for row in events]
        if kinds.count("completed") != 1 or kinds[-1] != "completed" or kinds.count("failed"):
            return f"has the events {', '.join(kinds)}"
        return None

    def _left(self) -> Sequence[str]:
        left = [str(path) for path in self._output.rglob(".*") if path.name != _LOCK]
        left += [f"{path} was written in place" for path in self._renames.in_place]
        states = self._ask("select state, count(*) from sayso.jobs where state not in ('done', 'dead') group by state")
        left += [f"{row['count']} jobs are {row['state']}" for row in states]
        return [*left, *self._api.breakdowns, *self._left_at_work()]

    def _left_at_work(self) -> list[str]:
        """What those that were killed left, once so much time has passed that another sweeps it up."""
        work = self._data / "work"
        long_ago = time.time() - 24 * 3600
        for directory in work.glob("*"):
            os.utime(directory, (long_ago, long_ago))
        with Crew(1, self._directory / "logs", self.environment, prefix="sweeper") as crew:
            crew.await_health()
            crew.close()
        return [str(path) for path in work.glob("*")]

    def _ask(self, statement: str, *parameters: Any) -> Sequence[Mapping[str, Any]]:
        """Rows, whatever becomes of the database meanwhile."""
        give_up = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                with psycopg.connect(
                    self._own, application_name=OURS, autocommit=True, row_factory=dict_row
                ) as connection:
                    cursor = connection.execute(statement.encode(), parameters)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.errors.UniqueViolation:
                return []  # what was done, and not heard of
            except psycopg.OperationalError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.2)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._disk = stack.enter_context(SmallDisk(self._data, _DISK_BYTES))
            self._output.mkdir()
            self._pages = stack.enter_context(hostile_pages())
            self._server = EmbeddedPostgres(self._database)
            self._own = make_conninfo(self._server.start(), options=_WRITES)
            stack.callback(self._server.stop)
            self._sockets = conninfo_to_dict(self._own)["host"]
            migrate(self._own)
            self._record = PostgresRecord(self._own)
            self._renames = self._watching.enter_context(Renames(self._output))
            stack.callback(self._watching.close)
            self._api = stack.enter_context(self._open_api())
            self._stack = stack.pop_all()
        return self

    def _open_api(self) -> NarrationClient:
        return NarrationApi(self._directory / "api.log", self.environment("api"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.calm()
        self._stack.close()


def _read(uri: str) -> bytes:
    return Path(unquote(uri.removeprefix("file://"))).read_bytes()
