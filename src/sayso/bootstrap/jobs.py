"""Access to the job database for the commands of operators."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sayso.bootstrap.embedded import DATABASE, LOCK
from sayso.errors import InvalidInput
from sayso.files import private_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.settings import StorageSettings


@contextmanager
def job_database(settings: StorageSettings) -> Iterator[str]:
    """The address of the database for libpq; the embedded one is started for the block if it is not running.

    Raises:
        InvalidInput: there is no database.
        ServiceUnavailable: it does not answer.
    """
    from filelock import Timeout

    from sayso.postgres.embedded.server import EmbeddedPostgres
    from sayso.postgres.migrate import migrate

    if settings.database_url is not None:
        conninfo = settings.database_url.get_secret_value()
        migrate(conninfo)
        yield conninfo
        return
    directory = settings.data_dir / DATABASE
    if not directory.exists():
        raise InvalidInput(
            "There are no jobs here.",
            hint="Set DATABASE_URL, or QUEUE_URL for SQS, or SAYSO_DATA as `sayso up` has it.",
        )
    server = EmbeddedPostgres(directory)
    lock = private_lock(settings.data_dir / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:  # it is running
        yield server.start()
        return
    try:
        with server:
            conninfo = server.start()
            migrate(conninfo)
            yield conninfo
    finally:
        lock.release()
