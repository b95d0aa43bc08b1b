"""The adapters for the contract suites of job queues and task stores.

A new adapter is one opener here: given the test's request, which gives access to fixtures, it opens a new and empty
backend of the adapter on the running event loop.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias
from uuid import uuid4

from sayso.aws.session import Aws
from sayso.jobs.dynamodb import DynamoTaskStore
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.jobs.sqs import SqsQueue
from sayso.jobs.sqs.receipts import Receipts
from sayso.postgres.pool import Database
from sayso.testing import InMemoryQueue, InMemoryTaskStore
from support.cards.queues import card_queue
from support.cards.tables import ENUM, ODD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    import pytest

    from sayso.aws.session import AwsClient
    from sayso.jobs import JobQueue, TaskStore
    from support.aws.server import AwsPlace

LEASE_SECONDS = 30.0


class QueueBackend(Protocol):
    """A queue, and control of its environment."""

    @property
    def queue(self) -> JobQueue:
        """As one worker sees it."""
        ...

    tells_lost: bool
    """Whether `finish`, `retry` and `dead_letter` know when the lease is lost."""
    counts_attempts: bool
    """Whether an attempt that was released is not counted."""
    tells_delayed: bool
    """Whether a job that waits for another attempt counts as waiting, and not as in flight."""

    def another(self) -> JobQueue:
        """The same queue, as another worker sees it."""
        ...

    async def enqueue(self, body: str) -> None:
        """Add a job."""
        ...

    async def cancel(self, job_id: str) -> bool:
        """Cancel a job; False where the queue cannot."""
        ...

    async def dead(self) -> list[tuple[str, str]]:
        """The dead-lettered jobs: bodies and reasons."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        ...


class StoreBackend(Protocol):
    """A task store, and control of its environment."""

    knows_tasks: bool
    """Whether the store can tell which tasks a parent has."""

    @property
    def store(self) -> TaskStore:
        """The store."""
        ...

    async def status(self, parent_id: str, task_id: str) -> tuple[str, str | None]:
        """The visible status of a task, and its result."""
        ...

    async def cancel(self, parent_id: str) -> bool:
        """Cancel the tasks of a parent; False where the store cannot."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        ...


OpenQueue: TypeAlias = "Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[QueueBackend]]"
OpenStore: TypeAlias = "Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[StoreBackend]]"


class Clock:
    """Seconds that pass on request."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class MemoryQueueBackend:
    """The backend of the fake."""

    tells_lost = True
    counts_attempts = True
    tells_delayed = True

    def __init__(self) -> None:
        self._clock = Clock()
        self.queue = InMemoryQueue(lease_seconds=LEASE_SECONDS, clock=self._clock)

    def another(self) -> JobQueue:
        return self.queue

    async def enqueue(self, body: str) -> None:
        await self.queue.enqueue(body)

    async def cancel(self, job_id: str) -> bool:
        await self.queue.cancel(job_id)
        return True

    async def dead(self) -> list[tuple[str, str]]:
        return [(job.body, job.errors[-1]) for job in self.queue.jobs.values() if job.state == "dead"]

    async def pass_time(self, seconds: float) -> None:
        self._clock.now += seconds


@asynccontextmanager
async def memory_queue(_request: pytest.FixtureRequest) -> AsyncIterator[QueueBackend]:
    yield MemoryQueueBackend()


@dataclass
class PostgresQueueBackend:
    """A separate queue in the module's database."""

    database: Database
    name: str
    tells_lost = True
    counts_attempts = True
    tells_delayed = True

    def __post_init__(self) -> None:
        self.queue = self.another()

    def another(self) -> PostgresQueue:
        return PostgresQueue(self.database, self.name, worker="test", lease_seconds=LEASE_SECONDS)

    async def enqueue(self, body: str) -> None:
        await self.queue.enqueue(body)

    async def cancel(self, job_id: str) -> bool:
        return await self.queue.cancel(job_id)

    async def dead(self) -> list[tuple[str, str]]:
        statement = "select body, error from sayso.jobs where queue = %(queue)s and state = 'dead' order by id"
        rows = await self.database.fetch(statement, {"queue": self.name}, is_repeatable=True)
        return [(row["body"], row["error"]) for row in rows]

    async def pass_time(self, seconds: float) -> None:
        statement = """
            update sayso.jobs set
                available_at = available_at - %(seconds)s * interval '1 second',
                lease_until = lease_until - %(seconds)s * interval '1 second',
                created_at = created_at - %(seconds)s * interval '1 second'
            where queue = %(queue)s
        """
        await self.database.fetch(statement, {"queue": self.name, "seconds": seconds}, is_repeatable=False)


@asynccontextmanager
async def postgres_queue(
    request: pytest.FixtureRequest, *, url: str = "database_url", listen: bool = True
) -> AsyncIterator[QueueBackend]:
    async with Database(request.getfixturevalue(url), listen=listen) as database:
        yield PostgresQueueBackend(database, f"queue {uuid4()}")


class SqsQueueBackend:
    """A queue in SQS, with a dead-letter queue; all workers share one clock, which is not that of SQS.

    SQS reports no take-over: a worker measures the length of its lease.
    """

    tells_lost = True
    counts_attempts = True
    tells_delayed = False

    def __init__(self, place: AwsPlace, client: AwsClient, clock: Clock, *, fifo: bool) -> None:
        self._place = place
        self._clock = clock
        self._fifo = fifo
        self._receipts = Receipts()
        self._url, self._dlq_url = place.make_queue(fifo=fifo), place.make_queue(fifo=fifo)
        self.queue: JobQueue = self._worker(client)
        self._other = self._worker(client)

    def _worker(self, client: AwsClient) -> JobQueue:
        return SqsQueue(client, self._url, dlq_url=self._dlq_url, lease_seconds=LEASE_SECONDS, receipts=self._receipts)

    def another(self) -> JobQueue:
        return self._other

    async def enqueue(self, body: str) -> None:
        self._place.send(self._url, body, group=uuid4().hex if self._fifo else None)

    async def cancel(self, job_id: str) -> bool:  # noqa: ARG002 -- SQS knows no such thing
        return False

    async def dead(self) -> list[tuple[str, str]]:
        letters = self._place.messages(self._dlq_url)
        return [(letter["Body"], letter["MessageAttributes"]["Reason"]["StringValue"]) for letter in letters]

    async def pass_time(self, seconds: float) -> None:
        self._clock.now += seconds
        self._place.pass_time(self._url, seconds)


@asynccontextmanager
async def sqs_queue(request: pytest.FixtureRequest, *, fifo: bool = False) -> AsyncIterator[QueueBackend]:
    place, clock = request.getfixturevalue("aws_place"), Clock()
    async with Aws(place.access(), clock=clock) as aws:
        yield SqsQueueBackend(place, await aws.client("sqs"), clock, fifo=fifo)


class MemoryStoreBackend:
    """The backend of the fake."""

    knows_tasks = True

    def __init__(self) -> None:
        self._clock = Clock()
        self.store = InMemoryTaskStore(lease_seconds=LEASE_SECONDS, clock=self._clock)

    async def status(self, parent_id: str, task_id: str) -> tuple[str, str | None]:
        task = self.store.tasks[parent_id, task_id]
        return task.status, task.media_url or task.error

    async def cancel(self, parent_id: str) -> bool:  # noqa: ARG002 -- the narrations' fake cancels, not this one
        return False

    async def pass_time(self, seconds: float) -> None:
        self._clock.now += seconds


@asynccontextmanager
async def memory_store(_request: pytest.FixtureRequest) -> AsyncIterator[StoreBackend]:
    yield MemoryStoreBackend()


@dataclass
class PostgresStoreBackend:
    """A store in the module's database, which tests share; each test has its own parents."""

    database: Database
    knows_tasks = True

    def __post_init__(self) -> None:
        self.store = PostgresTaskStore(self.database, lease_seconds=LEASE_SECONDS)

    async def status(self, parent_id: str, task_id: str) -> tuple[str, str | None]:
        statement = "select * from sayso.tasks where parent_id = %(parent)s and task_id = %(task)s"
        (row,) = await self.database.fetch(statement, {"parent": parent_id, "task": task_id}, is_repeatable=True)
        return row["status"], row["media_url"] or row["error"]

    async def cancel(self, parent_id: str) -> bool:
        statement = "update sayso.tasks set status = 'CANCELLED', lease_until = null where parent_id = %(parent)s"
        await self.database.fetch(statement, {"parent": parent_id}, is_repeatable=True)
        return True

    async def pass_time(self, seconds: float) -> None:
        statement = "update sayso.tasks set lease_until = lease_until - %(seconds)s * interval '1 second'"
        await self.database.fetch(statement, {"seconds": seconds}, is_repeatable=False)


@asynccontextmanager
async def postgres_store(request: pytest.FixtureRequest, *, url: str = "database_url") -> AsyncIterator[StoreBackend]:
    async with Database(request.getfixturevalue(url), listen=False) as database:
        yield PostgresStoreBackend(database)


@dataclass
class DynamoStoreBackend:
    """A store in a table of its own."""

    place: AwsPlace
    client: AwsClient
    knows_tasks = False

    def __post_init__(self) -> None:
        self._table = self.place.make_table()
        self.store: TaskStore = DynamoTaskStore(self.client, self._table, lease_seconds=LEASE_SECONDS)

    async def status(self, parent_id: str, task_id: str) -> tuple[str, str | None]:
        item = self.place.item(self._table, parent_id, task_id)
        became = item.get("media_url") or item.get("sayso_error")
        return item["status"]["S"], became and became["S"]

    async def cancel(self, parent_id: str) -> bool:  # noqa: ARG002 -- tasks of SQS messages are not cancelled
        return False

    async def pass_time(self, seconds: float) -> None:
        self.place.end_leases(self._table, seconds)


@asynccontextmanager
async def dynamo_store(request: pytest.FixtureRequest) -> AsyncIterator[StoreBackend]:
    place = request.getfixturevalue("aws_place")
    async with Aws(place.access()) as aws:
        yield DynamoStoreBackend(place, await aws.client("dynamodb"))


QUEUES: dict[str, OpenQueue] = {
    "memory": memory_queue,
    "postgres": postgres_queue,
    "postgres-deaf": partial(postgres_queue, listen=False),
    "postgres-pgbouncer": partial(postgres_queue, url="pooled_database_url", listen=False),
    "cards": partial(card_queue, listen=False),
    "cards-odd": partial(card_queue, listen=False, shape=ODD),
    "cards-pgbouncer": partial(card_queue, url="pooled_database_url", listen=False, shape=ENUM),
    "sqs": sqs_queue,
    "sqs-fifo": partial(sqs_queue, fifo=True),
}

STORES: dict[str, OpenStore] = {
    "memory": memory_store,
    "postgres": postgres_store,
    "postgres-pgbouncer": partial(postgres_store, url="pooled_database_url"),
    "dynamodb": dynamo_store,
}
