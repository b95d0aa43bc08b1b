"""What came of a reconciliation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.errors import SaysoError
    from sayso.modelsync.reconciliation.outcomes import Execution
    from sayso.modelsync.records import Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncError:
    """What could not be synchronised.

    Attributes:
        path: the key, or the prefix of a set; empty for the whole.
        error: in a sentence, and what to do about it.
        is_passing: whether it may succeed soon without any change.
    """

    path: str
    error: str
    is_passing: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciled:
    """What came of a reconciliation.

    Attributes:
        total: how many objects of the bucket are models: files that the volume should have.
        published: the keys that were fetched.
        adopted: the keys whose files were there already.
        deleted: the keys that were deleted.
        errors: what could not be done.
        refused: the keys that cannot become files.
        unverifiable: the keys that were fetched and could not be verified.
        withheld_reason: why deletions were not made, in a sentence; None if all were.
        waiting: the prefixes of sets that are not complete in the bucket, and why.
        received_bytes: over the network.
        skipped: how many keys have none of the suffixes.
        seconds: how long it took.
        began_at: Unix time in seconds.
        execution: the changes in detail.
        trouble: why the bucket was not looked at to its end, in a sentence; None if it was.
    """

    total: int
    published: tuple[str, ...]
    adopted: tuple[str, ...]
    deleted: tuple[str, ...]
    errors: tuple[SyncError, ...]
    refused: tuple[Refused, ...]
    unverifiable: tuple[str, ...]
    withheld_reason: str | None
    waiting: Mapping[str, str]
    received_bytes: int
    skipped: int
    seconds: float
    began_at: float
    execution: Execution
    trouble: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether everything was looked at, although single files may have failed."""
        return self.trouble is None

    @property
    def is_worth_repeating(self) -> bool:
        """Whether something failed that may succeed soon."""
        return any(each.is_passing for each in self.errors)

    @property
    def is_successful(self) -> bool:
        """Whether the volume is equal to the bucket now, but for refused keys and sets that wait."""
        return not self.errors


def sync_error(path: str, error: SaysoError) -> SyncError:
    """What is said of an error: its message, and its hint."""
    words = f"{error.message} {error.hint}" if error.hint else error.message
    return SyncError(path=path, error=words, is_passing=not isinstance(error, InvalidInput))
