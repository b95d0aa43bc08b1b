"""Where cards are measured: an application's database, a provider with a log, and ``sayso run cards`` processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx2
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from bench.story_service import Process
from sayso.postgres.embedded.server import EmbeddedPostgres

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

LATENCY_SECONDS = 1.5
"""What the provider takes for a phrase."""

_TABLES = Path(__file__).parents[1] / "examples" / "cards" / "prisma" / "migrations"
_KEPT_OUT = (
    *("AWS_", "DATABASE_", "FALLBACK_", "HOST", "LOCAL_STORAGE", "OPENAI_", "POLL_", "PORT", "PRIMARY_", "PUBLIC_"),
    *("SAYSO_", "STORAGE_TYPE", "WHISPER_"),
)
_PRIORITY = -10
_STOP_SECONDS = 30.0
_WAIT_SECONDS = 1800.0
_POLL_SECONDS = 0.05

_INSERT = """
insert into "TtsJob" ("id", "deckId", "userId", "phrases", "totalPhrases", "updatedAt")
values (%s, %s, 'bench', %s, %s, now())
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request that the provider received.

    Attributes:
        text: to be spoken.
        voice: that speaks it.
        began_at: when it was complete, in seconds of the monotonic clock of the machine.
    """

    text: str
    voice: str
    began_at: float


class Provider:
    """A process that answers as OpenAI does, after `LATENCY_SECONDS`; a context manager.

    Where this process may do so, it gives the provider a higher priority: its log shall show when requests come, and
    not when it was its turn on a busy machine.
    """

    def __enter__(self) -> Self:
        arguments = ("-m", "sayso.testing.openai_server", "--speech", "stamped", "--latency", str(LATENCY_SECONDS))
        first = ("nice", "-n", str(_PRIORITY)) if shutil.which("nice") else ()  # which goes on where it may not
        self._process = subprocess.Popen(
            [*first, sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        facts = json.loads(self._process.stdout.readline())
        self.base_url: str = facts["base_url"]
        self.key: str = facts["key"]
        self._client = httpx2.Client(base_url=self.base_url.removesuffix("/v1"), timeout=60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait(_STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def requests(self) -> list[Request]:
        """Every request for speech since the last `forget`, in the order of their arrival."""
        answer = self._client.get("/control/requests")
        answer.raise_for_status()
        found = [
            Request(text=each["fields"]["input"], voice=each["fields"]["voice"], began_at=each["began_at"])
            for each in answer.json()
            if each["path"].endswith("/audio/speech")
        ]
        return sorted(found, key=lambda request: request.began_at)

    def forget(self) -> None:
        """Empty the log."""
        self._client.delete("/control/requests").raise_for_status()

    def speak(self, text: str, voice: str) -> bytes:
        """Buy a phrase, as a client of its own."""
        answer = self._client.post(
            "/v1/audio/speech",
            json={"model": "gpt-4o-mini-tts", "input": text, "voice": voice},
            headers={"authorization": f"Bearer {self.key}"},
        )
        answer.raise_for_status()
        return answer.content


def smallest_distance_ms(requests: Sequence[Request]) -> float:
    """The shortest time from the beginning of one request to that of the next, in milliseconds."""
    return 1000 * min(after.began_at - before.began_at for before, after in pairwise(requests))


class Deployment:
    """A database with the application's tables, a directory for files, and workers; a context manager.

    Args:
        place: where it is.
        name: of the database and the directory.
        settings: environment variables of its workers.
    """

    def __init__(self, place: CardsPlace, name: str, settings: Mapping[str, str]) -> None:
        self.directory = place.directory / name
        self.directory.mkdir()
        self._name = name
        self._provider = place.provider
        self.conninfo = place.create_database(name)
        self._settings = dict(settings)
        self._numbers = count(1)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        connection = psycopg.connect(self.conninfo, autocommit=True, row_factory=dict_row)
        self._connection = self._stack.enter_context(connection)
        (migration,) = _TABLES.glob("*/migration.sql")
        self._connection.execute(migration.read_bytes())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a worker, but for its port."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_OUT)}
        return kept | {
            "HOST": "127.0.0.1",
            "DATABASE_URL": self.conninfo,
            "OPENAI_API_KEY": self._provider.key,
            "OPENAI_BASE_URL": self._provider.base_url,
            "SAYSO_OPENAI_CHECK_SECONDS": "0",
            "FALLBACK_TO_LOCAL": "false",
            "LOCAL_STORAGE_PATH": str(self.directory / "tts"),
            "PUBLIC_BASE_URL": "https://cards.example.com/tts",
            "SAYSO_DATA": str(self.directory / "data"),
            "SAYSO_CACHE_DIR": str(self.directory / "cache"),
            **self._settings,
        }

    def worker(self) -> Process:
        """Start another worker, and wait until it is ready; it ends with this."""
        process = Process(("cards",), self.environment, self.directory / "worker.log")
        self._stack.callback(process.stop)
        return process

    def command(self, *arguments: str) -> None:
        """Run ``sayso`` to its end, with the environment of the workers."""
        subprocess.run(
            [sys.executable, "-m", "sayso", *arguments], env=self.environment, check=True, capture_output=True
        )

    def insert(self, phrases: Sequence[Mapping[str, str]]) -> str:
        """Insert a job as Prisma does; it is committed when this returns."""
        job_id = f"{self._name}-{next(self._numbers)}"
        self._connection.execute(_INSERT, [job_id, "deck", json.dumps(list(phrases)), len(phrases)])
        return job_id

    def status(self, job_id: str) -> str:
        """The status of a job."""
        (row,) = self._connection.execute('select "status" from "TtsJob" where "id" = %s', [job_id]).fetchall()
        return str(row["status"])

    def wait(self, *job_ids: str, poll_seconds: float = _POLL_SECONDS) -> None:
        """Wait until jobs are completed.

        Raises:
            RuntimeError: one failed, or was not spoken entirely, or it takes too long.
        """
        give_up_at = time.monotonic() + _WAIT_SECONDS
        statement = 'select "id", "status", "errorMessage" from "TtsJob" where "id" = any (%s) and "status" <> %s'
        while rows := self._connection.execute(statement, [list(job_ids), "completed"]).fetchall():
            failed = [row for row in rows if row["status"] == "failed"]
            if failed or time.monotonic() > give_up_at:
                raise RuntimeError(f"Jobs were not completed: {failed or rows[:5]}")
            time.sleep(poll_seconds)
        partly = 'select "id" from "TtsJob" where "id" = any (%s) and "errorMessage" is not null'
        if rows := self._connection.execute(partly, [list(job_ids)]).fetchall():
            raise RuntimeError(f"Jobs were not spoken entirely: {rows[:5]}")


class CardsPlace:
    """The database server and the provider; a context manager.

    Args:
        directory: an empty one, for everything.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.provider = Provider()
        self._server = EmbeddedPostgres(directory / "postgres")
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._conninfo = self._stack.enter_context(self._server).start()
        self._stack.enter_context(self.provider)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def create_database(self, name: str) -> str:
        """Create an empty database, and return its address."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return make_conninfo(self._conninfo, dbname=name)

    def deployment(self, name: str, **settings: Any) -> Deployment:
        """A new deployment; the provider's log is empty then.

        Args:
            name: of it.
            **settings: environment variables of its workers.
        """
        self.provider.forget()
        return Deployment(self, name, {key: str(value) for key, value in settings.items()})


def new_phrases(number: int, *, name: str) -> list[dict[str, str]]:
    """So many phrases in English and French, each another text.

    Args:
        number: how many.
        name: of the texts; phrases of another name are others.
    """
    return [
        {
            "textEn": f"Question {n} of {name}: what does the keeper of the lighthouse do?",
            "textFr": f"Question {n} de {name} : que fait le gardien du phare ?",
        }
        for n in range(number)
    ]


def seconds_until(condition: Callable[[], bool], *, poll_seconds: float) -> float:
    """Wait until something is true, and return how long that took.

    Raises:
        TimeoutError: it takes too long.
    """
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > _WAIT_SECONDS:
            raise TimeoutError
        time.sleep(poll_seconds)
    return time.perf_counter() - began


def some_seconds(chance: random.Random, longest_seconds: float) -> None:
    """Wait for a random time, so that nothing is in step with what is measured."""
    time.sleep(chance.uniform(0, longest_seconds))
