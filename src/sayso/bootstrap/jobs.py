"""The jobs of this machine, or of the database that the settings name, for whoever looks after them."""

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
    """Where the database is, as libpq takes it; the one of `sayso up` is started for the block where it is not up.

    Raises:
        InvalidInput: there is none.
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
    except Timeout:  # it is up
        yield server.start()
        return
    try:
        with server:
            conninfo = server.start()
            migrate(conninfo)
            yield conninfo
    finally:
        lock.release()
