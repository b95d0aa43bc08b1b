"""Run a package registry's own client, so that the user's mirrors, proxies and logins for it apply."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import SourceFailed
from sayso.models.archives import is_archive, offer_members
from sayso.models.sources.base import without_credentials
from sayso.models.sources.environment import client_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.models.staging import DownloadStaging

EMPTY = "empty"
"""The name of the empty directory in ``work``, the client's working directory."""

_POLL_SECONDS = 0.2
_REASON_CHARACTERS = 300


def fetch_package(command: Sequence[str], work: Path, staging: DownloadStaging) -> None:
    """Run a client that downloads one package into ``work``, and offer the package's content for staging.

    The client runs in an empty directory, so that no project's configuration applies.

    Args:
        command: the client and its arguments.
        work: a directory for the package and the client's temporary files; its growth is the progress.
        staging: receives the files.

    Raises:
        SourceFailed: the client failed, or delivered a damaged package.
        OutputFailed: the staging directory cannot be written.
    """
    log = work / "output.txt"
    empty = work / EMPTY
    empty.mkdir(exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=empty,
            env=client_environment(os.environ, directory=Path.cwd()) | {"TMPDIR": str(work)},
        )
        try:
            while _still_runs(process):
                staging.arriving(size_below(work))
        finally:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise SourceFailed(_reason(log.read_text(errors="replace")) or f"{command[0]} failed without a message")
    for package in filter(is_archive, work.iterdir()):
        offer_members(package, staging)
        package.unlink()


def _still_runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def size_below(directory: Path) -> int:
    """The bytes in all files below a directory; files may appear and disappear meanwhile."""
    total = 0
    for folder, _, names in os.walk(directory):  # which passes over directories that are gone, unlike `Path.rglob`
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(folder, name).stat().st_size
    return total


def _reason(output: str) -> str:
    """The beginning of a client's output, where the cause is, on one line and without credentials."""
    return " ".join(without_credentials(output).split())[:_REASON_CHARACTERS]
