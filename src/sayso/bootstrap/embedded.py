"""What `sayso up` brings itself: a directory that is its own, and a database in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from pydantic import SecretStr

from sayso.errors import InvalidInput, OutputFailed
from sayso.jobs.postgres.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.settings import Settings

LOCK = "up.lock"
DATABASE = "postgres"


@contextmanager
def embedded(settings: Settings) -> Iterator[Settings]:
    """Have a database during the block, unless the settings name one, and give the settings that name it.

    The data directory is this process's alone meanwhile.

    Raises:
        InvalidInput: another process has the directory.
        OutputFailed: the directory cannot be used.
        NotInstalled: there is no PostgreSQL to embed.
        ServiceUnavailable: the database does not start.
    """
    directory = settings.data_dir
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise InvalidInput(
            f"Sayso is up already with {directory}.", hint="Stop it, or use another directory: sayso up --data DIR"
        ) from None
    except OSError as error:
        raise OutputFailed(f"Cannot use {directory}: {error.strerror}.") from error
    try:
        if settings.database_url is not None:
            yield settings
            return
        with EmbeddedPostgres(directory / DATABASE) as server:
            # The directory is ours alone, so that whoever had its jobs before is dead.
            own = {"database_url": SecretStr(server.start()), "worker_name": settings.worker_name or "up"}
            yield settings.model_copy(update=own)
    finally:
        lock.release()
