"""Compare the bucket, the journal and the volume, and plan what makes the volume equal to the bucket.

Everything is decided here, and nothing done: the same input gives the same plan. The rules that protect files:

- A file is deleted only if the listing and the scan of the volume are complete, the journal is certain, the file is
  from Sayso and unchanged since, and no more files are deleted at once than the limit.
- An entry that is neither in the bucket nor from Sayso is never touched; a key that would need its place is refused.
- A set is published as a whole, or stays as it is.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.modelsync.keys import KeyRules, directories_above, is_temporary, shown
from sayso.modelsync.plan.actions import ActionKind, ForeignEntry, Plan, SetChange, WaitingSet
from sayso.modelsync.plan.files import removal_of, transfer_of
from sayso.modelsync.plan.manifests import is_manifest, prefix_of
from sayso.modelsync.plan.sets import SetDraft, SetPrefixes, decide_set, listed_by, with_checksums
from sayso.modelsync.records import FileKind, RefusalReason, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sayso.modelsync.journal.state import JournalState
    from sayso.modelsync.plan.actions import Action
    from sayso.modelsync.plan.manifests import ReadManifests
    from sayso.modelsync.records import Checksum, Listing, VolumeScan

_FOREIGN = "not in the bucket, and not from Sayso"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRules:
    """How plans are made.

    Attributes:
        keys: which keys become files.
        max_delete_ratio: which part of the files of the journal one plan may delete, from 0 to 1.
        atomic_prefixes: sets besides those that have a manifest, each with a ``/`` at the end.
        quiet_seconds: how long the objects of a set without a manifest must be unchanged.
    """

    keys: KeyRules = field(default_factory=KeyRules)
    max_delete_ratio: float = 0.5
    atomic_prefixes: tuple[str, ...] = ()
    quiet_seconds: float = 60.0


def make_plan(
    listing: Listing,
    scan: VolumeScan,
    state: JournalState,
    *,
    rules: PlanRules,
    now: datetime,
    manifests: ReadManifests | None = None,
) -> Plan:
    """Plan what makes the volume equal to the bucket.

    Args:
        listing: of the bucket.
        scan: of the volume.
        state: of the journal, without unresolved intents.
        rules: how plans are made.
        now: with a time zone.
        manifests: what was read of the manifests, by the key and the ETag of their objects; the error of one that
            cannot be used. A set whose manifest is missing here waits.
    """
    return _Planner(listing, scan, state, rules, manifests or {}).plan(now)


class _Planner:
    """Makes one plan."""

    def __init__(
        self,
        listing: Listing,
        scan: VolumeScan,
        state: JournalState,
        rules: PlanRules,
        manifests: ReadManifests,
    ) -> None:
        self._listing = listing
        self._entries = scan.entries
        self._paths = sorted(scan.entries)
        self._scan = scan
        self._state = state
        self._rules = rules
        self._manifests = manifests
        self._objects = {each.key: each for each in listing.objects}
        self._checksums: dict[str, tuple[Checksum, ...]] = {}
        self._first: set[str] = set()
        self._refused: list[Refused] = []
        self._transfers: list[Action] = []
        self._unchanged = 0

    def plan(self, now: datetime) -> Plan:
        """The plan."""
        self._read_manifests()
        resolved = self._rules.keys.resolve(self._objects, incumbents=self._state.files, listed=self._checksums)
        self._refused.extend(resolved.refused)
        sets = SetPrefixes(
            (
                *self._rules.atomic_prefixes,
                *(prefix_of(key) for key in resolved.accepted if is_manifest(key)),
                *(version.prefix for version in self._state.sets.values()),
            )
        )
        drafts = {prefix: SetDraft(prefix=prefix) for prefix in sets}
        removals = self._removals()
        withheld_reason = self._why_withheld(removals)
        singles = [each for each in removals if sets.of(each.key) is None]
        made = {} if withheld_reason else {each.key: each for each in singles}
        for key in resolved.accepted:
            self._decide(key, drafts.get(sets.of(key) or ""), made)
        for each in removals:
            if (prefix := sets.of(each.key)) is not None:
                drafts[prefix].removed.append(each.key)
        changes, waiting = self._decide_sets(drafts, withheld_reason, now)
        return Plan(
            actions=self._in_order(made),
            sets=tuple(changes),
            waiting=tuple(waiting),
            unchanged=self._unchanged,
            refused=tuple(sorted(self._refused, key=lambda refused: refused.key)),
            skipped=resolved.skipped,
            foreign=self._foreign(sets),
            withheld=tuple(each.key for each in removals) if withheld_reason else (),
            withheld_reason=withheld_reason,
        )

    def _read_manifests(self) -> None:
        """Learn which keys the manifests list, and with which checksums."""
        for (key, etag), manifest in self._manifests.items():
            prefix = prefix_of(key)
            is_current = key in self._objects and self._objects[key].etag == etag
            if prefix and is_current and not isinstance(manifest, InvalidInput):
                for path, file in zip(listed_by(prefix, manifest), manifest.files, strict=True):
                    self._checksums[path] = file.checksums

    def _removals(self) -> list[Action]:
        """What is done to the files whose objects are not in the listing, in the order of their keys."""
        gone = sorted(self._state.files.keys() - self._objects.keys())
        return [removal_of(self._state.files[key], self._entries.get(key)) for key in gone]

    def _why_withheld(self, removals: list[Action]) -> str | None:
        """Why no file is deleted, in a sentence; None if they are, or if there is none to delete."""
        if not removals:
            return None
        if not self._listing.is_complete:
            return f"The listing of the bucket is not complete: {self._listing.trouble or 'there was an error'}"
        if not self._scan.is_complete:
            return f"The volume could not be read: {self._scan.trouble or 'there was an error'}"
        if not self._state.is_certain:
            return "The journal was damaged: the volume has to be verified first."
        deletions = sum(each.kind is ActionKind.DELETE for each in removals)
        ours = sum(stored.is_ours for stored in self._state.files.values())
        if deletions > self._rules.max_delete_ratio * ours:
            return (
                f"{deletions:,} of {ours:,} files would be deleted, "
                f"more than the limit of {self._rules.max_delete_ratio:.0%}."
            )
        return None

    def _decide(self, key: str, draft: SetDraft | None, made: Mapping[str, Action]) -> None:
        """Decide about one object that can become a file."""
        remote = with_checksums(self._objects[key], self._checksums)
        refusal = self._obstacle(key, made) if draft is None else None
        if refusal is not None:
            self._refused.append(refusal)
            return
        transfer = transfer_of(remote, self._state.files.get(key), self._entries.get(key))
        if draft is not None:
            draft.members.append(remote)
        if transfer is None:
            self._unchanged += 1
        elif draft is None:
            self._transfers.append(transfer)
        else:
            draft.transfers.append(transfer)

    def _obstacle(self, key: str, made: Mapping[str, Action]) -> Refused | None:
        """What is on the volume in the place of a file or of its directories, and stays; None if nothing is."""
        blocking = [
            directory
            for directory in directories_above(key)
            if directory in self._entries and self._entries[directory].kind is not FileKind.DIRECTORY
        ]
        found = self._entries.get(key)
        if found is not None and found.kind is FileKind.DIRECTORY:
            blocking += self._files_below(key)
        elif found is not None and found.kind is not FileKind.FILE:
            blocking.append(key)
        for path in blocking:
            if path not in made or made[path].kind is not ActionKind.DELETE:
                kind = self._entries[path].kind
                detail = f"The key {shown(key)} needs the place of a {kind} that stays on the volume: {shown(path)}."
                return Refused(key=key, reason=RefusalReason.FOREIGN_ENTRY, detail=detail)
        self._first.update(blocking)
        return None

    def _files_below(self, directory: str) -> list[str]:
        """The paths of everything below a directory that is no directory itself."""
        prefix = f"{directory}/"
        found = []
        for place in range(bisect_left(self._paths, prefix), len(self._paths)):
            path = self._paths[place]
            if not path.startswith(prefix):
                break
            if self._entries[path].kind is not FileKind.DIRECTORY:
                found.append(path)
        return found

    def _decide_sets(
        self, drafts: Mapping[str, SetDraft], withheld_reason: str | None, now: datetime
    ) -> tuple[list[SetChange], list[WaitingSet]]:
        changes, waiting = [], []
        quiet_until = now - timedelta(seconds=self._rules.quiet_seconds)
        known = {version.prefix for version in self._state.sets.values()}
        for prefix, draft in sorted(drafts.items()):
            if not draft.members and not draft.removed and prefix not in known:
                continue
            reason = None if self._listing.is_complete else "The listing of the bucket is not complete."
            reason = reason or (withheld_reason if draft.removed else None)
            reason = reason or (None if prefix in known else self._obstacle_of_set(prefix))
            if reason is not None:
                waiting.append(WaitingSet(prefix=prefix, reason=reason))
                continue
            decision = decide_set(draft, self._manifests, self._state, quiet_until=quiet_until)
            if isinstance(decision, SetChange):
                changes.append(decision)
            elif decision is not None:
                waiting.append(decision)
        return changes, waiting

    def _obstacle_of_set(self, prefix: str) -> str | None:
        """What is on the volume in the place of a new set, in a sentence; None if nothing is.

        A directory there may hold files of the set, which are taken over, and nothing else.
        """
        path = prefix.rstrip("/")
        for place in (*directories_above(path), path):
            if place in self._entries and self._entries[place].kind is not FileKind.DIRECTORY:
                return f"A {self._entries[place].kind} that is not from this set is in its place: {shown(place)}."
        for below in self._files_below(path):
            if below not in self._objects and below not in self._state.files:
                return f"Its directory has a file that is not from Sayso, which a link would hide: {shown(below)}."
        return None

    def _in_order(self, made: Mapping[str, Action]) -> tuple[Action, ...]:
        first = [action for key, action in made.items() if key in self._first]
        last = [action for key, action in made.items() if key not in self._first]
        return (*first, *self._transfers, *last)

    def _foreign(self, sets: SetPrefixes) -> tuple[ForeignEntry, ...]:
        """What is on the volume, and neither from the bucket nor from Sayso."""
        links = {prefix.rstrip("/") for prefix in sets}
        return tuple(
            ForeignEntry(path=path, reason=_FOREIGN)
            for path in self._paths
            if self._entries[path].kind is not FileKind.DIRECTORY
            and path not in self._objects
            and path not in self._state.files
            and path not in links
            and sets.of(path) is None
            and not is_temporary(path.rpartition("/")[2])
        )
