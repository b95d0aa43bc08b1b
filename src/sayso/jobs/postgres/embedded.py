"""PostgreSQL itself, out of a wheel, with its data in a directory: what `sayso up` and the tests run on.

Only the wheel's programs are used. Its Python part keeps a lock file for the whole machine, opens the directories above
the data to everybody when it is root, and takes any process that has an old server's number for that server.

The server is a process of its own. It outlives whoever started it, even one that is killed, and is found again by
whoever starts it next. It listens on a socket in a directory that only its own user and root may enter, so no password
is needed, and on no network.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import OutputFailed, ServiceUnavailable
from sayso.files import make_private_directory, private_lock
from sayso.jobs.postgres.programs import ServerUser, hand_over, is_nobody, named_user, run_program, server_user

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

_USER = "sayso"
_DATABASE = "postgres"
_START_SECONDS = 60

_LONGEST_SOCKET_BYTES = 103
"""Of a socket's path, where the system allows least (macOS)."""

_SOCKET = ".s.PGSQL.5432"

_HAS_PROC = Path("/proc/self/cwd").exists()
_CLEAR_SECONDS = 10.0

_OPTIONS = {
    "listen_addresses": "",
    "port": "5432",  # it names the socket; PGPORT would change it
    "io_method": "sync",  # three processes fewer
    "max_wal_size": "256MB",
    "log_checkpoints": "off",  # what is left is worth reading, and little
}


class EmbeddedPostgres:
    """A server with its data in a directory. Any thread may use it; a file lock lets one process at a time.

    Args:
        directory: of the data, made when it is not there, for its owner alone. Whoever is root has another user own it,
            since PostgreSQL refuses to run as root.
        options: settings of PostgreSQL by name, for the server that this starts.
    """

    def __init__(self, directory: Path, *, options: Mapping[str, str] | None = None) -> None:
        self._directory = directory.expanduser().absolute()
        self._options = _OPTIONS | dict(options or {})
        self._lock = private_lock(self._directory.with_name(f"{self._directory.name}.lock"))

    def start(self) -> str:
        """Start the server, unless it runs, and return where it is, as libpq takes it, once it answers.

        From here on the process has none of libpq's environment variables, which are for other servers.

        Raises:
            NotInstalled: the wheel is missing.
            OutputFailed: the directory cannot be made, or is somebody else's.
            ServiceUnavailable: the server does not start; the message ends with its own words.
        """
        from psycopg.conninfo import make_conninfo

        from sayso.jobs.postgres.address import forget_variables

        forget_variables()
        try:
            make_private_directory(self._directory.parent)
            with self._lock:
                self._make()
                socket_directory = self._socket_directory()
                self._reach(socket_directory)
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputFailed(f"The database cannot be kept in {self._directory}: {reason}.") from error
        return make_conninfo(host=str(socket_directory), port=5432, user=_USER, dbname=_DATABASE)

    def stop(self) -> None:
        """Stop the server, whoever started it, and wait for its end; nothing where none runs.

        Raises:
            ServiceUnavailable: it does not stop.
        """
        if not self._directory.exists():
            return
        with self._lock:
            if self.is_running():
                self._run("pg_ctl", "stop", "-D", str(self._directory), "-m", "fast", "-t", str(_START_SECONDS))
            if (socket_directory := self._socket_directory()) != self._directory:
                shutil.rmtree(socket_directory)  # a server that was killed has left its socket

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # The directory

    def _make(self) -> None:
        """Make the data directory, whole or not at all: a kill leaves one that is begun anew."""
        begun = self._directory.with_name(f".{self._directory.name}.begun")
        shutil.rmtree(begun, ignore_errors=True)
        user, maker = server_user(self._directory), named_user()
        if (self._directory / "PG_VERSION").exists():
            if user is not None and is_nobody(self._user()) and not self.is_running():
                hand_over(self._directory, user)  # an earlier version had nobody own it
            return
        if self._directory.exists():
            self._directory.rmdir()  # which leaves one that holds something else as it is
        begun.mkdir(mode=0o700)
        data = begun
        if maker is not None:
            data = begun / "data"  # where nobody else who is the maker can enter
            data.mkdir(mode=0o700)
            os.chown(data, *maker)
        arguments = ("-D", str(data), "-U", _USER, "--auth=trust", "--encoding=UTF8")
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
            hand_over(data, user)
        data.rename(self._directory)
        shutil.rmtree(begun, ignore_errors=True)

    def _user(self) -> ServerUser | None:
        """Who runs the server, which is whose the data are; None for this process's own user."""
        facts = self._directory.stat()
        return None if facts.st_uid == os.geteuid() else ServerUser(facts.st_uid, facts.st_gid)

    def _socket_directory(self) -> Path:
        """The data directory, or a short one that only the server's user may enter."""
        if len(os.fsencode(self._directory / _SOCKET)) <= _LONGEST_SOCKET_BYTES:
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
            raise PermissionError(0, f"{short} belongs to somebody else")
        return short

    # The server

    def is_running(self) -> bool:
        """Whether the server of this directory runs, whoever started it."""
        return self._number() is not None

    def _number(self) -> int | None:
        """The process that serves this directory; None for none."""
        try:
            number = int(self._record.read_text().split("\n", 1)[0])
            os.kill(number, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        except PermissionError:
            pass
        # In a container, the old server's number may be that of some other process by now, or of its own remains that
        # nobody reaps. A server's working directory is its data directory.
        return number if not _HAS_PROC or self._works_here(number) else None

    @property
    def _record(self) -> Path:
        return self._directory / "postmaster.pid"

    def _works_here(self, number: int) -> bool:
        process = Path(f"/proc/{number}")
        try:
            return (process / "cwd").resolve(strict=True) == self._directory.resolve()
        except PermissionError:  # root in a container may not look at others' directories, but at their commands
            with suppress(OSError):
                return os.fsencode(self._directory) in (process / "cmdline").read_bytes().split(b"\0")
            return False
        except OSError:  # it has ended
            return False

    def _clear_away(self) -> None:
        """Remove what a server that was killed has left, all of which would keep another from starting.

        Its backends notice its death when they are idle, but not in the middle of a statement. They hold the shared
        memory, and whatever they still write would never be committed.
        """
        if not _HAS_PROC or not self._record.exists():
            return
        give_up = time.monotonic() + _CLEAR_SECONDS
        while (survivors := self._survivors()) and time.monotonic() < give_up:
            for number in survivors:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(number, signal.SIGKILL)
            time.sleep(0.02)
        self._record.unlink(missing_ok=True)
        (self._socket_directory() / f"{_SOCKET}.lock").unlink(missing_ok=True)

    def _survivors(self) -> list[int]:
        """PostgreSQL's processes that work in this directory: not the shell of somebody who reads the log."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                is_postgres = (process / "comm").read_text().strip() == "postgres"
                if is_postgres and (process / "cwd").resolve(strict=True) == self._directory.resolve():
                    found.append(int(process.name))
        return found

    def _reach(self, socket_directory: Path) -> None:
        """Have a server that answers: one that runs may still be recovering, or about to die."""
        from psycopg import OperationalError, connect
        from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

        def reach() -> None:
            if not self.is_running():
                self._clear_away()
                self._start(socket_directory)
            connect(host=str(socket_directory), port=5432, user=_USER, dbname=_DATABASE).close()

        attempts = Retrying(
            retry=retry_if_exception_type(OperationalError),
            stop=stop_after_delay(_START_SECONDS),
            wait=wait_fixed(0.05),
            reraise=True,
        )
        try:
            attempts(reach)
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
            last_words = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else [error.message]
            raise ServiceUnavailable(
                " ".join(["The embedded PostgreSQL does not start.", *last_words]), hint=f"Its log is {log}."
            ) from None

    def _run(self, program: str, *arguments: str) -> None:
        run_program(program, *arguments, user=self._user(), data=self._directory)
