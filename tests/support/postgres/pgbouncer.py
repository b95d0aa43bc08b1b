"""A real PgBouncer in transaction mode, in front of the tests' PostgreSQL: each transaction may get another connection.

Without PgBouncer the tests are skipped, except in continuous integration, where they fail.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from sayso.postgres.embedded.programs import named_user, with_access_everywhere
from support.missing_parts import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0

_SETTINGS = """
[databases]
* = host={host} port={port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
server_round_robin = 1
"""


@contextmanager
def pgbouncer(directory: Path, conninfo: str) -> Iterator[str]:
    """The conninfo of the same database behind PgBouncer.

    Args:
        directory: for its settings and its log.
        conninfo: of a database of the embedded server, whose socket its own user alone can reach.
    """
    settings, log, own_port = directory / "pgbouncer.ini", directory / "pgbouncer.log", _free_port()
    settings.write_text(_SETTINGS.format(**conninfo_to_dict(conninfo), own_port=own_port))
    user = named_user()
    as_user = [] if user is None else with_access_everywhere(user)
    with log.open("wb") as stream:
        process = subprocess.Popen([*as_user, _program(), str(settings)], stderr=stream)
    try:
        behind = make_conninfo(conninfo, host="127.0.0.1", port=own_port)
        _wait_for(behind, process, log)
        yield behind
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _program() -> str:
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found is None:
        missing("PgBouncer is not installed (on Debian: apt install pgbouncer)")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(conninfo: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def ask() -> None:
        assert process.poll() is None, f"PgBouncer has ended:\n{log.read_text()}"
        psycopg.connect(conninfo).close()

    Retrying(
        retry=retry_if_exception_type(psycopg.OperationalError),
        stop=stop_after_delay(_START_SECONDS),
        wait=wait_fixed(0.05),
        reraise=True,
    )(ask)
