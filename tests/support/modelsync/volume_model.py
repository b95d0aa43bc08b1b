"""A bucket, a volume and a journal in memory, on which plans are carried out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.modelsync.journal.entries import (
    Begun,
    Ended,
    FileForgotten,
    FileKnown,
    SetBegun,
    SetDropped,
    SetEnded,
)
from sayso.modelsync.journal.state import JournalState
from sayso.modelsync.journal.values import DeleteIntent, PublishIntent, Quarantined, SetIntent, SetVersion, Stored
from sayso.modelsync.keys import directories_above
from sayso.modelsync.plan.actions import ActionKind
from sayso.modelsync.plan.manifests import is_manifest, parse_manifest
from sayso.modelsync.plan.plan import PlanRules, make_plan
from sayso.modelsync.records import (
    Checksum,
    ChecksumAlgorithm,
    FileKind,
    Listing,
    LocalStat,
    RemoteObject,
    VolumeFile,
    VolumeScan,
)

if TYPE_CHECKING:
    from sayso.modelsync.plan.actions import Action, Plan, SetChange
    from sayso.modelsync.plan.manifests import ReadManifests

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


@dataclass(frozen=True)
class Entry:
    """What is at a path of the volume; a directory is there if something is below it, or if it is an entry itself."""

    kind: FileKind
    content: bytes
    stat: LocalStat


@dataclass
class Model:
    """The bucket, the volume and the journal.

    Attributes:
        bucket: contents by key.
        uploaded: the ETag and the time of each object.
        volume: entries by path; those of a set are below its link.
        links: the prefixes of sets that are links.
        state: of the journal.
    """

    bucket: dict[str, bytes] = field(default_factory=dict)
    uploaded: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    volume: dict[str, Entry] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    state: JournalState = field(default_factory=JournalState)
    inodes: int = 0

    def put(self, key: str, content: bytes, *, at: datetime = LONG_AGO, etag: str | None = None) -> None:
        """Upload an object; the ETag is that of its content, or another one."""
        self.bucket[key] = content
        self.uploaded[key] = (etag or hashlib.md5(content, usedforsecurity=False).hexdigest(), at)

    def write(self, path: str, content: bytes, kind: FileKind = FileKind.FILE) -> None:
        """Put something on the volume, as another program would."""
        for other in [*directories_above(path), *(each for each in self.volume if each.startswith(f"{path}/"))]:
            self.volume.pop(other, None)
        self.volume[path] = Entry(kind, content, self._stat(content))

    def listing(self, *, is_complete: bool = True) -> Listing:
        """All objects."""
        objects = tuple(self.remote(key) for key in sorted(self.bucket))
        return Listing(objects=objects, is_complete=is_complete, trouble=None if is_complete else "It was cut.")

    def remote(self, key: str) -> RemoteObject:
        """One object."""
        etag, at = self.uploaded[key]
        return RemoteObject(key=key, size_bytes=len(self.bucket[key]), etag=etag, modified_at=at)

    def scan(self) -> VolumeScan:
        """All entries, with the directories above them."""
        entries = {path: VolumeFile(path=path, kind=entry.kind, stat=entry.stat) for path, entry in self.volume.items()}
        for path in self.volume:
            for directory in directories_above(path):
                is_link = f"{directory}/" in self.links
                kind = FileKind.SYMLINK if is_link else FileKind.DIRECTORY
                entries[directory] = VolumeFile(
                    path=directory, kind=kind, stat=LocalStat(size_bytes=0, mtime_ns=0, inode=0)
                )
        return VolumeScan(entries=entries)

    def manifests(self) -> ReadManifests:
        """All manifests of the bucket, read."""
        found: dict[tuple[str, str], object] = {}
        for key in self.bucket:
            if is_manifest(key):
                try:
                    found[key, self.uploaded[key][0]] = parse_manifest(self.bucket[key], key)
                except InvalidInput as error:
                    found[key, self.uploaded[key][0]] = error
        return found  # type: ignore[return-value]

    def plan(self, rules: PlanRules, *, is_complete: bool = True) -> Plan:
        """The plan for everything as it is now."""
        return make_plan(
            self.listing(is_complete=is_complete),
            self.scan(),
            self.state,
            rules=rules,
            now=NOW,
            manifests=self.manifests(),
        )

    def apply(self, plan: Plan) -> None:
        """Carry a plan out, and note it in the journal."""
        for action in plan.actions:
            if action.kind is ActionKind.DELETE:
                self._delete(action)
            elif action.kind is ActionKind.FORGET:
                self.state.apply(FileForgotten(key=action.key))
            else:
                self._transfer(action)
        for change in plan.sets:
            self._change(change)

    def _delete(self, action: Action) -> None:
        assert action.stored is not None
        assert self.volume[action.key].stat == action.stored.stat
        quarantined = Quarantined(path=f"q/{action.key}", key=action.key, size_bytes=0, since_seconds=0.0)
        self.state.apply(Begun(intent=DeleteIntent(key=action.key, quarantined=quarantined)))
        del self.volume[action.key]
        self.state.apply(Ended(key=action.key, is_made=True))

    def _transfer(self, action: Action) -> None:
        key = action.key
        here = self.volume.get(key)
        assert not any(path in self.volume for path in directories_above(key))
        assert not any(path.startswith(f"{key}/") for path in self.volume)
        if action.kind is ActionKind.ADOPT:
            assert here is not None
            if here.content == self.bucket[key]:
                self.state.apply(FileKnown(stored=self._stored(key, here.stat)))
                return
        elif action.kind is ActionKind.DOWNLOAD:
            assert here is None
        entry = Entry(FileKind.FILE, self.bucket[key], self._stat(self.bucket[key]))
        self.state.apply(Begun(intent=PublishIntent(key=key, stored=self._stored(key, entry.stat), temporary="t")))
        self.volume[key] = entry
        self.state.apply(Ended(key=key, is_made=True))

    def _change(self, change: SetChange) -> None:
        transfers = {action.key for action in change.transfers}
        entries = {}
        for member in change.members:
            content = self.bucket[member.key]
            if member.key in transfers:
                entries[member.key] = Entry(FileKind.FILE, content, self._stat(content))
            else:
                entries[member.key] = self.volume[member.key]
        version = SetVersion(prefix=change.prefix, version=change.version)
        files = tuple(self._stored(key, entry.stat) for key, entry in entries.items())
        self.state.apply(SetBegun(intent=SetIntent(version=version, files=files)))
        self.volume = {
            path: entry for path, entry in self.volume.items() if not path.startswith(change.prefix)
        } | entries
        self.links.add(change.prefix)
        self.state.apply(SetEnded(prefix=change.prefix, is_made=True, at_seconds=float(self.inodes)))
        if not change.members:
            self.links.discard(change.prefix)
            for prefix, name in list(self.state.sets):
                if prefix == change.prefix:
                    self.state.apply(SetDropped(prefix=prefix, version=name))

    def _stored(self, key: str, stat: LocalStat) -> Stored:
        remote = self.remote(key)
        digest = hashlib.sha256(self.bucket[key]).hexdigest()
        return Stored(
            key=key,
            etag=remote.etag,
            modified_at=remote.modified_at,
            size_bytes=remote.size_bytes,
            checksums=(Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=digest),),
            is_verified=True,
            stat=stat,
        )

    def _stat(self, content: bytes) -> LocalStat:
        self.inodes += 1
        return LocalStat(size_bytes=len(content), mtime_ns=self.inodes, inode=self.inodes)

    def touch(self, path: str) -> None:
        """Give a file another time."""
        entry = self.volume[path]
        self.inodes += 1
        self.volume[path] = replace(entry, stat=replace(entry.stat, mtime_ns=self.inodes))


def manifest_of(model: Model, *, extra: int = 0) -> bytes:
    """The manifest of the objects below ``set/``, or one that is wrong about their sizes."""
    files = [
        {"path": key[4:], "size": len(content) + extra, "sha256": hashlib.sha256(content).hexdigest()}
        for key, content in model.bucket.items()
        if key.startswith("set/") and not key.endswith(".manifest.json")
    ]
    return json.dumps({"manifest_version": 1, "files": files}).encode()
