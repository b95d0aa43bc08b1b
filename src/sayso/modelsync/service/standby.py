"""Wait for the lease of a volume, while another process has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sayso.errors import Cancelled
from sayso.modelsync.volume.lease import VolumeLease, lease_holder
from sayso.modelsync.volume.lock_scope import local_locks

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sayso.modelsync.volume.directories import VolumeRoot
    from sayso.modelsync.volume.lease import Lease

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0


def take_volume_lease(root: VolumeRoot) -> VolumeLease | None:
    """Take the lease of a volume by its own locks; logs what they are worth; None if another process has it.

    Raises:
        VolumeUnusable: the volume has no locks.
        OutputFailed: the file of the lease cannot be written.
    """
    lease = VolumeLease.take(root)
    limit = None if lease is None else local_locks(root.descriptor)
    if limit is not None:
        _log.warning(
            "run one replica, or set SAYSO_SYNC_DATABASE_URL: replicas on several machines would write at once",
            reason=limit,
        )
    return lease


def wait_for_lease(
    root: VolumeRoot,
    take: Callable[[VolumeRoot], Lease | None],
    stopped: threading.Event,
    *,
    on_standby: Callable[[], None],
) -> Lease:
    """Take the lease, as soon as no other process has it.

    Args:
        root: of the volume.
        take: takes the lease; returns None if another process has it.
        stopped: set to stop.
        on_standby: called each time that another process has it.

    Raises:
        Cancelled: it was stopped first.
        SaysoError: what `take` raises.
    """
    is_logged = False
    while not stopped.is_set():
        lease = take(root)
        if lease is not None:
            return lease
        on_standby()
        if not is_logged:
            _log.info("another process has the volume; this one takes over when it ends", holder=lease_holder(root))
            is_logged = True
        stopped.wait(_POLL_SECONDS)
    raise Cancelled("The service was stopped.")
