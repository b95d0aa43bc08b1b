"""Look at everything that is on the volume."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from sayso.modelsync.keys import STATE_DIRECTORY
from sayso.modelsync.records import VolumeFile, VolumeScan
from sayso.modelsync.volume.directories import kind_of, local_stat
from sayso.modelsync.volume.publish import read_link
from sayso.modelsync.volume.set_paths import directory_behind

if TYPE_CHECKING:
    from sayso.modelsync.volume.directories import VolumeRoot


def scan_volume(root: VolumeRoot) -> VolumeScan:
    """All entries of the volume, directories and symbolic links too; blocks.

    A link is entered only if it is that of a set: the files of its version are entries below the path of the link.

    Args:
        root: of the volume.
    """
    entries: dict[str, VolumeFile] = {}
    troubles: list[str] = []
    pending = [("", "")]
    while pending:
        shown, real = pending.pop()
        try:
            found = _entries_of(root, real)
        except FileNotFoundError:
            continue  # it was removed meanwhile
        except OSError as error:
            troubles.append(f"The directory {shown or root.path} cannot be read: {error.strerror or error}.")
            continue
        for name, facts in found:
            path = f"{shown}/{name}" if shown else name
            below = f"{real}/{name}" if real else name
            if path == STATE_DIRECTORY:
                continue
            entries[path] = VolumeFile(path=path, kind=kind_of(facts.st_mode), stat=local_stat(facts))
            if stat.S_ISDIR(facts.st_mode):
                pending.append((path, below))
            elif stat.S_ISLNK(facts.st_mode):
                try:
                    behind = directory_behind(path, read_link(root, below))
                except OSError as error:
                    troubles.append(f"The link {path} cannot be read: {error.strerror or error}.")
                    continue
                if behind is not None:
                    pending.append((path, behind))
    return VolumeScan(entries=entries, is_complete=not troubles, trouble=troubles[0] if troubles else None)


def _entries_of(root: VolumeRoot, directory: str) -> list[tuple[str, os.stat_result]]:
    found: list[tuple[str, os.stat_result]] = []
    with root.directory(directory) as opened, os.scandir(opened) as scan:
        for entry in scan:
            try:
                found.append((entry.name, entry.stat(follow_symlinks=False)))
            except FileNotFoundError:
                continue
    return found
