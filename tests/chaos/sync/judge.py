"""What the volume must be when all is calm."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.modelsync.keys import is_temporary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

PLANTED = "planted"
"""A symbolic link on the volume, to a directory outside, that a key leads through."""

_STATE = ".sayso"
_SHOWN = 12


def differences(root: Path, wanted: Mapping[str, bytes], *, ignored: Collection[str] = ()) -> list[str]:
    """Where the volume differs from the bucket, in sentences."""
    found = contents(root)
    keys = sorted(key for key in found.keys() | wanted.keys() if key not in ignored)
    return [
        f"the volume differs from the bucket: {key} ({_size(found, key)}, in the bucket {_size(wanted, key)})"
        for key in keys
        if found.get(key) != wanted.get(key)
    ][:_SHOWN]


def _size(contents: Mapping[str, bytes], key: str) -> str:
    return f"{len(contents[key])} bytes" if key in contents else "nothing"


def contents(root: Path) -> dict[str, bytes]:
    """What readers find on a volume."""
    found = {}
    for directory, directories, names in os.walk(root, followlinks=True):
        for name in (_STATE, PLANTED):
            if directory == str(root) and name in directories:
                directories.remove(name)
        for name in names:
            path = Path(directory) / name
            if is_temporary(name):
                continue
            found[str(path.relative_to(root))] = path.read_bytes()
    return found


def remains(root: Path) -> Iterator[str]:
    """What nothing needs any more, in sentences; large files that can be resumed may stay."""
    notes = root / _STATE / "partial"
    resumable = "".join(path.read_text() for path in notes.iterdir()) if notes.exists() else ""
    for directory, _, names in os.walk(root):
        for name in names:
            if is_temporary(name) and name not in resumable:
                yield f"a temporary file is left: {Path(directory) / name}"
    for path in (root / _STATE).glob("probe-*"):
        yield f"a probe of the volume is left: {path.name}"


def closed_directories(root: Path) -> Iterator[str]:
    """The directories that readers need and cannot enter."""
    own = {root / _STATE / name for name in ("journal", "partial", "quarantine", "old")}
    for directory, directories, _ in os.walk(root):
        directories[:] = [name for name in directories if Path(directory) / name not in own]
        mode = stat.S_IMODE(Path(directory).stat().st_mode)
        if mode & 0o555 != 0o555:
            yield f"readers cannot enter {directory}: its mode is {mode:o}"


class Outside:
    """What is around the volume, and must stay as it is.

    Args:
        directory: that the volume is in.
        token: that the names of all hostile keys have.
    """

    def __init__(self, directory: Path, token: str) -> None:
        self.trap = directory / "outside"
        self._directory = directory
        self._token = token
        self.trap.mkdir()
        self._before = {path.name for path in directory.iterdir()}

    def written(self) -> list[str]:
        """The paths outside the volume that were written, in sentences."""
        found = list(self.trap.iterdir())
        found += [path for path in self._directory.iterdir() if path.name not in self._before]
        for place in (Path("/"), Path("/tmp"), self._directory.parent):  # noqa: S108 -- where hostile keys lead
            found += [path for path in place.iterdir() if self._token in path.name]
        return [f"a path outside the volume was written: {path}" for path in found]
