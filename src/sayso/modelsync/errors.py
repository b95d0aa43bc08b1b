"""The errors of model sync that its parts tell apart; all are in Sayso's tree."""

from __future__ import annotations

from sayso.errors import OutputFailed, SaysoError


class VolumeFull(OutputFailed):
    """The volume has no space for a file, or only what the reserve keeps free; the old file stays."""

    retryable = True


class VolumeUnusable(OutputFailed):
    """The volume is read-only, or cannot replace files by renaming."""


class PathBlocked(OutputFailed):
    """A path cannot be reached: a directory on it is a symbolic link or a file, or the path is of another kind."""


class ContentDamaged(SaysoError):
    """What was received of an object differs from its checksum, each time it was fetched."""

    retryable = True


class FullSyncRunning(SaysoError):
    """A reconciliation that was asked for runs already."""
