"""Ask the bucket and the volume, and plan: for everything, or for the keys of some events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from sayso.errors import Cancelled, InvalidInput, SaysoError
from sayso.modelsync.bucket.listing import list_objects, read_object
from sayso.modelsync.keys import KeyIndex, directories_above
from sayso.modelsync.plan.manifests import MAXIMUM_MANIFEST_BYTES, is_manifest, parse_manifest, prefix_of
from sayso.modelsync.plan.plan import make_plan
from sayso.modelsync.plan.selection import select_objects
from sayso.modelsync.plan.sets import SetPrefixes
from sayso.modelsync.reconciliation.asking import ask_for
from sayso.modelsync.reconciliation.recovering import entry_at
from sayso.modelsync.reconciliation.source import below_prefix, entries_of_another, read_source
from sayso.modelsync.reconciliation.under_way import UnderWay
from sayso.modelsync.records import FileKind, Listing, VolumeFile, VolumeScan
from sayso.modelsync.volume.scan import scan_volume

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sayso.modelsync.journal.entries import Entry
    from sayso.modelsync.journal.state import JournalState
    from sayso.modelsync.plan.actions import Plan
    from sayso.modelsync.plan.manifests import SetManifest
    from sayso.modelsync.plan.plan import PlanRules
    from sayso.modelsync.reconciliation.progress import Progress
    from sayso.modelsync.reconciliation.volume_view import VolumeView
    from sayso.modelsync.records import Refused, RemoteObject

_log = structlog.get_logger(__name__)

_MANIFEST_ROUNDS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class KeysPlan:
    """The plan for some keys.

    Attributes:
        plan: for them, and for the sets that they are in.
        failed: the keys that the bucket could not be asked for, and why.
        prefixes: of these sets.
    """

    plan: Plan
    failed: Mapping[str, SaysoError]
    prefixes: frozenset[str]


class Planner:
    """Makes plans for one volume; for one thread at a time. It remembers the manifests that it has read.

    Args:
        volume: the volume.
        progress: is kept up to date.
    """

    def __init__(self, volume: VolumeView, progress: Progress) -> None:
        self._volume = volume
        self._progress = progress
        self._manifests: dict[tuple[str, str], SetManifest | InvalidInput] = {}
        self._waiting: set[str] = set()
        self.forgotten: Sequence[Entry] = ()
        """What the journal forgets by the last plan of the whole bucket, before that is executed."""
        self._left_out: frozenset[tuple[str, str]] = frozenset()

    def plan(self, under_way: UnderWay | None = None) -> tuple[Plan, Listing]:
        """The plan for the whole bucket, and the listing that it was made of.

        Args:
            under_way: gives way while the bucket is listed and the volume is read.
        """
        options = self._volume.options
        under_way = under_way or UnderWay()
        self._progress.enter("listing")
        listing = under_way.meanwhile(
            lambda: list_objects(
                self._volume.reader,
                prefix=options.prefix,
                policy=options.transfers.retry,
                on_page=self._progress.listed,
            )
        )
        listing, self._left_out = select_objects(
            listing,
            options.selection,
            keys=options.rules.keys,
            atomic_prefixes=options.rules.atomic_prefixes,
            now=datetime.now(UTC),
        )
        if self._left_out:
            _log.info("objects are left out", objects=len(self._left_out))
        self._progress.enter("scanning")
        scan = under_way.meanwhile(lambda: scan_volume(self._volume.root))
        self._progress.enter("planning")
        state = self._volume.journal.copied_state()
        self.forgotten = self._of_another_bucket(state, listing)
        for entry in self.forgotten:
            state.apply(entry)
        state, scan = below_prefix(state, scan, options.prefix)
        return self._planned(listing, scan, state, options.rules), listing

    def _of_another_bucket(self, state: JournalState, listing: Listing) -> list[Entry]:
        """What the journal has to forget because the volume was the copy of another bucket until now."""
        known = read_source(self._volume.root)
        if known in {None, self._volume.reader.place} or not listing.is_complete:
            return []
        entries = entries_of_another(state, listing)
        _log.warning("the volume was a copy of another bucket, whose files stay", bucket=known, entries=len(entries))
        return entries

    def plan_keys(
        self, keys: Collection[str], prefixes: Collection[str] = (), *, reserved: Collection[str] = ()
    ) -> KeysPlan:
        """The plan for some keys, and for the sets that they are in.

        Each key is asked for, so that the limit for deletions does not apply.

        Args:
            keys: of objects.
            prefixes: sets to look at, too.
            reserved: keys that will have files; others do not take their places.
        """
        state = self._volume.journal.copied_state()
        rules = self._volume.options.rules
        sets = SetPrefixes(
            (
                *rules.atomic_prefixes,
                *(prefix_of(key) for key in keys if is_manifest(key)),
                *prefixes,
                *self._waiting,
                *(version.prefix for version in state.sets.values()),
            )
        )
        of_sets = {prefix for key in (*keys, *prefixes) if (prefix := sets.of(key)) is not None}
        single = [key for key in keys if sets.of(key) is None]
        found, failed = ask_for(single, self._volume)
        found = [each for each in found if (each.key, each.etag) not in self._left_out]
        listings = [
            list_objects(self._volume.reader, prefix=prefix, policy=self._volume.options.transfers.retry)
            for prefix in sorted(of_sets)
        ]
        trouble = next((each.trouble for each in listings if not each.is_complete), None)
        listing = Listing(
            objects=(*found, *(each for listed in listings for each in listed.objects)),
            is_complete=all(each.is_complete for each in listings),
            trouble=trouble,
        )
        wanted = [key for key in single if key not in failed]
        scan = self._scan(wanted, of_sets, {each.key for each in listing.objects})
        kept = {
            key: stored
            for key, stored in state.files.items()
            if key in wanted or any(key.startswith(prefix) for prefix in of_sets)
        }
        known_sets = {place: version for place, version in state.sets.items() if version.prefix in of_sets}
        small = replace(state, files=kept, sets=known_sets)
        refused = self._collisions([each.key for each in found], {*state.files, *(set(reserved) - set(keys))})
        listing = replace(
            listing, objects=tuple(each for each in listing.objects if each.key not in {one.key for one in refused})
        )
        prefixes = tuple(prefix for prefix in rules.atomic_prefixes if prefix in of_sets)
        plan = self._planned(listing, scan, small, replace(rules, max_delete_ratio=1.0, atomic_prefixes=prefixes))
        plan = replace(plan, refused=(*plan.refused, *refused), foreign=())
        return KeysPlan(plan=plan, failed=failed, prefixes=frozenset(of_sets))

    def _planned(self, listing: Listing, scan: VolumeScan, state: JournalState, rules: PlanRules) -> Plan:
        """A plan, with the manifests that it needs."""
        for _ in range(_MANIFEST_ROUNDS):
            plan = make_plan(listing, scan, state, rules=rules, now=datetime.now(UTC), manifests=self._manifests)
            unread = [each for waiting in plan.waiting for each in waiting.unread]
            if not unread:
                break
            for manifest in unread:
                self._read(manifest)
        self._waiting.difference_update(change.prefix for change in plan.sets)
        self._waiting.update(waiting.prefix for waiting in plan.waiting)
        return plan

    def _read(self, manifest: RemoteObject) -> None:
        place = (manifest.key, manifest.etag)
        if manifest.size_bytes > MAXIMUM_MANIFEST_BYTES:
            self._manifests[place] = InvalidInput(f"The manifest {manifest.key} is too large.")
            return
        options = self._volume.options.transfers
        try:
            content = read_object(
                self._volume.reader,
                manifest,
                limit_bytes=MAXIMUM_MANIFEST_BYTES,
                is_etag_md5=options.is_etag_md5,
                policy=options.retry,
            )
        except Cancelled:
            raise
        except SaysoError as error:
            _log.warning("a manifest cannot be read", key=manifest.key, reason=error.message)
            return
        try:
            self._manifests[place] = parse_manifest(content, manifest.key)
        except InvalidInput as error:
            self._manifests[place] = error

    def _scan(self, keys: Iterable[str], prefixes: Collection[str], listed: Collection[str]) -> VolumeScan:
        """What is on the volume where these keys and sets belong."""
        if prefixes:
            return scan_volume(self._volume.root)
        entries: dict[str, VolumeFile] = {}
        trouble = None
        for key in keys:
            is_known = key in listed or key in self._volume.journal.state.files
            if not is_known or self._volume.options.rules.keys.refusal_of(key) is not None:
                continue
            try:
                for path in (*directories_above(key), key):
                    found = entry_at(self._volume.root, path) if path and path not in entries else None
                    if found is not None:
                        entries[path] = found
                if key in entries and entries[key].kind is FileKind.DIRECTORY:
                    entries.update(self._below(key))
            except (SaysoError, OSError, ValueError) as error:
                trouble = str(error)
        return VolumeScan(entries=entries, is_complete=trouble is None, trouble=trouble)

    def _below(self, directory: str) -> dict[str, VolumeFile]:
        found = {}
        for path, _ in self._volume.root.entries(directory):
            entry = entry_at(self._volume.root, path)
            if entry is not None:
                found[path] = entry
        return found

    def _collisions(self, keys: Iterable[str], taken: Collection[str]) -> list[Refused]:
        """The new keys that cannot stand beside those that are taken."""
        new = [key for key in keys if key not in taken]
        if not new:
            return []
        index = KeyIndex()
        for key in taken:
            index.add(key)
        rules = self._volume.options.rules.keys
        new = [key for key in new if rules.counts(key) and rules.refusal_of(key) is None]
        return [refused for key in sorted(new) if (refused := index.add(key)) is not None]
