"""The lease of a volume in PostgreSQL, for volumes without locks that hold between machines.

A row for each volume has the number of the lease, which grows with each holder, and when it ends. The holder extends it
from a thread of its own. Before it changes the volume it makes sure that the lease is still its own: by the time since
the last extension, measured by a clock that goes on while the machine sleeps, and otherwise by asking the database. So
a process that was frozen finds out that another one has taken over.

A process may be frozen between that look and the change itself. What it would still do then is fenced off: who takes
over after a holder that did not release its lease removes every temporary file, so that a late rename fails, and begins
a new log in the journal, so that late entries go into a file that nothing reads.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, LiteralString

import structlog

from sayso.errors import LeaseLost, SaysoError, ServiceUnavailable
from sayso.modelsync.volume.lease import VolumeLease, holder_of_process, volume_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sayso.modelsync.volume.directories import VolumeRoot

_log = structlog.get_logger(__name__)

LEASE_SECONDS = 30.0
"""How long a lease lasts without an extension."""

_EXTEND_SECONDS = 5.0
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
"""How long a holder that is not sure any more waits for the database, before it takes its lease as lost."""

_TAKE = """
insert into sayso.sync_leases (volume, lease_id, token, holder, leased_until)
values (%(volume)s, 1, %(token)s, %(holder)s, clock_timestamp() + make_interval(secs => %(seconds)s))
on conflict (volume) do update set
    lease_id = sync_leases.lease_id + 1, token = excluded.token, holder = excluded.holder,
    leased_until = excluded.leased_until, is_takeover = not sync_leases.is_released, is_released = false
where sync_leases.is_released or sync_leases.leased_until < clock_timestamp()
returning lease_id, is_takeover
"""
_EXTEND = """
update sayso.sync_leases set leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
where volume = %(volume)s and lease_id = %(lease_id)s and token = %(token)s and not is_released
returning lease_id
"""
_RELEASE = """
update sayso.sync_leases set is_released = true
where volume = %(volume)s and lease_id = %(lease_id)s and token = %(token)s
"""


class LeaseDatabase:
    """Takes the leases of volumes in a database; a new connection for each statement, so that any pooler will do.

    Args:
        conninfo: the database, see `sayso.postgres.address`.
        lease_seconds: the length of a lease without an extension.
        extend_seconds: the time between two extensions.
        clocks: return seconds: by a clock that goes on while the machine sleeps, and the time of day.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
        extend_seconds: float = _EXTEND_SECONDS,
        clocks: tuple[Callable[[], float], Callable[[], float]] | None = None,
    ) -> None:
        self.lease_seconds = lease_seconds
        self.extend_seconds = extend_seconds
        self.clocks = clocks or (lambda: time.clock_gettime(time.CLOCK_BOOTTIME), time.time)
        self._conninfo = conninfo
        self._is_migrated = False

    def take(self, root: VolumeRoot) -> DatabaseLease | None:
        """Take the lease of a volume; None if another process has it. Blocks.

        Raises:
            ServiceUnavailable: the database does not answer.
            InvalidInput: its address cannot be used, or it refuses its user.
            OutputFailed: the volume cannot be written.
        """
        if not self._is_migrated:
            from sayso.postgres.migrate import migrate

            migrate(self._conninfo)
            self._is_migrated = True
        volume, token = volume_id(root), secrets.token_hex(16)
        began = self._now()
        found = self.fetch(
            _TAKE,
            {"volume": volume, "token": token, "holder": holder_of_process(), "seconds": self.lease_seconds},
        )
        if not found:
            return None
        own = {"volume": volume, "token": token, "lease_id": found[0]["lease_id"], "seconds": self.lease_seconds}
        try:
            file = VolumeLease.take(root, locks=False)
        except BaseException:
            self.fetch(_RELEASE, own)
            raise
        if file is None:
            raise AssertionError("nothing was locked")
        return DatabaseLease(self, file, own, began=began, is_takeover=found[0]["is_takeover"])

    def fetch(self, statement: LiteralString, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run a statement, and return its rows; blocks.

        Raises:
            ServiceUnavailable: the database does not answer, or refuses it.
        """
        import psycopg
        from psycopg.rows import dict_row

        from sayso.postgres.address import parse_address
        from sayso.postgres.connections import connection_parameters
        from sayso.postgres.errors import message_of

        given = connection_parameters(parse_address(self._conninfo).parameters, connect_seconds=_CONNECT_SECONDS)
        try:
            with psycopg.connect(**given, autocommit=True, prepare_threshold=None, row_factory=dict_row) as connection:
                cursor = connection.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            reason = message_of(error)
        raise ServiceUnavailable(f"The database of the volume's lease cannot be used: {reason}.")

    def _now(self) -> tuple[float, float]:
        steady, wall = self.clocks
        return steady(), wall()


class DatabaseLease:
    """A lease that is held, and extended by a thread of its own; `close` releases it. Any thread may `confirm` it.

    Attributes:
        is_takeover: whether the holder before did not release the lease, and may still run.
    """

    def __init__(
        self,
        database: LeaseDatabase,
        file: VolumeLease,
        own: Mapping[str, Any],
        *,
        began: tuple[float, float],
        is_takeover: bool,
    ) -> None:
        """Not to be called; see `LeaseDatabase.take`."""
        self.is_takeover = is_takeover
        self._database = database
        self._file = file
        self._own = own
        self._changed = threading.Condition()
        self._extended_at = began
        self._asked = 0
        self._answered = 0
        self._loss: str | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._extend_forever, name="volume-lease", daemon=True)
        self._thread.start()

    def confirm(self) -> None:
        """Make sure that the lease is still held; asks the database only if that is not certain.

        Raises:
            LeaseLost: another process has it, or the database did not answer in time.
        """
        self._file.confirm()
        with self._changed:
            if self._loss is None and not self._is_certain():
                self._asked += 1
                asked = self._asked
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._loss is not None or self._answered >= asked, _ANSWER_SECONDS)
            if self._loss is None and not self._is_certain():
                self._loss = "The lease of the volume has ended, and the database does not answer."
            if self._loss is not None:
                raise LeaseLost(self._loss)

    def close(self) -> None:
        """Release the lease, if the database answers; blocks for some seconds at most."""
        with self._changed:
            if self._is_closed:
                return
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(_ANSWER_SECONDS)
        try:
            self._database.fetch(_RELEASE, self._own)
        except SaysoError as error:
            _log.warning("the lease of the volume is not released; it ends by itself", reason=error.message)
        self._file.close()

    def _is_certain(self) -> bool:
        """Whether the lease was extended so lately that no other process can have it.

        Only the first clock counts; the time of day shows that the whole machine was paused, clocks and all. If it was
        merely set, the database is asked once more than needed.
        """
        passed = [now() - then for now, then in zip(self._database.clocks, self._extended_at, strict=True)]
        return all(0 <= seconds < self._database.lease_seconds for seconds in passed)

    def _extend_forever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._is_closed or self._asked > self._answered, self._database.extend_seconds
                )
                if self._is_closed or self._loss is not None:
                    return
                asked = self._asked
            self._extend(asked)

    def _extend(self, asked: int) -> None:
        began = (self._database.clocks[0](), self._database.clocks[1]())
        try:
            found = self._database.fetch(_EXTEND, self._own)
        except SaysoError as error:
            _log.warning("the lease of the volume is not extended", reason=error.message)
            with self._changed:
                self._answered = asked
                self._changed.notify_all()
            return
        with self._changed:
            if found:
                self._extended_at = began
            else:
                self._loss = "Another process has taken over the volume."
            self._answered = asked
            self._changed.notify_all()
