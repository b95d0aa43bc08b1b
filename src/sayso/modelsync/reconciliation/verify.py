"""Read the files of a volume again, and compare them with their checksums."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from sayso.errors import Cancelled, OutputFailed
from sayso.modelsync.checksums.content import Unverifiable
from sayso.modelsync.journal.entries import FileForgotten, FileKnown
from sayso.modelsync.reconciliation.adoption import real_path
from sayso.modelsync.reconciliation.under_way import UnderWay
from sayso.modelsync.transfers.verification import Requirement, compare_file, given_checksums
from sayso.modelsync.volume.directories import volume_error

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sayso.modelsync.journal.entries import Entry
    from sayso.modelsync.journal.values import Stored
    from sayso.modelsync.reconciliation.volume_view import VolumeView

_log = structlog.get_logger(__name__)

_THREADS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What a verification found.

    Attributes:
        files: how many were read and are what they were when they were published.
        size_bytes: of them.
        damaged: the keys of the files that are not; the next reconciliation replaces them.
        missing: the keys of the files that are gone, or cannot be read; the next reconciliation fetches them.
        unverifiable: the keys of the files that could not be compared with the bucket when they were fetched; they are
            what was received then.
    """

    files: int
    size_bytes: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    unverifiable: tuple[str, ...]


def verify_volume(
    volume: VolumeView,
    stopped: threading.Event,
    *,
    under_way: UnderWay | None = None,
    on_file: Callable[[int], None] = lambda _: None,
    is_noted: bool = True,
) -> Verification:
    """Read every file that the journal knows.

    Files that are damaged or missing are forgotten in the journal, so that the next reconciliation compares them with
    the bucket.

    Args:
        volume: the volume.
        stopped: set to stop.
        under_way: gives way while files are read; what events decide meanwhile is left alone.
        on_file: called with the size of each file that was read.
        is_noted: whether what is found is noted in the journal; False where another process has the volume.

    Raises:
        Cancelled: it was stopped.
        OutputFailed: the journal cannot be written.
    """
    under_way = under_way or UnderWay()
    looks = under_way.meanwhile(lambda: _look(volume, stopped, on_file))
    looks = [look for look in looks if under_way.is_current(look[0].key)]
    good: list[Stored] = []
    entries: list[Entry] = []
    damaged: list[str] = []
    missing: list[str] = []
    for before, stored, is_equal in looks:
        if is_equal:
            good.append(stored)
            entries += [FileKnown(stored=stored)] if stored != before else []
        else:
            (missing if is_equal is None else damaged).append(stored.key)
            entries.append(FileForgotten(key=stored.key))
            what = "missing" if is_equal is None else "damaged"
            _log.error("a file of the volume is not what was published", key=stored.key, what=what)
    if entries and is_noted:
        volume.journal.append(*entries)
    return Verification(
        files=len(good),
        size_bytes=sum(stored.size_bytes for stored in good),
        damaged=tuple(damaged),
        missing=tuple(missing),
        unverifiable=tuple(stored.key for stored in good if not stored.is_verified),
    )


def _look(
    volume: VolumeView, stopped: threading.Event, on_file: Callable[[int], None]
) -> list[tuple[Stored, Stored, bool | None]]:
    """Each entry of the journal, as it is with the stat of its file now, and whether the content is right."""

    def look(stored: Stored) -> tuple[Stored, Stored, bool | None]:
        if stopped.is_set():
            raise Cancelled("The verification was stopped.")
        result = _compared(volume, stored)
        on_file(stored.size_bytes)
        return (stored, *result)

    known = volume.journal.copied_state().files.values()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="verify") as threads:
        return list(threads.map(look, known))


def _compared(volume: VolumeView, stored: Stored) -> tuple[Stored, bool | None]:
    """The entry with the stat of the file now, and whether its content is right; None if it cannot be read."""
    requirement = Requirement(
        expectation=Unverifiable(reason="only the journal knows it"), given=given_checksums(stored.checksums)
    )
    try:
        try:
            path = real_path(volume.root, stored.key)
        except OSError as error:
            raise volume_error(error, stored.key) from error
        comparison, stat = compare_file(volume.root, path, requirement)
    except OutputFailed:
        return stored, None
    is_equal = comparison.is_equal is not False and stat.size_bytes == stored.size_bytes
    return replace(stored, stat=stat), is_equal
