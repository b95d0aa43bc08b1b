"""What came of the execution of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.errors import SaysoError
    from sayso.modelsync.transfers.values import Downloaded


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """The figures of one file that was published.

    Attributes:
        size_bytes: of its content.
        seconds: how long its download took.
        is_verified: whether it is equal to a checksum of the bucket or of a manifest.
    """

    size_bytes: int
    seconds: float
    is_verified: bool


@dataclass(kw_only=True, slots=True)
class Execution:
    """What came of the actions of a plan; it grows while they are executed.

    Attributes:
        published: the keys whose files were fetched and published.
        adopted: the keys whose files were equal already.
        deleted: the keys whose files are in the quarantine now.
        errors: the keys, or prefixes of sets, with which something failed, and why.
        changed: the keys whose objects were changed meanwhile: plan again with them.
        received_bytes: over the network.
        unverifiable: the keys that were published although nothing could be compared with their content.
        fetched: the figures of each file that was published.
        changed_sets: the prefixes of sets whose objects were changed meanwhile, or are not what their manifest says.
    """

    published: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    errors: dict[str, SaysoError] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    changed_sets: set[str] = field(default_factory=set)
    received_bytes: int = 0
    unverifiable: list[str] = field(default_factory=list)
    fetched: list[Fetched] = field(default_factory=list)

    def add(self, other: Execution) -> None:
        """Add what came of a later plan, which decides about the keys of both."""
        for key in (*other.published, *other.adopted, *other.deleted):
            self.errors.pop(key, None)
        self.published += other.published
        self.adopted += other.adopted
        self.deleted += other.deleted
        self.errors.update(other.errors)
        self.changed = other.changed
        self.changed_sets = other.changed_sets
        self.fetched += other.fetched
        self.received_bytes += other.received_bytes
        self.unverifiable += other.unverifiable

    def count(self, key: str, downloaded: Downloaded) -> None:
        """Count a file that was published."""
        self.published.append(key)
        size_bytes, is_verified = downloaded.stat.size_bytes, downloaded.is_verified
        self.fetched.append(Fetched(size_bytes=size_bytes, seconds=downloaded.seconds, is_verified=is_verified))
        if not downloaded.is_verified:
            self.unverifiable.append(key)
