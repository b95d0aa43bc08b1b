"""What a pull tells while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.models.entries import Model
    from sayso.models.status import FileStatus


class PullProgress(Protocol):
    """Told what happens, model by model, from the thread that pulls."""

    def waiting(self, model: Model) -> None:
        """Another process is pulling the model; this one waits for it."""
        ...

    def started(self, model: Model, unsound: Sequence[FileStatus]) -> None:
        """These files, missing or corrupt, are about to be pulled."""
        ...

    def asking(self, model: Model, place: str) -> None:
        """A place is asked for files of the model."""
        ...

    def arrived(self, model: Model, done_bytes: int, total_bytes: int) -> None:
        """So many bytes of the unsound files have arrived; a failed place can make it fewer again."""
        ...

    def refused(self, model: Model, place: str, reason: str) -> None:
        """A place did not deliver what the catalogue expects of it; the next one is asked."""
        ...

    def finished(self, model: Model) -> None:
        """Every file of the model is in its place and sound."""
        ...


class SilentProgress:
    """Tells nobody."""

    def waiting(self, model: Model) -> None:
        """Say nothing."""

    def started(self, model: Model, unsound: Sequence[FileStatus]) -> None:
        """Say nothing."""

    def asking(self, model: Model, place: str) -> None:
        """Say nothing."""

    def arrived(self, model: Model, done_bytes: int, total_bytes: int) -> None:
        """Say nothing."""

    def refused(self, model: Model, place: str, reason: str) -> None:
        """Say nothing."""

    def finished(self, model: Model) -> None:
        """Say nothing."""
