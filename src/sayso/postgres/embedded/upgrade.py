"""Move the embedded database to a newer PostgreSQL: by dump and restore, beside the old one.

PostgreSQL cannot use a cluster of another major version, and a new version of Sayso may bring a new version of the
wheel. The old directory is read by programs of its own version, and is moved only after its content was found in the
new one.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

from sayso.errors import InvalidInput, OutputFailed, ServiceUnavailable
from sayso.postgres.embedded.programs import find_program, major_of_cluster, major_of_programs, programs_of, run_program
from sayso.postgres.embedded.server import DATABASE, USER, EmbeddedPostgres, is_cluster, upgraded_name

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

_Contents: TypeAlias = Mapping[str, tuple[Any, ...]]

_DATABASES = "select datname from pg_database where datallowconn and not datistemplate order by 1"

_TABLES = """
select format('%I.%I', nspname, relname)
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where relkind = 'r' and nspname <> 'information_schema' and nspname not like 'pg\\_%' order by 1
"""

_SEQUENCES = "select format('%I.%I', schemaname, sequencename), last_value from pg_sequences order by 1"

_SESSION = "set timezone to 'UTC'; set datestyle to 'ISO'; set extra_float_digits to 1; set search_path to ''"


def upgrade(directory: Path, *, programs: Path | None = None, say: Callable[[str], None]) -> Path | None:
    """Move a cluster to the newest installed PostgreSQL; blocks.

    Args:
        directory: of the cluster, which no other process uses.
        programs: the directory of the programs of its own version; None for those in the wheel.
        say: called with sentences that report the progress.

    Returns:
        The directory in which the old cluster is kept; None if there was nothing to do.

    Raises:
        InvalidInput: there is no cluster, it is newer, or the programs of its own version are missing.
        OutputFailed: the directory cannot be written to.
        ServiceUnavailable: a server or a program failed, or the copy differs from the original; nothing was changed.
    """
    if not is_cluster(directory):
        raise InvalidInput(f"There is no database in {directory}.", hint="It is where SAYSO_DATA or --data says.")
    old, new = major_of_cluster(directory), major_of_programs(find_program("postgres").parent)
    if old == new:
        return None
    if old > new:
        raise InvalidInput(
            f"The database is of PostgreSQL {old}, and the newest that is installed is {new}.",
            hint="Install the version of sayso[embedded] that it was made with, or a newer one.",
        )
    programs = programs or programs_of(old)
    if programs is None or major_of_programs(programs) != old:
        raise InvalidInput(
            f"To read the database, the programs of PostgreSQL {old} are needed.",
            hint=f"Install them (on Debian: apt install postgresql-{old}) and name their directory: "
            f"--programs /usr/lib/postgresql/{old}/bin",
        )
    kept = directory.with_name(f"{directory.name}.{old}")
    if kept.exists():
        raise InvalidInput(f"{kept} is there already.", hint="Move it away: the old database is to be kept there.")
    say(f"Copying the database from PostgreSQL {old} to {new}.")
    try:
        _copy(directory, programs, say)
        ready = upgraded_name(directory)
        directory.rename(kept)
        ready.rename(directory)  # after a kill between the two, the next start completes this
    except OSError as error:
        raise OutputFailed(f"The database cannot be copied: {error.strerror or error}.") from error
    return kept


def _copy(directory: Path, programs: Path, say: Callable[[str], None]) -> None:
    """Make a copy under the name of a complete one, once it has been compared."""
    begun = directory.with_name(f".{directory.name}.upgrading")
    for left in (begun, upgraded_name(directory)):
        shutil.rmtree(left, ignore_errors=True)
    read_only = {"default_transaction_read_only": "on"}
    try:
        with (
            EmbeddedPostgres(directory, options=read_only, programs=programs) as source,
            EmbeddedPostgres(begun) as target,
            TemporaryDirectory(dir=directory.parent, prefix=".upgrading-") as scratch,
        ):
            # Owned by this process's user, which may connect to the sockets: the server's user may not write here.
            _copy_all(source.start(), target.start(), Path(scratch), say)
        begun.rename(upgraded_name(directory))
    finally:
        shutil.rmtree(begun, ignore_errors=True)
        begun.with_name(f"{begun.name}.lock").unlink(missing_ok=True)


def _copy_all(source: str, target: str, scratch: Path, say: Callable[[str], None]) -> None:
    from psycopg.conninfo import make_conninfo

    roles, dump = scratch / "roles.sql", scratch / "dump"
    run_program("pg_dumpall", "--roles-only", f"--dbname={source}", f"--file={roles}", user=None, data=scratch)
    # One role exists already, for which psql prints an error and continues.
    run_program("psql", "--no-psqlrc", "--quiet", f"--file={roles}", f"--dbname={target}", user=None, data=scratch)
    for name in _column(source, _DATABASES):
        from_, to = make_conninfo(source, dbname=name), make_conninfo(target, dbname=name)
        if name != DATABASE:
            run_program(
                "createdb", *_where(target), "--template=template0", "--encoding=UTF8", name, user=None, data=scratch
            )
        run_program("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={from_}", user=None, data=scratch)
        run_program(
            "pg_restore",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={to}",
            str(dump),
            user=None,
            data=scratch,
        )
        before, after = _contents(from_), _contents(to)
        different = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        if different:
            raise ServiceUnavailable(
                f"The copy of {different[0]} in {name} is not like the original; everything is left as it was."
            )
        rows = sum(count for count, *_ in before.values() if count is not None)
        say(f"{name}: {len(before)} tables and sequences, {rows} rows, compared.")


def _contents(conninfo: str) -> _Contents:
    """The number of rows and a digest of each table, and the position of each sequence."""
    from psycopg import sql

    with _connected(conninfo) as connection:
        found: dict[str, tuple[Any, ...]] = {}
        for (table,) in connection.execute(_TABLES.encode()).fetchall():
            # Every row counts, in any order: the sum of 60 bits of each row's digest.
            statement = sql.SQL(
                "select count(*), sum(('x0' || left(md5(t::text), 15))::bit(64)::bigint::numeric) from {} t"
            )
            found[table] = connection.execute(statement.format(sql.SQL(table))).fetchone() or ()
        for sequence, value in connection.execute(_SEQUENCES.encode()).fetchall():
            found[sequence] = (None, value)
        return found


def _connected(conninfo: str) -> psycopg.Connection[Any]:
    import psycopg

    connection = psycopg.connect(conninfo, autocommit=True)
    connection.execute(_SESSION.encode())
    return connection


def _column(conninfo: str, statement: str) -> list[str]:
    with _connected(conninfo) as connection:
        return [value for (value,) in connection.execute(statement.encode())]


def _where(conninfo: str) -> list[str]:
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(conninfo)
    return [f"--host={parts['host']}", f"--port={parts['port']}", f"--username={USER}"]
