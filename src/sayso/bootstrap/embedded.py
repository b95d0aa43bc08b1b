"""What `sayso up` brings itself: a directory that is its own, and a database in it."""

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
    """What `embedded` gives.

    Attributes:
        settings: what every role is to read in place of its own: where the database is, and who its worker is.
        trouble: why the embedded database does not run now, in a sentence; None while it does. From any thread.
    """

    settings: Mapping[str, Any]
    trouble: Callable[[], str | None]


@contextmanager
def embedded(settings: StoriesSettings) -> Iterator[Embedded]:
    """Have a database during the block, unless the settings name one; one that ends by itself is restarted.

    The data directory is this process's alone meanwhile.

    Raises:
        InvalidInput: another process has the directory.
        OutputFailed: the directory cannot be used.
        NotInstalled: there is no PostgreSQL to embed.
        ServiceUnavailable: the database does not start.
    """
    with owned_directory(settings) as directory:
        if settings.database_url is not None:
            yield Embedded({}, lambda: None)
            return
        with EmbeddedPostgres(directory / DATABASE) as server, Supervisor(server) as supervisor:
            # The directory is ours alone, so that whoever had its jobs before is dead.
            own = {"database_url": SecretStr(server.start()), "worker_name": settings.worker_name or "up"}
            yield Embedded(own, supervisor.trouble)


@contextmanager
def owned_directory(settings: DataSettings) -> Iterator[Path]:
    """Have the data directory, made where it is not there, for this process alone during the block.

    Raises:
        InvalidInput: another process has it.
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
