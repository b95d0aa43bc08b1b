"""Remove what nothing needs any more: temporary files, replaced files, old versions of sets, and the quarantine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from sayso.modelsync.transfers.partial_files import sweep_partials
from sayso.modelsync.volume.directories import volume_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.modelsync.reconciliation.opened import OpenVolume

_log = structlog.get_logger(__name__)

_RESUMABLE_SECONDS = 86_400.0
"""How long a large file that was fetched in part is kept, to be resumed."""


def clean_up(volume: OpenVolume, *, clock: Callable[[], float] = time.time) -> None:
    """Remove what nothing needs any more; nothing may be fetched meanwhile.

    Raises:
        OutputFailed: something cannot be removed, or the journal cannot be written.
    """
    now = clock()
    try:
        removed = sweep_partials(volume.root, older_than_seconds=now - _RESUMABLE_SECONDS)
    except OSError as error:
        raise volume_error(error, "What an interrupted transfer has left") from error
    old = volume.publisher.sweep_old()
    emptied = volume.quarantine.empty(older_than_seconds=now - volume.options.quarantine_seconds)
    if removed or old or emptied:
        _log.info("the volume is cleaned up", temporary_files=len(removed), old_files=old, quarantined_bytes=emptied)
