"""The state that the entries of the journal add up to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf, nextafter
from typing import TYPE_CHECKING

from sayso.modelsync.journal.entries import (
    Begun,
    Certainty,
    Counted,
    Ended,
    EventSeen,
    FileForgotten,
    FileKnown,
    FileQuarantined,
    Notice,
    QuarantineEmptied,
    Sent,
    SetBegun,
    SetDropped,
    SetEnded,
    SetKept,
)
from sayso.modelsync.journal.sequencers import later_sequencer
from sayso.modelsync.journal.values import PublishIntent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.modelsync.journal.entries import Entry
    from sayso.modelsync.journal.values import (
        DeleteIntent,
        OutboxEntry,
        Quarantined,
        SeenEvent,
        SetIntent,
        SetVersion,
        Stored,
    )


@dataclass(kw_only=True, slots=True)
class JournalState:
    """What the entries of a journal add up to. Only the journal changes it; others read it.

    Attributes:
        files: by key.
        seen: the latest event of each key, by key.
        intents: what was begun and not ended, by key; after a crash it is not known whether it was made.
        set_intents: the same for sets, by prefix.
        sets: the versions on the volume, by prefix and version.
        outbox: the notifications to be sent, by generation.
        quarantined: the deleted files that are kept, by path.
        next_generation: of the next notification.
        is_certain: whether the journal has everything that was done. Otherwise the volume must be verified, and nothing
            is deleted before.
    """

    files: dict[str, Stored] = field(default_factory=dict)
    seen: dict[str, SeenEvent] = field(default_factory=dict)
    intents: dict[str, PublishIntent | DeleteIntent] = field(default_factory=dict)
    set_intents: dict[str, SetIntent] = field(default_factory=dict)
    sets: dict[tuple[str, str], SetVersion] = field(default_factory=dict)
    outbox: dict[int, OutboxEntry] = field(default_factory=dict)
    quarantined: dict[str, Quarantined] = field(default_factory=dict)
    next_generation: int = 1
    is_certain: bool = True

    def copy(self) -> JournalState:
        """The same state, which does not change with this one; the values are shared."""
        return replace(
            self,
            files=dict(self.files),
            seen=dict(self.seen),
            intents=dict(self.intents),
            set_intents=dict(self.set_intents),
            sets=dict(self.sets),
            outbox=dict(self.outbox),
            quarantined=dict(self.quarantined),
        )

    def entries(self) -> Iterator[Entry]:
        """The entries that make this state out of nothing."""
        yield Certainty(is_certain=self.is_certain)
        yield Counted(next_generation=self.next_generation)
        yield from (FileKnown(stored=stored) for stored in self.files.values())
        yield from (EventSeen(event=event) for event in self.seen.values())
        yield from (Begun(intent=intent) for intent in self.intents.values())
        yield from (SetKept(version=version) for version in self.sets.values())
        yield from (SetBegun(intent=intent) for intent in self.set_intents.values())
        yield from (Notice(outbox=entry) for entry in self.outbox.values())
        yield from (FileQuarantined(file=file) for file in self.quarantined.values())

    def apply(self, entry: Entry) -> None:  # noqa: C901 -- one case for each kind of entry
        """Change the state by one entry; any entry can follow any other."""
        match entry:
            case EventSeen(event=event):
                self._see(event)
            case FileKnown(stored=stored):
                self.files[stored.key] = stored
            case FileForgotten(key=key):
                self.files.pop(key, None)
            case Begun(intent=intent, outbox=outbox):
                self._drop_notice(self.intents.get(intent.key))
                self.intents[intent.key] = intent
                self._notice(outbox)
            case Ended(key=key, is_made=is_made):
                self._end(key, is_made=is_made)
            case SetBegun(intent=set_intent, outbox=outbox):
                self._drop_notice(self.set_intents.get(set_intent.version.prefix))
                self.set_intents[set_intent.version.prefix] = set_intent
                self._notice(outbox)
            case SetEnded():
                self._end_set(entry)
            case SetKept(version=version):
                self.sets[version.prefix, version.version] = version
            case SetDropped(prefix=prefix, version=name):
                self.sets.pop((prefix, name), None)
            case FileQuarantined(file=file):
                self.quarantined[file.path] = file
            case QuarantineEmptied(path=path):
                self.quarantined.pop(path, None)
            case Notice(outbox=outbox):
                self._notice(outbox)
            case Sent(generation=generation):
                self.outbox.pop(generation, None)
            case Counted(next_generation=next_generation):
                self.next_generation = max(self.next_generation, next_generation)
            case Certainty(is_certain=is_certain):
                self.is_certain = is_certain

    def _see(self, event: SeenEvent) -> None:
        known = self.seen.get(event.key)
        if known is None or later_sequencer(event.sequencer, known.sequencer) == event.sequencer:
            self.seen[event.key] = event

    def _end(self, key: str, *, is_made: bool) -> None:
        intent = self.intents.pop(key, None)
        if intent is None:
            return
        if not is_made:
            self._drop_notice(intent)
            return
        if isinstance(intent, PublishIntent):
            self.files[key] = intent.stored
        else:
            self.files.pop(key, None)
            self.quarantined[intent.quarantined.path] = intent.quarantined
        self._ready(intent.generation)

    def _end_set(self, entry: SetEnded) -> None:
        intent = self.set_intents.pop(entry.prefix, None)
        if intent is None:
            return
        if not entry.is_made:
            self._drop_notice(intent)
            return
        for key in [key for key in self.files if key.startswith(entry.prefix)]:
            del self.files[key]
        self.files.update((stored.key, stored) for stored in intent.files)
        version = replace(intent.version, published_at_seconds=self._time_of_set(entry))
        self.sets[version.prefix, version.version] = version
        self._ready(intent.generation)

    def _time_of_set(self, entry: SetEnded) -> float:
        """When a version was published, later than any other of its set, whatever the clock says."""
        published = [
            version.published_at_seconds
            for version in self.sets.values()
            if version.prefix == entry.prefix and version.published_at_seconds is not None
        ]
        return max([entry.at_seconds, *(nextafter(seconds, inf) for seconds in published)])

    def _notice(self, entry: OutboxEntry | None) -> None:
        if entry is not None:
            self.outbox[entry.generation] = entry
            self.next_generation = max(self.next_generation, entry.generation + 1)

    def _ready(self, generation: int | None) -> None:
        if generation is not None and generation in self.outbox:
            self.outbox[generation] = replace(self.outbox[generation], is_ready=True)

    def _drop_notice(self, intent: PublishIntent | DeleteIntent | SetIntent | None) -> None:
        if intent is not None and intent.generation is not None:
            self.outbox.pop(intent.generation, None)
