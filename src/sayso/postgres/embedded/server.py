"""A PostgreSQL server from a wheel, with its data in a directory, for `sayso up` and the tests.

Only the wheel's programs are used. Its Python part keeps a lock file for the whole machine, opens the directories above
the data to all users when it is root, and mistakes any process with an old server's number for that server.

The server is a separate process. It outlives the process that started it, even a killed one, and is found again
by the next. It listens on a socket in a directory that only its own user and root may enter, so no password
is needed, and on no network.
"""

from __future__ import annotations

import hashlib
import math
import os
import shlex
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from sayso.errors import InvalidInput, OutputFailed, ServiceUnavailable
from sayso.files import make_private_directory, private_lock
from sayso.postgres.embedded.processes import remove_remains, server_number
from sayso.postgres.embedded.programs import (
    ServerUser,
    change_owner,
    find_program,
    is_nobody,
    major_of_cluster,
    major_of_programs,
    named_user,
    run_program,
    server_user,
)
from sayso.resilience.retry import retry_blocking
from sayso.resilience.retry_policies import EMBEDDED_START

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

_log = structlog.get_logger(__name__)

USER = "sayso"
DATABASE = "postgres"
_START_SECONDS = 60
_STOP_SECONDS = 60.0

_LONGEST_SOCKET_BYTES = 103
"""The longest path of a socket on the strictest system (macOS)."""

SOCKET = ".s.PGSQL.5432"

_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",  # in addition to the directory's
    "port": "5432",  # part of the socket's name; PGPORT would change it
    "max_wal_size": "256MB",
    "log_checkpoints": "off",  # what remains is worth reading, and short
}


_NEW_OPTIONS = {"io_method": "sync"}  # three processes fewer; since PostgreSQL 18


def is_cluster(directory: Path) -> bool:
    """Whether a directory holds a database."""
    return (directory / "PG_VERSION").exists()


def upgraded_name(directory: Path) -> Path:
    """The name of a copied cluster from the moment when it is complete: see `sayso.postgres.embedded.upgrade`."""
    return directory.with_name(f".{directory.name}.upgraded")


class EmbeddedPostgres:
    """A server with its data in a directory. Any thread may use it; a file lock admits one process at a time.

    Args:
        directory: of the data, made if missing, for its owner only. Root makes another user its owner, because
            PostgreSQL refuses to run as root.
        options: settings of PostgreSQL by name, for the server that this starts.
        programs: the directory of PostgreSQL's programs, for a cluster of an older version; None for the newest ones.
        stop_seconds: how long the server may take to stop; then it is stopped as by a crash, from which it recovers.
    """

    def __init__(
        self,
        directory: Path,
        *,
        options: Mapping[str, str] | None = None,
        programs: Path | None = None,
        stop_seconds: float = _STOP_SECONDS,
    ) -> None:
        self._directory = directory.expanduser().absolute()
        self._options = (_OPTIONS if programs else _OPTIONS | _NEW_OPTIONS) | dict(options or {})
        self._programs = programs
        self._stop_seconds = stop_seconds
        self._lock = private_lock(self._directory.with_name(f"{self._directory.name}.lock"))

    def start(self) -> str:
        """Start the server unless it runs, and return its address for libpq once it answers.

        From here on the process has none of libpq's environment variables, which are for other servers.

        Raises:
            NotInstalled: the wheel is missing.
            InvalidInput: the directory is of another version of PostgreSQL.
            OutputFailed: the directory cannot be made, or belongs to another user.
            ServiceUnavailable: the server does not start; the message ends with its own output.
        """
        from psycopg.conninfo import make_conninfo

        from sayso.postgres.address import remove_libpq_variables

        remove_libpq_variables()
        try:
            make_private_directory(self._directory.parent)
            with self._lock:
                self._make()
                socket_directory = self._socket_directory()
                self._reach(socket_directory)
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputFailed(f"The database cannot be kept in {self._directory}: {reason}.") from error
        return make_conninfo(host=str(socket_directory), port=5432, user=USER, dbname=DATABASE)

    def stop(self) -> None:
        """Stop the server, whichever process started it, and wait for its end; does nothing if none runs.

        Raises:
            ServiceUnavailable: it does not stop.
        """
        if not self._directory.exists():
            return
        with self._lock:
            if self.is_running():
                try:
                    self._stop("fast", self._stop_seconds)
                except ServiceUnavailable:  # PostgreSQL 18 may hang while it recovers
                    _log.warning("the database does not stop, and is ended as by a crash")
                    self._stop("immediate", _STOP_SECONDS)
            if (socket_directory := self._socket_directory()) != self._directory:
                shutil.rmtree(socket_directory)  # a killed server leaves its socket

    def _stop(self, mode: str, seconds: float) -> None:
        self._run("pg_ctl", "stop", "-D", str(self._directory), "-m", mode, "-t", str(math.ceil(seconds)))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # The directory

    def _make(self) -> None:
        """Make the data directory, atomically: after a kill it is made again."""
        begun = self._directory.with_name(f".{self._directory.name}.begun")
        shutil.rmtree(begun, ignore_errors=True)
        user, maker = server_user(self._directory), named_user()
        if is_cluster(self._directory):
            if user is not None and is_nobody(self._user()) and not self.is_running():
                change_owner(self._directory, user)  # an earlier version gave it to the Unix user nobody
            return
        if not self._directory.exists() and is_cluster(upgraded_name(self._directory)):
            upgraded_name(self._directory).rename(self._directory)  # the upgrade was killed in its last moment
            return
        if self._directory.exists():
            self._directory.rmdir()  # which does not change a directory with other content
        begun.mkdir(mode=0o700)
        data = begun
        if maker is not None:
            data = begun / "data"  # where other processes of that user cannot enter
            data.mkdir(mode=0o700)
            os.chown(data, *maker)
        arguments = ("-D", str(data), "-U", USER, "--auth=trust", "--encoding=UTF8")
        run_program(
            "initdb",
            *arguments,
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
            user=maker,
            data=data,
        )
        if user is not None:
            change_owner(data, user)
        data.rename(self._directory)
        shutil.rmtree(begun, ignore_errors=True)

    def _user(self) -> ServerUser | None:
        """The user that runs the server and owns the data; None for this process's own user."""
        facts = self._directory.stat()
        return None if facts.st_uid == os.geteuid() else ServerUser(facts.st_uid, facts.st_gid)

    def _socket_directory(self) -> Path:
        """The data directory, or a short one that only the server's user may enter."""
        if len(os.fsencode(self._directory / SOCKET)) <= _LONGEST_SOCKET_BYTES:
            return self._directory
        digest = hashlib.sha256(os.fsencode(self._directory)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"sayso-{digest}"
        facts = self._directory.stat()
        with suppress(FileExistsError):
            short.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(short, facts.st_uid, facts.st_gid)
        found = short.lstat()
        if found.st_uid != facts.st_uid or found.st_mode & 0o077 or short.is_symlink():
            raise PermissionError(0, f"{short} belongs to another user")
        return short

    # The server

    def is_running(self) -> bool:
        """Whether the server of this directory runs, whichever process started it."""
        return server_number(self._directory) is not None

    def _reach(self, socket_directory: Path) -> None:
        """Wait until the server answers: a running one may still be recovering, or about to stop."""
        from psycopg import OperationalError, connect

        def reach() -> None:
            if not self.is_running():
                remove_remains(self._directory, socket_directory / f"{SOCKET}.lock")
                self._start(socket_directory)
            connect(host=str(socket_directory), port=5432, user=USER, dbname=DATABASE).close()

        try:
            retry_blocking(reach, EMBEDDED_START, on=OperationalError)
        except OperationalError as error:
            raise ServiceUnavailable(f"The embedded PostgreSQL does not answer: {error}") from None

    def _start(self, socket_directory: Path) -> None:
        options = self._options | {"unix_socket_directories": str(socket_directory)}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        log = self._directory / "server.log"
        if log.exists():
            log.replace(log.with_name("server.log.1"))
        try:
            self._run(
                "pg_ctl",
                *("start", "-D", str(self._directory), "-l", str(log), "-t", str(_START_SECONDS)),
                *("-o", shlex.join(arguments)),
            )
        except ServiceUnavailable as error:
            self._check_version()
            last_words = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else [error.message]
            raise ServiceUnavailable(
                " ".join(["The embedded PostgreSQL does not start.", *last_words]), hint=f"Its log is {log}."
            ) from None

    def _check_version(self) -> None:
        found = major_of_cluster(self._directory)
        own = major_of_programs(self._programs or find_program("postgres").parent)
        if found == own:
            return
        newer = "Install the version of sayso[embedded] that it was made with, or a newer one."
        raise InvalidInput(
            f"The database in {self._directory} is of PostgreSQL {found}, and the installed one is {own}.",
            hint="Copy it to the new version: sayso upgrade-database" if found < own else newer,
        )

    def _run(self, program: str, *arguments: str) -> None:
        run_program(program, *arguments, user=self._user(), data=self._directory, programs=self._programs)
