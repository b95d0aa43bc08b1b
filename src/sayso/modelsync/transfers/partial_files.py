"""Temporary files beside their targets, and notes about large ones, with which a transfer resumes after a crash.

The notes name each range that was written, with its CRC. A new process reads those ranges and compares, so that neither
the file nor the notes need to be synced: what the disk lost is fetched again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.modelsync.checksums.content import crc_hex
from sayso.modelsync.checksums.range_hashes import OWN_ALGORITHM, Range, RangeHash
from sayso.modelsync.keys import STATE_DIRECTORY, is_temporary, may_be_temporary, temporary_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sayso.modelsync.checksums.range_hashes import FileHash
    from sayso.modelsync.records import RemoteObject
    from sayso.modelsync.volume.directories import VolumeRoot

NOTES_DIRECTORY = f"{STATE_DIRECTORY}/partial"

_READ_BYTES = 2**20
_MAXIMUM_NOTES_BYTES = 2**26
_KNOWN_SECONDS = 900.0


def new_temporary(root: VolumeRoot, path: str) -> tuple[str, int]:
    """Make an empty temporary file beside a path.

    Returns:
        Its path, and a descriptor for reading and writing.

    Raises:
        OSError: it cannot be made.
    """
    directory, _, name = path.rpartition("/")
    while True:
        temporary = temporary_name(name, secrets.token_hex(8))
        relative = f"{directory}/{temporary}" if directory else temporary
        with suppress(FileExistsError):
            return relative, root.open(relative, os.O_RDWR | os.O_CREAT | os.O_EXCL, is_made=True)


def read_into(descriptor: int, buffer: memoryview, position: int) -> int:
    """Fill a buffer from a position of a file; returns how many bytes it read.

    Raises:
        OSError: the file cannot be read.
    """
    return os.preadv(descriptor, [buffer], position)


def write_at(descriptor: int, data: memoryview, position: int) -> None:
    """Write all bytes at a position.

    Raises:
        OSError: the file cannot be written.
    """
    while data:
        count = os.pwrite(descriptor, data, position)
        data, position = data[count:], position + count


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """A range that is said to be written."""

    part: Range
    crc: str


class PartialNotes:
    """The notes about one temporary file; `add` may be called from any thread."""

    def __init__(self, root: VolumeRoot, path: str, remote: RemoteObject, ranges: Collection[Range]) -> None:
        self._root = root
        self._notes = f"{NOTES_DIRECTORY}/{hashlib.sha256(path.encode()).hexdigest()[:32]}"
        self._ranges = ranges
        self._subject = {
            "path": path,
            "key": remote.key,
            "etag": remote.etag,
            "version": remote.version_id,
            "size": remote.size_bytes,
        }
        self._descriptor: int | None = None

    def resume(self) -> tuple[str, int, list[_Claim]] | None:
        """The temporary file of an earlier transfer of the same object, if there is one; one of another is removed.

        Returns:
            Its path, a descriptor, and the ranges that it should have.

        Raises:
            OSError: the volume fails.
        """
        header, claims = _read_notes(self._root, self._notes)
        temporary = str(header.get("temporary", ""))
        if not is_temporary(temporary.rpartition("/")[2]):
            return None
        if {name: header.get(name) for name in self._subject} == self._subject:
            with suppress(FileNotFoundError):
                opened = self._root.open(temporary, os.O_RDWR)
                if os.fstat(opened).st_size == self._subject["size"]:
                    self._descriptor = self._root.open(self._notes, os.O_WRONLY | os.O_APPEND)
                    return temporary, opened, [claim for claim in claims if claim.part in self._ranges]
                os.close(opened)
        self._root.remove(temporary)
        return None

    def begin(self, temporary: str) -> None:
        """Start new notes about a temporary file.

        Raises:
            OSError: they cannot be written.
        """
        self._root.remove(self._notes)
        self._descriptor = self._root.open(self._notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, is_made=True)
        self._write({**self._subject, "temporary": temporary})

    def add(self, part: Range, crc: int) -> None:
        """Note a range that has been written.

        Raises:
            OSError: it cannot be noted.
        """
        self._write({"start": part.start, "length": part.length, "crc": crc_hex(OWN_ALGORITHM, crc)})

    def close(self) -> None:
        """Close the notes; they stay, for the next transfer of the object."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Remove the notes: the file is complete, or given up.

        Raises:
            OSError: they cannot be removed.
        """
        self.close()
        self._root.remove(self._notes)

    def _write(self, note: dict[str, Any]) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, json.dumps(note).encode() + b"\n")  # one call: lines of threads do not mix


def verify_claims(descriptor: int, claims: list[_Claim], content: FileHash) -> set[Range]:
    """Read the ranges that a file should have, and add those that are as noted to the hash of the file.

    Raises:
        OSError: the file cannot be read.
    """
    found: set[Range] = set()
    buffer = memoryview(bytearray(_READ_BYTES))
    for claim in claims:
        hashing = RangeHash({*content.algorithms, OWN_ALGORITHM})
        position = claim.part.start
        while position < claim.part.end:
            count = read_into(descriptor, buffer[: claim.part.end - position], position)
            if not count:
                break
            hashing.update(buffer[:count])
            position += count
        values = hashing.values()
        if position == claim.part.end and crc_hex(OWN_ALGORITHM, values[OWN_ALGORITHM]) == claim.crc:
            content.add(claim.part, values)
            found.add(claim.part)
    return found


def sweep_partials(
    root: VolumeRoot,
    *,
    active: Collection[str] | None = None,
    older_than_seconds: float = 0.0,
    clock: Callable[[], float] = time.time,
) -> list[str]:
    """Remove temporary files that no transfer uses any more, and notes without a file.

    Args:
        root: of the volume.
        active: the temporary files that transfers use; None if there are no transfers, as at the start. While there
            are, files that were written in the last quarter of an hour are kept, too: a file exists for a moment before
            it is known as active, and for another one until it is published.
        older_than_seconds: a Unix time; files that can be resumed are kept if they were written later.
        clock: Unix time in seconds.

    Returns:
        The paths that were removed.

    Raises:
        OSError: the volume fails.
    """
    used = active or ()
    before_seconds = math.inf if active is None else clock() - _KNOWN_SECONDS
    resumable = {}
    for notes in _all_notes(root):
        header, _ = _read_notes(root, notes)
        resumable[str(header.get("temporary", ""))] = notes
    removed: list[str] = []
    for path, facts in list(root.entries()):
        left = _left_over(path)
        limit = older_than_seconds if left in resumable else before_seconds
        is_kept = left in used or facts.st_mtime >= limit
        if left is not None and not is_kept and root.stat(left) is not None:
            root.remove_tree(left)
            removed.append(left)
    for temporary, notes in resumable.items():
        is_used = temporary in used or (temporary and root.stat(temporary) is not None)
        if not is_used and root.remove(notes):
            removed.append(notes)
    return removed


def _left_over(path: str) -> str | None:
    """The temporary entry that a path is, or is in: a directory that a set replaced has such a name for a moment."""
    if not may_be_temporary(path):
        return None
    names = path.split("/")
    return next(("/".join(names[: place + 1]) for place, name in enumerate(names) if is_temporary(name)), None)


def _all_notes(root: VolumeRoot) -> Iterator[str]:
    with suppress(FileNotFoundError), root.directory(NOTES_DIRECTORY) as opened, os.scandir(opened) as scan:
        yield from [f"{NOTES_DIRECTORY}/{entry.name}" for entry in scan]


def _read_notes(root: VolumeRoot, notes: str) -> tuple[dict[str, Any], list[_Claim]]:
    """The first line, and the ranges; nothing where there are none, and a torn last line is left out."""
    try:
        opened = root.open(notes, os.O_RDONLY)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP}:
            return {}, []
        raise
    with os.fdopen(opened, "rb") as stream:
        lines = stream.read(_MAXIMUM_NOTES_BYTES).split(b"\n")[:-1]
    header: dict[str, Any] = {}
    claims: list[_Claim] = []
    with suppress(ValueError, KeyError, TypeError):
        header = dict(json.loads(lines[0])) if lines else {}
        for line in lines[1:]:
            note = json.loads(line)
            part = Range(start=int(note["start"]), length=int(note["length"]))
            claims.append(_Claim(part=part, crc=str(note["crc"])))
    return header, claims
