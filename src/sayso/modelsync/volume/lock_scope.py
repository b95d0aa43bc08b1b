"""Whether the locks of a volume hold between machines, as far as its mount says."""

from __future__ import annotations

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")

_SHARED = frozenset({"nfs", "nfs4", "cifs", "smb3", "ceph", "gpfs", "gfs2", "ocfs2", "beegfs"})
"""File systems whose servers keep the locks, unless the mount says otherwise."""

_OF_ONE_MACHINE = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "f2fs", "bcachefs"})
"""Only one machine mounts these at a time."""

_LOCAL_OPTIONS = frozenset({"nolock", "local_lock=all", "local_lock=flock", "nobrl", "localflock"})


def local_locks(descriptor: int, *, mounts: Path = _MOUNTS) -> str | None:
    """Why the locks of a volume may hold on one machine only, in a sentence; None if they hold everywhere.

    Args:
        descriptor: of a directory of the volume.
        mounts: the kernel's table of mounts.
    """
    device = os.fstat(descriptor).st_dev
    kind, options = _mount_of(f"{os.major(device)}:{os.minor(device)}", mounts)
    if kind in _OF_ONE_MACHINE:
        return None
    local = sorted(_LOCAL_OPTIONS.intersection(options))
    if local:
        return f"The locks of the volume ({kind}) hold on one machine only, by its mount option {local[0]}."
    if kind in _SHARED or (kind == "lustre" and "flock" in options):
        return None
    return f"It is not known whether the locks of the volume ({kind}) hold between machines."


def _mount_of(device: str, mounts: Path) -> tuple[str, frozenset[str]]:
    """The type of a file system, and the options of its mount."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return "unknown", frozenset()
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, facts = before.split(), after.split()
        if len(fields) > 5 and fields[2] == device and len(facts) > 2:
            return facts[0], frozenset((*fields[5].split(","), *facts[2].split(",")))
    return "unknown", frozenset()
