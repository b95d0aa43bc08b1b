"""An embedded PostgreSQL that is restarted, crashed and cut off, and questions that outlive all that."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from chaos.postgres_record import OURS
from chaos.storm import Trouble
from sayso.postgres.embedded.server import EmbeddedPostgres

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_CUT_OFF_AT_ONCE = 3
_AWAY_SECONDS = 300.0
_READ_ONLY_SECONDS = (2.0, 8.0)
_WRITES = "-c default_transaction_read_only=off"
_PORT = 5432

_BACKENDS = """
select pid from pg_stat_activity
where backend_type = 'client backend' and application_name <> %s and pid <> pg_backend_pid()
"""

_END_THEM = _BACKENDS.replace("select pid", "select pg_terminate_backend(pid)")


class TroubledPostgres:
    """The server, which runs from the beginning; any thread may use it.

    Args:
        directory: of its data.
    """

    def __init__(self, directory: Path) -> None:
        self._server = EmbeddedPostgres(directory)
        self.conninfo = make_conninfo(self._server.start(), options=_WRITES)
        """Of its first database, for the harness, which may always write."""
        self._sockets = str(conninfo_to_dict(self.conninfo)["host"])
        self._restarting = threading.Lock()
        self._threads: list[threading.Thread] = []

    def stop(self) -> None:
        """Stop it."""
        self._server.stop()

    def create_database(self, name: str) -> str:
        """Create another database, and return its address for the harness."""
        with psycopg.connect(self.conninfo, application_name=OURS, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return make_conninfo(self.conninfo, dbname=name)

    def url(self, application: str, *, database: str = "postgres") -> str:
        """The address for a process that calls itself so."""
        place = quote(self._sockets, safe="")
        return f"postgresql://sayso@{place}:{_PORT}/{database}?application_name={application}"

    def ask(self, statement: str, *parameters: Any, conninfo: str | None = None) -> Sequence[Mapping[str, Any]]:
        """Rows, whatever becomes of the database meanwhile; the statement may be executed twice.

        Args:
            statement: SQL.
            *parameters: its values.
            conninfo: of a database; the first one by default.
        """
        give_up = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                with psycopg.connect(
                    conninfo or self.conninfo, application_name=OURS, autocommit=True, row_factory=dict_row
                ) as connection:
                    cursor = connection.execute(statement.encode(), parameters)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.errors.UniqueViolation:
                return []  # the first execution succeeded, and its response was lost
            except psycopg.OperationalError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.2)

    def trouble(self, trouble: Trouble, chance: random.Random) -> Sequence[tuple[float, Callable[[], None]]]:
        """See `storm.Place`."""
        if trouble is Trouble.RESTART:
            self.apart(self._restart)
            return []
        with (
            suppress(psycopg.Error),
            psycopg.connect(self.conninfo, application_name=OURS, autocommit=True) as connection,
        ):
            backends = [pid for (pid,) in connection.execute(_BACKENDS, [OURS]).fetchall()]
            chance.shuffle(backends)
            if trouble is Trouble.READ_ONLY:
                # As after a failover: a new connection can write nothing, for as long as it is open.
                connection.execute("alter role sayso set default_transaction_read_only = on")
                connection.execute(_END_THEM, [OURS])
                return [(chance.uniform(*_READ_ONLY_SECONDS), lambda: self.apart(self._make_writable))]
            if trouble is Trouble.CRASH:
                for pid in backends[:1]:
                    os.kill(pid, signal.SIGKILL)  # upon which PostgreSQL ends all others, and recovers
            else:
                for pid in backends[: chance.randint(1, _CUT_OFF_AT_ONCE)]:
                    connection.execute("select pg_terminate_backend(%s)", [pid])
        return []

    def apart(self, what: Callable[[], object]) -> None:
        """Do something that takes time on a thread of its own, which `calm` waits for."""
        thread = threading.Thread(target=what)
        thread.start()
        self._threads.append(thread)

    def calm(self) -> None:
        """Wait until it runs, may be written, and nothing is done apart any more."""
        for thread in self._threads:
            thread.join()

    def _make_writable(self) -> None:
        self.ask("alter role sayso reset default_transaction_read_only")

    def _restart(self) -> None:
        with self._restarting:
            self.ask("select 1")  # PostgreSQL 18 may hang if it is told to stop while it recovers from a crash
            self._server.stop()
            self._server.start()
