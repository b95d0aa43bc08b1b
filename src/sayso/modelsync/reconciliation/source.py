"""What a volume is a copy of: files of another bucket, or of other keys, which it had before, are not deleted."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sayso.modelsync.journal.entries import FileForgotten, SetDropped
from sayso.modelsync.keys import STATE_DIRECTORY, directories_above
from sayso.modelsync.volume.directories import volume_error
from sayso.modelsync.volume.durability import sync_if_possible

if TYPE_CHECKING:
    from sayso.modelsync.journal.entries import Entry
    from sayso.modelsync.journal.state import JournalState
    from sayso.modelsync.records import Listing, VolumeScan
    from sayso.modelsync.volume.directories import VolumeRoot

SOURCE_FILE = f"{STATE_DIRECTORY}/source"

_MOST_BYTES = 65_536


def read_source(root: VolumeRoot) -> str | None:
    """The place of the bucket that the volume is a copy of; None if that is not known."""
    try:
        descriptor = root.open(SOURCE_FILE, os.O_RDONLY)
        try:
            document: Any = json.loads(os.pread(descriptor, _MOST_BYTES, 0))
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None
    found = document.get("bucket") if isinstance(document, dict) else None
    return found if isinstance(found, str) else None


def write_source(root: VolumeRoot, place: str) -> None:
    """Note the bucket.

    Raises:
        OutputFailed: it cannot be written.
    """
    temporary = f"{SOURCE_FILE}.new"
    try:
        descriptor = root.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, is_made=True)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"bucket": place}, file)
            file.flush()
            sync_if_possible(descriptor)
        root.rename(temporary, SOURCE_FILE)
    except OSError as error:
        raise volume_error(error, SOURCE_FILE) from error


def entries_of_another(state: JournalState, listing: Listing) -> list[Entry]:
    """The entries with which the journal forgets what the new bucket does not have: it stays on the volume."""
    listed = {each.key for each in listing.objects}
    entries: list[Entry] = [FileForgotten(key=key) for key in state.files if key not in listed]
    entries += [
        SetDropped(prefix=version.prefix, version=version.version)
        for version in state.sets.values()
        if not any(key.startswith(version.prefix) for key in listed)
    ]
    return entries


def below_prefix(state: JournalState, scan: VolumeScan, prefix: str) -> tuple[JournalState, VolumeScan]:
    """What a listing of a prefix says something about: the rest of the volume stays, as where the setting was changed.

    Of the scan, what is outside is left out but for the directories above, which may be in the way.
    """
    if not prefix:
        return state, scan
    files = {key: stored for key, stored in state.files.items() if key.startswith(prefix)}
    sets = {place: version for place, version in state.sets.items() if version.prefix.startswith(prefix)}
    above = set(directories_above(prefix))
    entries = {path: entry for path, entry in scan.entries.items() if path.startswith(prefix) or path in above}
    return replace(state, files=files, sets=sets), replace(scan, entries=entries)
