"""The progress of a pull."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.models.model_types import Model
    from sayso.models.status import FileStatus


class PullProgress(Protocol):
    """Is called with each event of a pull, model by model, from the thread that pulls."""

    def waiting(self, model: Model) -> None:
        """Another process is pulling the model; this one waits for it."""
        ...

    def started(self, model: Model, unsound: Sequence[FileStatus]) -> None:
        """These files, missing or corrupt, will be pulled."""
        ...

    def trying(self, model: Model, place: str) -> None:
        """A place is tried."""
        ...

    def arrived(self, model: Model, done_bytes: int, total_bytes: int) -> None:
        """So many bytes of the files have arrived; the number shrinks when a place fails."""
        ...

    def source_failed(self, model: Model, place: str, reason: str) -> None:
        """A place did not deliver what the catalogue expects of it; the next one is tried."""
        ...

    def finished(self, model: Model) -> None:
        """Every file of the model is present and valid."""
        ...


class SilentProgress:
    """Ignores all events."""

    def waiting(self, model: Model) -> None:
        """Do nothing."""

    def started(self, model: Model, unsound: Sequence[FileStatus]) -> None:
        """Do nothing."""

    def trying(self, model: Model, place: str) -> None:
        """Do nothing."""

    def arrived(self, model: Model, done_bytes: int, total_bytes: int) -> None:
        """Do nothing."""

    def source_failed(self, model: Model, place: str, reason: str) -> None:
        """Do nothing."""

    def finished(self, model: Model) -> None:
        """Do nothing."""
