"""Which events are news: the journal remembers the latest event of each key, and earlier ones are stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.modelsync.journal.entries import EventSeen
from sayso.modelsync.journal.sequencers import is_stale
from sayso.modelsync.journal.values import SeenEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.modelsync.journal.journal import Journal
    from sayso.modelsync.records import ObjectEvent


def fresh_events(journal: Journal, events: Iterable[ObjectEvent]) -> list[ObjectEvent]:
    """The events that are not earlier than the latest one of their key."""
    seen = journal.state.seen
    fresh = []
    for event in events:
        known = seen.get(event.key)
        if not is_stale(event.sequencer, known=None if known is None else known.sequencer):
            fresh.append(event)
    return fresh


def remember_events(journal: Journal, events: Iterable[ObjectEvent], *, at_seconds: float) -> None:
    """Remember the order of the events; an earlier one of the same key is stale from now on.

    Args:
        journal: of the volume.
        events: that were acted on.
        at_seconds: now, in seconds since 1970.

    Raises:
        OutputFailed: the journal cannot be written.
    """
    entries = [
        EventSeen(event=SeenEvent(key=event.key, sequencer=event.sequencer, at_seconds=at_seconds))
        for event in events
        if event.sequencer is not None
    ]
    if entries:
        journal.append(*entries, flush=False)
