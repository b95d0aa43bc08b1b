"""The connections to the database: a pool that repairs itself, and statements that are repeated where that is safe."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable
from sayso.postgres.address import parse_address
from sayso.postgres.batcher import Batcher
from sayso.postgres.connections import (
    Connection,
    Row,
    WatchedConnection,
    bound_statements,
    connection_parameters,
    cut_off,
    own_parameters,
)
from sayso.postgres.errors import failure_of, is_of_the_connection, words_of
from sayso.postgres.listener import Listener
from sayso.postgres.transactions import Transaction, rows_of
from sayso.resilience.retry import STATEMENT, RetryableError, retry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
    from typing import LiteralString, Self

T = TypeVar("T")

_log = structlog.get_logger(__name__)

_GIVE_UP_CONNECTING_SECONDS = 2.0
"""After this, the next request connects again at once instead of waiting for the pool's own back-off."""

_LONGEST_PAYLOAD_BYTES = 7999

_CHECK = "select current_setting('transaction_read_only') = 'on' as is_read_only"

_NOTIFY = (
    "SELECT pg_notify(channel, payload) FROM unnest(%(channels)s::text[], %(payloads)s::text[]) n (channel, payload)"
)


class Database:
    """A database, for the event loop that opens it.

    Its calls raise `ServiceUnavailable`, and `InvalidInput` for data that it cannot keep.

    A connection is never relied on to be the same from one transaction to the next, except by the listener: behind
    PgBouncer in transaction mode, ``listen`` should be False.

    Args:
        conninfo: where it is, see `sayso.postgres.address`.
        listen: whether to listen for notifications; never where the address says that PgBouncer is in between.
        connections: how many there are at most, without the listener's; a limit in the address goes before it.
        statement_seconds: how long a statement may take.
        connect_seconds: how long to wait for a connection.
        probe_seconds: how often the listener probes its connection.

    Raises:
        InvalidInput: the conninfo is none.
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
        self._notices: Batcher[tuple[str, str], None] = Batcher(self._send_notices)
        self._new: WeakSet[Connection] = WeakSet()
        """Connections that were made since others were found lost."""
        self._refused: str | None = None
        """Why the last attempt to connect failed; None where it did not."""
        self._listening: asyncio.Task[None] | None = None
        self.listener = Listener(self._connect, self.notify, probe_seconds=probe_seconds) if listen else None
        """Receives notifications; None where it does not listen."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Begin to connect; the first request fails if the database cannot be reached."""
        await self._pool.open()
        if self.listener is not None:
            self._listening = asyncio.create_task(self.listener.run())

    async def close(self) -> None:
        """Send the notifications that are due, and give up all connections."""
        await self._notices.drain()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})
        await self._pool.close()

    async def fetch(self, statement: LiteralString, parameters: Mapping[str, Any], *, again: bool) -> Sequence[Row]:
        """Run a statement, a transaction of its own, and return its rows.

        Args:
            statement: in SQL, with ``%(name)s`` for parameters.
            parameters: by name.
            again: whether it may be run again when its answer was lost: twice has the same effect as once.
        """
        if again:
            return await self.persist(partial(self.attempt, statement, parameters))
        try:
            async with self._connection(checked=True) as connection:
                return await rows_of(connection, statement, parameters)
        except RetryableError as error:
            failure = error.error
        raise failure

    async def attempt(self, statement: LiteralString, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """Run a statement, for `persist`.

        Raises:
            RetryableError: the answer was lost: it may have been run.
        """
        async with self._connection(checked=False) as connection:
            return await rows_of(connection, statement, parameters)

    async def persist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Have something asked until it is answered, a few times.

        Args:
            ask: a coroutine function, which must not mind to have been run before.
        """
        # ServiceUnavailable is what leaves a transaction.
        try:
            return await retry(ask, STATEMENT, on=(RetryableError, ServiceUnavailable))
        except RetryableError as error:
            failure = error.error
        raise failure

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A block whose statements take effect together at its end, or not at all when it is left by an exception.

        When the end itself fails, `ServiceUnavailable` leaves open whether they have.
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
        """Wake those who listen, soon; nothing waits for it, and when it fails, they find out by polling.

        A notification within a transaction would have all commits of the server wait for one another, each for its
        write to the disk. By itself it writes nothing, and those that come while one is under way go together.
        """
        if len(payload.encode()) > _LONGEST_PAYLOAD_BYTES:
            payload = ""
        self._notices.add((channel, payload))

    async def _send_notices(self, notices: Sequence[tuple[str, str]]) -> Sequence[None]:
        distinct = list(dict.fromkeys(notices))
        parameters = {
            "channels": [channel for channel, _ in distinct],
            "payloads": [payload for _, payload in distinct],
        }
        try:
            await self.fetch(_NOTIFY, parameters, again=True)
        except ServiceUnavailable as error:
            _log.debug("a notification was not sent", reason=error.message)
        return [None] * len(notices)

    @asynccontextmanager
    async def _connection(self, *, checked: bool) -> AsyncIterator[Connection]:
        """A connection; an error of psycopg leaves the block as `RetryableError` or one of Sayso's.

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
            failure = InvalidInput("The database cannot keep this: half of a surrogate pair is no character.")
        if failure is not None:
            raise failure

    async def _take(self, *, checked: bool) -> WatchedConnection:
        """A connection of the pool, which is to be put back."""
        was_read_only = False
        while True:
            connection = await self._pool.getconn(timeout=self._connect_seconds)
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

    def _on_attempt(self, error: psycopg.Error | None) -> None:
        self._refused = None if error is None else f"The database cannot be reached: {words_of(error)}."

    async def _prepare(self, connection: Connection) -> None:
        """Have a new connection ready for use."""
        with self._bounded(connection):
            await bound_statements(connection, self._statement_seconds)
        self._new.add(connection)

    async def _renew_after(self, error: psycopg.Error, connection: Connection) -> None:
        """Have new connections made when one is lost: all that were made before it were lost with it, as a rule."""
        if not connection.closed and not is_of_the_connection(error):
            return
        await connection.close()
        if connection in self._new:
            self._new = WeakSet()
            await self._pool.drain()

    @contextmanager
    def _bounded(self, connection: Connection) -> Iterator[None]:
        """Cut the connection off when it does not answer in time."""
        timer = asyncio.get_running_loop().call_later(self._statement_seconds, cut_off, connection)
        try:
            yield
        finally:
            timer.cancel()

    async def _connect(self) -> Connection:
        """A connection outside of the pool."""
        return await psycopg.AsyncConnection.connect(**self._parameters)
