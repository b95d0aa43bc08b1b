"""Look at the volume: which entries are there now, without reading a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sayso.modelsync.directories import VolumeRoot, kind_of, local_stat
from sayso.modelsync.keys import STATE_DIRECTORY, shown
from sayso.modelsync.records import FileKind, VolumeFile, VolumeScan

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAXIMUM_SHOWN = 3


def scan_volume(root: VolumeRoot, *, sets: Mapping[str, str] | None = None) -> VolumeScan:
    """All entries of the volume; blocks.

    A directory that cannot be read makes the scan incomplete; the others are read nevertheless. Symbolic links are not
    followed, except those of sets, whose files are given with the paths that readers have of them. An entry whose name
    is not UTF-8 has a path with surrogates, as the functions of `os` give it.

    Args:
        root: of the volume.
        sets: the directory below the root to which the link of each set leads, by the prefix with a ``/`` at the end.
    """
    walk = _Walk(root)
    walk.read("", "")
    for prefix, directory in sorted((sets or {}).items()):
        link = walk.entries.get(prefix.rstrip("/"))
        if link is not None and link.kind is FileKind.SYMLINK:
            walk.read(directory, prefix)
    troubles = walk.troubles[:_MAXIMUM_SHOWN]
    trouble = f"{len(walk.troubles):,} directories could not be read: {', '.join(troubles)}." if troubles else None
    return VolumeScan(entries=walk.entries, is_complete=not walk.troubles, trouble=trouble)


class _Walk:
    """Collects entries."""

    def __init__(self, root: VolumeRoot) -> None:
        self._root = root
        self.entries: dict[str, VolumeFile] = {}
        self.troubles: list[str] = []

    def read(self, directory: str, prefix: str) -> None:
        """Read a directory and those below it.

        Args:
            directory: its path below the root; empty for the root.
            prefix: what the paths of its entries begin with.
        """
        pending = [(directory, prefix)]
        while pending:
            place, above = pending.pop()
            try:
                found = self._read_one(place, above)
            except OSError as error:
                self.troubles.append(f"{shown(place)} ({error.strerror})")
                continue
            pending += [(f"{place}/{name}" if place else name, f"{above}{name}/") for name in found]

    def _read_one(self, directory: str, prefix: str) -> list[str]:
        """Read one directory; returns the names of those in it.

        Raises:
            OSError: it cannot be read; one that has vanished meanwhile is empty.
        """
        below: list[str] = []
        try:
            with self._root.directory(directory) as opened, os.scandir(opened) as found:
                for each in found:
                    path = f"{prefix}{each.name}"
                    if path == STATE_DIRECTORY:
                        continue
                    try:
                        facts = each.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    kind = kind_of(facts.st_mode)
                    self.entries[path] = VolumeFile(path=path, kind=kind, stat=local_stat(facts))
                    if kind is FileKind.DIRECTORY:
                        below.append(each.name)
        except FileNotFoundError:
            return []
        return below
