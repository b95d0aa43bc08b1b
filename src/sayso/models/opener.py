"""How a kind of model is opened from a directory whose files may be replaced, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelDescription:
    """What a model is called.

    Attributes:
        name: by its manifest, otherwise its directory.
        version: by its manifest; empty if it has none.
        fingerprint: of its content; None before it is known.
    """

    name: str
    version: str
    fingerprint: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelStatus:
    """The model of a directory, for health checks.

    Attributes:
        directory: as the settings name it.
        description: of the model that serves; None before the first request.
        replacements: how often it was replaced since the start.
        problem: why the newest files of the directory are not used, in a sentence; None if they are.
    """

    directory: Path
    description: ModelDescription | None
    replacements: int
    problem: str | None


class ModelOpener(Protocol[T]):
    """How one kind of model is opened from a directory; any thread may use it."""

    memory_factor: float
    """How many bytes of memory loading takes for each byte of the files, at most."""

    def is_set(self, directory: Path) -> bool:
        """Whether the directory has a manifest, which says what is complete: it is loaded without a quiet time."""
        ...

    def require_complete(self, directory: Path) -> None:
        """Return if `open` would find all files.

        Raises:
            ModelMissing, InvalidInput: as `open`.
        """
        ...

    def open(self, directory: Path) -> T:
        """The model, found and not loaded yet: all files are there, with the sizes of the manifest if there is one.

        Raises:
            ModelMissing: a file is missing, or truncated.
            InvalidInput: the manifest cannot be used.
        """
        ...

    def prepare(self, model: T, previous: T) -> None:
        """Load a model that is to replace another, and compute something with it.

        Raises:
            ModelCorrupt: a file is not what the manifest says, or the model cannot be loaded.
            SaysoError: it does not compute, or lacks what it must have.
        """
        ...

    def retire(self, model: T) -> None:
        """The model was replaced: let nothing but its users keep it in memory."""
        ...

    def describe(self, model: T) -> ModelDescription:
        """What it is called; does not block."""
        ...
