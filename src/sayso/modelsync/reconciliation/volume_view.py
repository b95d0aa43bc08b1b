"""What plans are made of, and files are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sayso.aws.s3_reader import BucketReader
    from sayso.modelsync.journal.journal import Journal
    from sayso.modelsync.reconciliation.opened import SyncOptions
    from sayso.modelsync.volume.directories import VolumeRoot


class VolumeView(Protocol):
    """A bucket and the volume that is its copy; `sayso.modelsync.reconciliation.opened.OpenVolume` has it."""

    @property
    def options(self) -> SyncOptions:
        """How the bucket is synchronised."""
        ...

    @property
    def reader(self) -> BucketReader:
        """Of the bucket."""
        ...

    @property
    def root(self) -> VolumeRoot:
        """Of the volume."""
        ...

    @property
    def journal(self) -> Journal:
        """Of the volume; it is only read."""
        ...
