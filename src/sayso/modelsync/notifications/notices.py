"""The notifications about changes, as the contract has them, and their entries in the journal's outbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sayso.modelsync.journal.values import OutboxEntry
from sayso.modelsync.keys import category_of, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MESSAGES = "messages"
"""The name of the list of messages in the payload of an entry: a set has one message for each file that changed."""


class Notices:
    """Makes the notifications of one volume.

    Args:
        base_path: of the volume, for the local paths in the messages.
        is_wanted: whether notifications are sent at all; otherwise nothing goes to the outbox.
        clock: Unix time in seconds.
    """

    def __init__(self, base_path: Path, *, is_wanted: bool, clock: Callable[[], float]) -> None:
        self._base_path = base_path
        self._is_wanted = is_wanted
        self._clock = clock

    def updated(self, key: str, *, size_bytes: int, seconds: float) -> Mapping[str, Any]:
        """The message about a file that was published; ``seconds`` is how long its download took."""
        return {
            "type": "model_updated",
            "path": key,
            "localPath": f"{self._base_path}/{key}",
            "size": size_bytes,
            "timestamp": self._timestamp(),
            "downloadDuration": round(seconds * 1000),
        }

    def deleted(self, key: str, *, size_bytes: int) -> Mapping[str, Any]:
        """The message about a file that was deleted."""
        return {
            "type": "model_deleted",
            "path": key,
            "localPath": f"{self._base_path}/{key}",
            "size": size_bytes,
            "timestamp": self._timestamp(),
        }

    def entry(self, generation: int, key: str, messages: Sequence[Mapping[str, Any]]) -> OutboxEntry | None:
        """The entry of the outbox with these messages; None if none are sent."""
        if not self._is_wanted or not messages:
            return None
        return OutboxEntry(generation=generation, key=key, payload={MESSAGES: list(messages)})

    def _timestamp(self) -> str:
        return timestamp_of(self._clock())


def timestamp_of(seconds: float) -> str:
    """A Unix time as the contract writes times: in UTC, with milliseconds and a ``Z``."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def attributes_of(message: Mapping[str, Any]) -> dict[str, str]:
    """The attributes of a message: the type and the category of its model."""
    path = str(message["path"])
    return {"ModelType": type_of(path), "Category": category_of(path)}
