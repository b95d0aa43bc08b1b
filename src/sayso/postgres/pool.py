"""The database: a connection pool that repairs itself, and statements that are retried where that is safe."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sayso.cancellation import cancel_until_done
from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable
from sayso.postgres.address import parse_address
from sayso.postgres.connections import (
    Connection,
    Row,
    Statement,
    WatchedConnection,
    allow_preparing,
    connection_parameters,
    cut_off,
    own_parameters,
    set_up,
)
from sayso.postgres.errors import failure_of, is_connection_error, message_of
from sayso.postgres.listener import Listener
from sayso.postgres.notification_sender import NotificationSender
from sayso.postgres.transactions import Transaction, rows_of
from sayso.resilience.retry import RetryableError, retry
from sayso.resilience.retry_policies import STATEMENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
    from typing import Self

T = TypeVar("T")

_log = structlog.get_logger(__name__)

_GIVE_UP_CONNECTING_SECONDS = 2.0
"""After this, the next request connects again at once instead of waiting for the pool's own back-off."""

_CHECK = "select current_setting('transaction_read_only') = 'on' as is_read_only"


class Database:
    """A database, for the event loop that opens it.

    Its calls raise `ServiceUnavailable`, and `InvalidInput` for data that it cannot store.

    A connection is never assumed to be the same from one transaction to the next, except by the listener: behind
    PgBouncer in transaction mode, ``listen`` should be False.

    Args:
        conninfo: the database, see `sayso.postgres.address`.
        listen: whether to listen for notifications; not done if the address says that PgBouncer is in between.
        connections: the largest number, without the listener's; a limit in the address has priority.
        statement_seconds: the time limit of a statement.
        connect_seconds: how long to wait for a connection.
        probe_seconds: the time between the listener's probes of its connection.

    Raises:
        InvalidInput: the conninfo is invalid.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        listen: bool = True,
        connections: int = 8,
        statement_seconds: float = 10.0,
        connect_seconds: float = 5.0,
        probe_seconds: float = 10.0,
    ) -> None:
        self._statement_seconds = statement_seconds
        self._connect_seconds = connect_seconds
        address = parse_address(conninfo)
        self._is_pooled = address.is_pooled
        listen = listen and not address.is_pooled
        parameters = connection_parameters(address.parameters, connect_seconds=connect_seconds)
        self._parameters = parameters | own_parameters()
        self._pool: AsyncConnectionPool[WatchedConnection] = AsyncConnectionPool(
            connection_class=WatchedConnection,
            kwargs=self._parameters | {"on_attempt": self._on_attempt},
            min_size=0,
            max_size=address.connection_limit or connections,
            open=False,
            name="sayso",
            configure=self._prepare,
            reconnect_timeout=_GIVE_UP_CONNECTING_SECONDS,
        )
        self._notifications = NotificationSender(self.fetch)
        self._new: WeakSet[Connection] = WeakSet()
        """Connections that were made since the last loss of a connection."""
        self._refused: str | None = None
        """Why the last attempt to connect failed; None if it succeeded."""
        self._listening: asyncio.Task[None] | None = None
        self.schema = address.schema
        """Of an application's tables, as the address gives it; None if it does not."""
        self.listener = Listener(self._connect, self.notify, probe_seconds=probe_seconds) if listen else None
        """Receives notifications; None without listening."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Start to connect; the first request fails if the database cannot be reached."""
        await self._pool.open()
        if self.listener is not None:
            self._listening = asyncio.create_task(self.listener.run())

    async def close(self) -> None:
        """Send the pending notifications, and close all connections."""
        await self._notifications.drain()
        if self._listening is not None:
            await cancel_until_done(self._listening)
        await self._pool.close()

    async def fetch(
        self, statement: Statement, parameters: Mapping[str, Any], *, is_repeatable: bool, is_prepared: bool = False
    ) -> Sequence[Row]:
        """Run a statement in a transaction of its own, and return its rows.

        Args:
            statement: in SQL, with ``%(name)s`` for parameters.
            parameters: by name.
            is_repeatable: whether it may be retried after its response was lost, because running it twice has the same
                effect as once.
            is_prepared: as for `attempt`.
        """
        if is_repeatable:
            return await self.persist(partial(self.attempt, statement, parameters, is_prepared=is_prepared))
        try:
            async with self._connection(checked=True) as connection:
                return await rows_of(connection, statement, parameters, is_prepared=is_prepared)
        except RetryableError as error:
            failure = error.error
        raise failure

    async def attempt(
        self, statement: Statement, parameters: Mapping[str, Any], *, is_prepared: bool = False
    ) -> Sequence[Row]:
        """Run a statement, for `persist`.

        Args:
            statement: in SQL.
            parameters: by name.
            is_prepared: whether each connection may have the server parse and plan it once. For a statement that runs
                often, whose plan is the same whatever the parameters are; not done behind PgBouncer.

        Raises:
            RetryableError: the response was lost; the statement may have been executed.
        """
        async with self._connection(checked=False) as connection:
            return await rows_of(connection, statement, parameters, is_prepared=is_prepared)

    async def persist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine function, with a few retries while the database does not answer.

        Args:
            ask: a coroutine function that may be run more than once.
        """
        # A transaction fails with ServiceUnavailable.
        try:
            return await retry(ask, STATEMENT, on=(RetryableError, ServiceUnavailable))
        except RetryableError as error:
            failure = error.error
        raise failure

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A block whose statements take effect together at its end, or not at all if an exception leaves it.

        If the commit itself fails with `ServiceUnavailable`, it is not known whether they have.
        """
        failure: SaysoError | None = None
        try:
            async with self._connection(checked=True) as connection:
                transaction = Transaction(connection)
                async with connection.transaction():
                    yield transaction
        except RetryableError as error:
            failure = error.error
        if failure is not None:
            raise failure
        for channel, payload in transaction.notices:
            self.notify(channel, payload)

    def notify(self, channel: str, payload: str = "") -> None:
        """Send a notification soon, see `NotificationSender.send`."""
        self._notifications.send(channel, payload)

    @asynccontextmanager
    async def _connection(self, *, checked: bool) -> AsyncIterator[Connection]:
        """A connection; an error of psycopg leaves the block as `RetryableError` or an error of Sayso.

        Args:
            checked: whether the connection is tested first, in case it was lost while it was idle.
        """
        failure: Exception | None = None
        try:
            connection = await self._take(checked=checked)
            try:
                with self._bounded(connection):
                    yield connection
            except psycopg.Error as error:
                await self._renew_after(error, connection)
                raise
            finally:
                await self._pool.putconn(connection)
        except PoolTimeout:
            failure = ServiceUnavailable(
                self._refused or f"No connection was free for {self._connect_seconds:g} seconds."
            )
        except psycopg.Error as error:
            failure = failure_of(error)
        except UnicodeEncodeError:
            failure = InvalidInput("The database cannot keep this: a lone surrogate is not a character.")
        if failure is not None:
            _raise_if_cancelled()
            raise failure

    async def _take(self, *, checked: bool) -> WatchedConnection:
        """Take a connection from the pool; the caller returns it."""
        was_read_only = False
        while True:
            connection = await self._from_pool()
            if not checked:
                return connection
            try:
                with self._bounded(connection):
                    cursor = await connection.execute(_CHECK)
                    row = await cursor.fetchone()
                if row is None or not row["is_read_only"] or was_read_only:
                    return connection
                was_read_only = True
                raise psycopg.errors.ReadOnlySqlTransaction  # noqa: TRY301 -- as the statement would have it
            except psycopg.Error as error:
                await self._renew_after(error, connection)
                await self._pool.putconn(connection)
            except BaseException:
                await self._pool.putconn(connection)
                raise

    async def _from_pool(self) -> WatchedConnection:
        """Wait for a connection.

        Before Python 3.12 `asyncio.wait_for`, by which the pool waits, loses a cancellation that comes with the result.
        """
        task = asyncio.current_task()
        cancellations = task.cancelling() if task is not None else 0
        connection = await self._pool.getconn(timeout=self._connect_seconds)
        if task is not None and task.cancelling() > cancellations:
            await self._pool.putconn(connection)
            raise asyncio.CancelledError
        return connection

    def _on_attempt(self, error: psycopg.Error | None) -> None:
        self._refused = None if error is None else f"The database cannot be reached: {message_of(error)}."

    async def _prepare(self, connection: Connection) -> None:
        """Configure a new connection."""
        with self._bounded(connection):
            is_own = await set_up(connection, statement_seconds=self._statement_seconds)
        if is_own and not self._is_pooled:
            allow_preparing(connection)
        self._new.add(connection)

    async def _renew_after(self, error: psycopg.Error, connection: Connection) -> None:
        """Replace all connections after one was lost: usually all that were made before it are lost, too."""
        if not connection.closed and not is_connection_error(error):
            return
        await connection.close()
        if connection in self._new:
            self._new = WeakSet()
            await self._pool.drain()

    @contextmanager
    def _bounded(self, connection: Connection) -> Iterator[None]:
        """Close the connection when it does not answer in time."""
        timer = asyncio.get_running_loop().call_later(self._statement_seconds, cut_off, connection)
        try:
            yield
        finally:
            timer.cancel()

    async def _connect(self) -> Connection:
        """A connection outside of the pool."""
        return await psycopg.AsyncConnection.connect(**self._parameters)


def _raise_if_cancelled() -> None:
    """Raise the cancellation of the current task, if there is one.

    When the server ends just then, psycopg raises the error of its clean-up in place of the cancellation, which a retry
    would ignore.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
