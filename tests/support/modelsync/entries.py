"""Entries of a journal, of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from sayso.modelsync.journal import entries
from sayso.modelsync.journal.state import JournalState
from sayso.modelsync.journal.values import (
    DeleteIntent,
    OutboxEntry,
    PublishIntent,
    Quarantined,
    SeenEvent,
    SetIntent,
    SetVersion,
    Stored,
)
from sayso.modelsync.records import Checksum, ChecksumAlgorithm, LocalStat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.modelsync.journal.entries import Entry

PREFIX = "voice/中文/"

keys = st.sampled_from(["a.bin", "b c+d.bin", f"{PREFIX}x.onnx", f"{PREFIX}y.json"])
numbers = st.integers(0, 3)


def stored(key: str, number: int = 0) -> Stored:
    """A file as the journal knows it."""
    return Stored(
        key=key,
        etag=f"{number:032x}",
        version_id=f"v{number}" if number % 2 else None,
        modified_at=datetime(2026, 1, 1 + number, tzinfo=UTC) if number else None,
        size_bytes=number,
        checksums=(Checksum(algorithm=ChecksumAlgorithm.CRC64NVME, digest=f"{number:016x}"),),
        is_verified=bool(number),
        stat=LocalStat(size_bytes=number, mtime_ns=1_764_500_000_123_456_789 + number, inode=2**63 + number),
        is_ours=number != 1,
    )


def publish(key: str, number: int) -> entries.Begun:
    """A file is about to be published."""
    generation = number or None
    return entries.Begun(
        intent=PublishIntent(
            key=key, stored=stored(key, number), temporary=f".x.sayso-{number}.partial", generation=generation
        ),
        outbox=outbox(key, number),
    )


def delete(key: str, number: int) -> entries.Begun:
    """A file is about to be deleted."""
    return entries.Begun(
        intent=DeleteIntent(key=key, quarantined=quarantined(key, number), generation=number or None),
        outbox=outbox(key, number),
    )


def set_begun(names: Sequence[str], number: int) -> entries.SetBegun:
    """The link of a set is about to be changed."""
    return entries.SetBegun(
        intent=SetIntent(
            version=SetVersion(prefix=PREFIX, version=f"v{number}"),
            files=tuple(stored(f"{PREFIX}{name}", number) for name in names),
            generation=number or None,
        ),
        outbox=outbox(PREFIX, number),
    )


def quarantined(key: str, number: int) -> Quarantined:
    """A file in the quarantine."""
    return Quarantined(path=f".sayso/quarantine/{number}/{key}", key=key, size_bytes=number, since_seconds=number / 3)


def outbox(key: str, number: int) -> OutboxEntry | None:
    """A notification that waits; none for the number 0."""
    if not number:
        return None
    return OutboxEntry(generation=number, key=key, payload={"type": "model_updated", "path": key, "size": number})


def seen(key: str, number: int) -> entries.EventSeen:
    """An event was taken."""
    return entries.EventSeen(event=SeenEvent(key=key, sequencer=f"00{number}", at_seconds=float(number)))


any_entry: st.SearchStrategy[Entry] = st.one_of(
    st.builds(seen, keys, numbers),
    st.builds(lambda key, number: entries.FileKnown(stored=stored(key, number)), keys, numbers),
    st.builds(lambda key: entries.FileForgotten(key=key), keys),
    st.builds(publish, keys, numbers),
    st.builds(delete, keys, numbers),
    st.builds(lambda key, made: entries.Ended(key=key, is_made=made), keys, st.booleans()),
    st.builds(set_begun, st.sets(st.sampled_from(["x.onnx", "z.bin"])).map(sorted), numbers),
    st.builds(lambda made: entries.SetEnded(prefix=PREFIX, is_made=made, at_seconds=1.5), st.booleans()),
    st.builds(lambda number: entries.SetDropped(prefix=PREFIX, version=f"v{number}"), numbers),
    st.builds(lambda key, number: entries.FileQuarantined(file=quarantined(key, number)), keys, numbers),
    st.builds(lambda key, number: entries.QuarantineEmptied(path=quarantined(key, number).path), keys, numbers),
    st.builds(lambda number: entries.Sent(generation=number), numbers),
)


def states_of(sequence: Sequence[Entry]) -> list[JournalState]:
    """The state before the first entry, and the one after each."""
    states = []
    for count in range(len(sequence) + 1):
        state = JournalState()
        for entry in sequence[:count]:
            state.apply(entry)
        states.append(state)
    return states
