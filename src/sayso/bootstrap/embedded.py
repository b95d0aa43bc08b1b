"""The embedded parts of `sayso up`: a data directory with an exclusive lock, and a database in it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filelock import Timeout
from pydantic import SecretStr

from sayso.errors import InvalidInput, OutputFailed
from sayso.files import make_private_directory, private_lock
from sayso.postgres.embedded.server import EmbeddedPostgres
from sayso.postgres.embedded.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sayso.settings import DataSettings, StoriesSettings

LOCK = "up.lock"
DATABASE = "postgres"


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedded parts.

    Attributes:
        settings: override those of every role: the database's address and the worker's name.
        trouble: why the embedded database does not run now, in a sentence; None while it does. Safe from any thread.
    """

    settings: Mapping[str, Any]
    trouble: Callable[[], str | None]


@contextmanager
def embedded(settings: StoriesSettings) -> Iterator[Embedded]:
    """Run a database during the block, unless the settings name one; it is restarted after a crash.

    This process has the data directory for itself.

    Raises:
        InvalidInput: another process uses the directory.
        OutputFailed: the directory cannot be used.
        NotInstalled: the extra with PostgreSQL is missing.
        ServiceUnavailable: the database does not start.
    """
    with owned_directory(settings) as directory:
        if settings.database_url is not None:
            yield Embedded({}, lambda: None)
            return
        with EmbeddedPostgres(directory / DATABASE) as server, Supervisor(server) as supervisor:
            # This process has the directory for itself, so the worker that had its jobs before is dead.
            own = {"database_url": SecretStr(server.start()), "worker_name": settings.worker_name or "up"}
            yield Embedded(own, supervisor.trouble)


@contextmanager
def owned_directory(settings: DataSettings) -> Iterator[Path]:
    """Lock the data directory for this process during the block; it is made if missing.

    Raises:
        InvalidInput: another process uses it.
        OutputFailed: it cannot be used.
    """
    directory = settings.data_dir
    try:
        make_private_directory(directory, group_reads=settings.group_reads)
        lock = private_lock(directory / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise InvalidInput(
            f"Sayso is up already with {directory}.", hint="Stop it, or use another directory: --data DIR"
        ) from None
    except OSError as error:
        raise OutputFailed(f"Cannot use {directory}: {error.strerror}.") from error
    try:
        yield directory
    finally:
        lock.release()
