"""What was seen from the outside while the workers worked: deliveries, changes of tasks, files that were put.

The harness reads it while it grows, to find a worker that is busy, and as a whole at the end.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

COMPLETED = "COMPLETED"
FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A message that was handed to a worker; ``at`` is Unix time, as everywhere here."""

    at: float
    worker: str
    message: str
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A message that a worker deleted, or gave back."""

    at: float
    worker: str
    message: str
    is_deleted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change of a task that was accepted, and how the task was afterwards.

    Attributes:
        at: when.
        worker: whose change it was.
        task: its parent and its own id.
        status: as it is now.
        lease: of the latest claim.
        until: when that claim ends; None when nobody has the task.
        named: the numbers that the request named, among which the lease of its holder must be; None where requests
            cannot be seen.
    """

    at: float
    worker: str
    task: tuple[str, str]
    status: str | None
    lease: int | None
    until: float | None
    named: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Put:
    """A file that was written.

    Attributes:
        at: when.
        sent_at: when that was asked for, in whole seconds: a request may be obeyed much later.
        worker: by whom.
        uri: which.
    """

    at: float
    sent_at: float
    worker: str
    uri: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A change or a file that was not accepted, because of what was there."""

    at: float
    worker: str
    what: str


@dataclass(kw_only=True, slots=True)
class Record:
    """All of it, each in the order in which it happened.

    Attributes:
        deliveries: of messages.
        settled: messages that are nobody's any more.
        changes: of tasks.
        puts: files.
        refusals: what was not accepted, where that can be seen.
        shown_again: how many messages were shown again by the queue while somebody had them.
        are_jobs_fenced: whether nobody may do away with a message that was handed to another since.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    shown_again: int = 0
    are_jobs_fenced: bool = False

    def in_hand(self, worker: str, *, until: float = float("inf")) -> set[str]:
        """The messages that a worker was given last of all, and has neither deleted nor given back."""
        holders: dict[str, str] = {}
        events: list[Delivery | Settled] = sorted([*self.deliveries, *self.settled], key=lambda event: event.at)
        for event in events:
            if event.at >= until:
                break
            if isinstance(event, Delivery):
                holders[event.message] = event.worker
            elif holders.get(event.message) == event.worker:
                del holders[event.message]
        return {message for message, holder in holders.items() if holder == worker}


class RecordFile:
    """The record that `aws_server` writes; any thread may read on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self._lock = threading.Lock()
        self.record = Record()

    def read(self) -> Record:
        """The record as far as it is written."""
        with self._lock:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                new = stream.read()
            self._offset += len(new)
            *lines, self._rest = (self._rest + new).split(b"\n")
            for line in lines:
                _add(self.record, json.loads(line))
        return self.record


def _add(record: Record, facts: Mapping[str, Any]) -> None:
    at, worker = facts["at"], facts["worker"] or ""
    kind = facts["kind"]
    if kind == "received":
        record.deliveries.append(Delivery(at=at, worker=worker, message=facts["message"], attempt=facts["attempt"]))
    elif kind in {"deleted", "returned"}:
        record.settled.append(Settled(at=at, worker=worker, message=facts["message"], is_deleted=kind == "deleted"))
    elif kind == "changed":
        record.changes.append(_change(at, worker, facts))
    elif kind == "put":
        record.puts.append(Put(at=at, sent_at=facts["sent_at"], worker=worker, uri=facts["uri"]))
    elif kind == "again":
        record.shown_again += 1
    else:
        what = facts.get("uri") or f"{facts['parent']}/{facts['task']}"
        record.refusals.append(Refusal(at=at, worker=worker, what=what))


def _change(at: float, worker: str, facts: Mapping[str, Any]) -> Change:
    return Change(
        at=at,
        worker=worker,
        task=(facts["parent"], facts["task"]),
        status=facts["status"],
        lease=None if facts["lease"] is None else int(facts["lease"]),
        until=None if facts["until"] is None else float(facts["until"]),
        named=frozenset(facts["numbers"]),
    )


def first_deliveries(record: Record) -> Sequence[str]:
    """The messages in the order in which they were first handed out."""
    return list(dict.fromkeys(delivery.message for delivery in record.deliveries))
