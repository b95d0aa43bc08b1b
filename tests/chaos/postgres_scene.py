"""The workers without AWS: jobs in an embedded PostgreSQL, files in a directory, narrations by HTTP."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote
from uuid import uuid4

from chaos.disk import SmallDisk
from chaos.evidence import Evidence, Task
from chaos.hostile import HOST, hostile_pages
from chaos.narration_api import NarrationApi, NarrationClient
from chaos.postgres_record import PostgresRecord
from chaos.postgres_server import TroubledPostgres
from chaos.promises import broken_promises
from chaos.remains import left_at_work
from chaos.renames import Renames
from chaos.stories import narration_orders
from chaos.storm import Trouble
from sayso.postgres.migrate import migrate

if TYPE_CHECKING:
    import random
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from chaos.crew import Crew, Death
    from chaos.promises import Broken
    from chaos.record import Record
    from chaos.stories import Order

_DISK_BYTES = 2**30
_FULL_SECONDS = (1.0, 4.0)  # not so long that the workers are ended for their health
_LOCK = ".sayso-lock"


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
            "DATABASE_URL": self._server.url(name),
            "SAYSO_DATA": str(self._data),
            "SAYSO_CACHE_DIR": str(self._directory / "cache"),
            "SAYSO_PRIVATE_HOSTS": HOST,
        }

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
        self._server.ask("insert into sayso.jobs (id, queue, body) values (%s, 'stories', %s)", job_id, order.body)

    def is_empty(self) -> bool:
        """Whether no job is left."""
        rows = self._server.ask("select count(*) as left from sayso.jobs where state in ('waiting', 'leased')")
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
        if trouble is Trouble.FULL_DISK:
            self._disk.fill()
            return [(chance.uniform(*_FULL_SECONDS), self._disk.free)]
        return self._server.trouble(trouble, chance)

    def calm(self) -> None:
        """Wait until the database runs, and may be written."""
        self._server.calm()

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
        for row in self._server.ask(
            "select id::text, body from sayso.jobs where queue = 'stories' order by created_at"
        ):
            if row["id"] not in self._messages:
                self._messages[row["id"]] = self._name_of(row["body"])
        dead = self._server.ask("select id::text, error from sayso.jobs where state = 'dead' and queue = 'stories'")
        tasks = self._server.ask("select parent_id, task_id, status, media_url, error from sayso.tasks")
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

    def broken(self, evidence: Evidence, deaths: Sequence[Death]) -> Broken:
        """See `run.Scene`."""
        return broken_promises(evidence, deaths)

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
        events = self._server.ask("select kind from sayso.events where parent_id = %s order by id", narration_id)
        kinds = [row["kind"] for row in events]
        if kinds.count("completed") != 1 or kinds[-1] != "completed" or kinds.count("failed"):
            return f"has the events {', '.join(kinds)}"
        return None

    def _left(self) -> Sequence[str]:
        left = [str(path) for path in self._output.rglob(".*") if path.name != _LOCK]
        left += [f"{path} was written in place" for path in self._renames.in_place]
        states = self._server.ask(
            "select state, count(*) from sayso.jobs where state not in ('done', 'dead') group by state"
        )
        left += [f"{row['count']} jobs are {row['state']}" for row in states]
        return [*left, *self._api.breakdowns, *self._left_at_work()]

    def _left_at_work(self) -> list[str]:
        """What those that were killed left, once so much time has passed that another sweeps it up."""
        return left_at_work(self._data / "work", self._directory / "logs", self.environment, self.command)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._disk = stack.enter_context(SmallDisk(self._data, _DISK_BYTES))
            self._output.mkdir()
            self._pages = stack.enter_context(hostile_pages())
            self._server = TroubledPostgres(self._database)
            stack.callback(self._server.stop)
            migrate(self._server.conninfo)
            self._record = PostgresRecord(self._server.conninfo)
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
        self._server.calm()
        self._stack.close()


def _read(uri: str) -> bytes:
    return Path(unquote(uri.removeprefix("file://"))).read_bytes()
