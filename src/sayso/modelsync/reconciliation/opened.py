"""A volume that is open for writing: its lease, its journal, and what works on it."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from sayso.modelsync.journal.disk import PosixDisk
from sayso.modelsync.journal.journal import Journal
from sayso.modelsync.notifications.notices import Notices
from sayso.modelsync.plan.plan import PlanRules
from sayso.modelsync.plan.selection import SelectionRules
from sayso.modelsync.reconciliation.quarantine import Quarantine
from sayso.modelsync.transfers.partial_files import sweep_partials
from sayso.modelsync.transfers.transfer import TransferOptions, Transfers
from sayso.modelsync.volume.capabilities import Abilities, probe_volume
from sayso.modelsync.volume.directories import volume_error
from sayso.modelsync.volume.file_modes import FileModes
from sayso.modelsync.volume.publish import Publisher
from sayso.modelsync.volume.set_paths import BUILDING, SETS_DIRECTORY
from sayso.modelsync.volume.sets import SetStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sayso.aws.s3_reader import BucketReader
    from sayso.modelsync.volume.directories import VolumeRoot
    from sayso.modelsync.volume.lease import Lease

_log = structlog.get_logger(__name__)

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncOptions:
    """How a bucket is synchronised.

    Attributes:
        base_path: of the volume.
        prefix: of the keys; empty for the whole bucket.
        rules: how plans are made.
        transfers: how objects are fetched.
        modes: of what is made on the volume.
        grace_seconds: how long a replaced file stays in ``.sayso/old``.
        quarantine_seconds: how long a deleted file is kept.
        kept_versions: how many versions of a set stay besides the current one.
        is_announced: whether notifications are sent.
        selection: which objects are left out, because they are old or beyond a budget.
    """

    base_path: Path
    prefix: str = ""
    rules: PlanRules = field(default_factory=PlanRules)
    transfers: TransferOptions = field(default_factory=TransferOptions)
    modes: FileModes = field(default_factory=FileModes)
    grace_seconds: float = 3600.0
    quarantine_seconds: float = 7 * _DAY_SECONDS
    kept_versions: int = 2
    is_announced: bool = False
    selection: SelectionRules = field(default_factory=SelectionRules)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenVolume:
    """An open volume; its parts are for one thread at a time, but for `journal`, `lease`, `root` and `transfers`.

    Attributes:
        options: how its bucket is synchronised.
        reader: of the bucket.
        root: of the volume.
        lease: of the volume.
        abilities: of the volume.
        journal: of the volume.
        publisher: of its files.
        sets: of the volume.
        quarantine: of the volume.
        transfers: into the volume.
        notices: makes notifications.
    """

    options: SyncOptions
    reader: BucketReader
    root: VolumeRoot
    lease: Lease
    abilities: Abilities
    journal: Journal
    publisher: Publisher
    sets: SetStore
    quarantine: Quarantine
    transfers: Transfers
    notices: Notices


@contextmanager
def open_volume(
    options: SyncOptions,
    reader: BucketReader,
    root: VolumeRoot,
    lease: Lease,
    *,
    on_received: Callable[[int], None] = lambda _: None,
    clock: Callable[[], float] = time.time,
) -> Iterator[OpenVolume]:
    """Open a volume of which this process has the lease.

    Args:
        options: how its bucket is synchronised.
        reader: of the bucket; its owner closes it.
        root: of the volume; its owner closes it.
        lease: of the volume; its owner closes it.
        on_received: called with the number of bytes that arrived, from any thread.
        clock: Unix time in seconds.

    Raises:
        VolumeUnusable: it is read-only, or cannot replace files by renaming.
        OutputFailed, InvalidInput: the journal cannot be read or written.
    """
    abilities = probe_volume(root)
    with ExitStack() as stack:
        disk = PosixDisk(options.base_path)
        journal = stack.enter_context(Journal.open(disk, clock=clock, begins_log=lease.is_takeover))
        if lease.is_takeover:
            _fence_off(root)
        for limit in (*abilities.limits, *journal.limits):
            _log.warning("the volume has a limit", limit=limit, file_system=abilities.file_system)
        for damage in journal.damage:
            _log.error("the journal was damaged: the volume is verified again", damage=damage)
        publisher = Publisher(root, abilities, grace_seconds=options.grace_seconds, clock=clock)
        notices = Notices(options.base_path, is_wanted=options.is_announced, clock=clock)
        transfers = Transfers(reader, root, options.transfers, on_received=on_received)
        stack.callback(transfers.close, is_resumable=True)
        yield OpenVolume(
            options=options,
            reader=reader,
            root=root,
            lease=lease,
            abilities=abilities,
            journal=journal,
            publisher=publisher,
            sets=SetStore(root, abilities, publisher),
            quarantine=Quarantine(root, abilities, journal, notices, confirm=lease.confirm, clock=clock),
            transfers=transfers,
            notices=notices,
        )


def _fence_off(root: VolumeRoot) -> None:
    """Let renames fail that the holder before is still going to make, if it was only frozen.

    Raises:
        OutputFailed: the volume fails.
    """
    try:
        removed = sweep_partials(root, older_than_seconds=math.inf)
        for prefix in root.names(SETS_DIRECTORY):
            for name in root.names(f"{SETS_DIRECTORY}/{prefix}"):
                if name.startswith(BUILDING):
                    root.remove_tree(f"{SETS_DIRECTORY}/{prefix}/{name}")
    except OSError as error:
        raise volume_error(error, "What the holder before has left") from error
    _log.warning("the volume is taken over from a process that may still run", temporary_files=len(removed))
