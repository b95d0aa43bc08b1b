"""What a manifest says: the files that belong together, each with its size and checksum.

The models of the catalogue are manifests, and so are the ``*.manifest.json`` files of model sync
(`sayso.modelsync.plan.manifests`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class ManifestFile(Protocol):
    """One file of a manifest."""

    @property
    def path(self) -> str:
        """Relative to the directory of the manifest, joined by ``/``."""
        ...

    @property
    def size_bytes(self) -> int:
        """The exact size."""
        ...

    @property
    def sha256(self) -> str:
        """The checksum, in lower-case hexadecimal."""
        ...


class Manifest(Protocol):
    """Files that belong together: all are required."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def files(self) -> Sequence[ManifestFile]:
        """No two have the same path."""
        ...
