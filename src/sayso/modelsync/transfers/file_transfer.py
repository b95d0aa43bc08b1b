"""Fetch one object into a temporary file: its pieces, from several threads, and their verification at the end."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sayso.aws.s3_reader import ObjectChanged
from sayso.errors import Cancelled, OutputFailed
from sayso.modelsync.bucket.listing import find_object, find_part_bytes
from sayso.modelsync.checksums.content import Unverifiable
from sayso.modelsync.checksums.range_hashes import OWN_ALGORITHM, FileHash, Range
from sayso.modelsync.errors import ContentDamaged
from sayso.modelsync.transfers.partial_files import PartialNotes, new_temporary, read_into, verify_claims
from sayso.modelsync.transfers.ranges import Piece, PieceReader
from sayso.modelsync.transfers.values import Downloaded
from sayso.modelsync.transfers.verification import Requirement, given_checksums
from sayso.modelsync.volume.directories import local_stat, volume_error
from sayso.modelsync.volume.system_calls import preallocate, start_writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sayso.modelsync.bucket.object_facts import ObjectFacts
    from sayso.modelsync.transfers.context import TransferContext
    from sayso.modelsync.transfers.values import Download

_PREALLOCATED_BYTES = 2**20  # smaller files are written at once


class FileTransfer:
    """One object on its way into a temporary file.

    `begin` is called first, on one thread; then `fetch` for each piece, on any threads; then `finish`, or `abandon`.
    """

    def __init__(self, context: TransferContext, download: Download, stopped: threading.Event) -> None:
        self._context = context
        self._download = download
        self._stopped = stopped
        self._began = time.monotonic()
        self._received = 0
        self._lock = threading.Lock()
        self._facts: ObjectFacts | None = None
        self._requirement = Requirement(expectation=Unverifiable(reason="nothing is known of it yet"))
        self._content: FileHash | None = None
        self._notes: PartialNotes | None = None
        self._descriptor: int | None = None
        self.temporary: str | None = None
        self._promise: AbstractContextManager[Callable[[], None]] | None = None

    @property
    def uri(self) -> str:
        """Of the object, for messages."""
        return self._context.reader.uri_of(self._download.remote.key)

    def begin(self) -> list[Piece]:
        """Find out what is needed to verify the object, and make the temporary file.

        Returns:
            The pieces that are still to be fetched.

        Raises:
            ObjectAbsent, ObjectChanged: the object is not the one that was listed.
            VolumeFull, OutputFailed: the volume has no space, or cannot be written.
            ServiceUnavailable, ResourceMissing, InvalidInput: of the bucket.
        """
        remote = self._download.remote
        if remote.size_bytes > self._context.options.range_bytes:
            self._know(self._ask())
            return self._prepare()
        piece = Piece(Range(start=0, length=remote.size_bytes), remote=remote, is_whole=True)
        with PieceReader(self._context, piece, self._stopped) as reading:
            facts = reading.open()
            self._know(facts)
            pieces = self._prepare()
            if len(pieces) != 1:  # it is empty, or was uploaded in parts that must be hashed one by one
                return pieces
            piece.remote, piece.hashing = pieces[0].remote, pieces[0].hashing
            self._write(piece, reading)
        return []

    def fetch(self, piece: Piece) -> None:
        """Fetch a piece into the file.

        Raises:
            Cancelled: the transfer was stopped.
            ObjectChanged, OutputFailed, ServiceUnavailable, …: as `begin`.
        """
        with PieceReader(self._context, piece, self._stopped) as reading:
            self._write(piece, reading)

    def finish(self) -> Downloaded:
        """Verify the file, once all pieces are fetched.

        Raises:
            ContentDamaged: its content is not that of the object.
            ObjectChanged: the object is verified, but is not the one of the manifest.
            OutputFailed: the file cannot be read.
        """
        if self._content is None or self._descriptor is None or self.temporary is None or self._facts is None:
            raise AssertionError("a transfer begins before it ends")
        try:
            found = self._requirement.compare(self._content)
            facts = os.fstat(self._descriptor)
        except OSError as error:
            raise volume_error(error, self._download.path) from error
        if found.by_bucket is False or (found.by_given is False and not found.by_bucket):
            raise ContentDamaged(
                f"What was received of {self.uri} does not have its checksum.",
                hint="If the ETags of the bucket are no MD5s, the settings must say so; else it may be damaged there.",
            )
        if found.by_given is False:
            raise ObjectChanged(f"{self.uri} is not what its manifest says.")
        if facts.st_size != self._facts.remote.size_bytes:
            raise OutputFailed(f"{self._download.path} was changed while it was written.")
        self._close(keeps_notes=False)
        return Downloaded(
            remote=self._facts.remote,
            path=self._download.path,
            temporary=self.temporary,
            stat=local_stat(facts),
            checksums=found.checksums,
            is_verified=found.is_verified,
            unverifiable_reason=None if found.is_verified else found.reason,
            received_bytes=self._received,
            seconds=time.monotonic() - self._began,
        )

    def abandon(self, *, is_resumable: bool) -> None:
        """Give the transfer up; no other call is under way any more.

        Args:
            is_resumable: whether a large file and the notes about it stay, for the next transfer of the object.
        """
        is_kept = is_resumable and self._notes is not None
        self._close(keeps_notes=is_kept)
        if self.temporary is not None and not is_kept:
            try:
                self._context.root.remove(self.temporary)
            except OSError as error:
                raise volume_error(error, self.temporary) from error

    def _ask(self) -> ObjectFacts:
        """The facts of an object that is fetched in ranges."""
        context, remote = self._context, self._download.remote
        facts = find_object(context.reader, remote.key, version_id=remote.version_id, policy=context.options.retry)
        if facts.remote.size_bytes != remote.size_bytes or (remote.etag and facts.remote.etag != remote.etag):
            raise ObjectChanged(f"{self.uri} is not the object that was listed any more.")
        return facts

    def _know(self, facts: ObjectFacts) -> None:
        """Decide how the object is verified."""
        context = self._context
        if not context.options.is_etag_md5:
            facts = facts.with_plain_etag()
        if facts.needs_part_bytes:
            policy = context.options.retry
            facts = facts.with_part_bytes(find_part_bytes(context.reader, facts.remote, policy=policy))
        self._facts = facts
        given = given_checksums(self._download.expected, self._download.remote.checksums)
        self._requirement = Requirement(expectation=facts.expectation, given=given)

    def _prepare(self) -> list[Piece]:
        """Make the temporary file, or find that of an earlier transfer; the pieces that are missing."""
        if self._facts is None:
            raise AssertionError("facts come first")
        remote = self._facts.remote
        ranges, content = self._requirement.hashes(
            remote.size_bytes, range_bytes=self._context.options.range_bytes, read_into=self._read_into
        )
        self._content = content
        promise = self._context.space.promised(remote.size_bytes, self._download.path)
        try:
            settle = promise.__enter__()
            self._promise = promise
            found = self._open(ranges)
            if self._descriptor is not None and len(found) < len(ranges):
                if remote.size_bytes >= _PREALLOCATED_BYTES and preallocate(self._descriptor, remote.size_bytes):
                    settle()
                if len(ranges) > 1:  # a file that can be resumed is recognised by its size
                    os.ftruncate(self._descriptor, remote.size_bytes)
        except OSError as error:
            raise volume_error(error, self._download.path) from error
        return [Piece(each, remote=remote, algorithms=content.algorithms) for each in ranges if each not in found]

    def _open(self, ranges: list[Range]) -> set[Range]:
        """Open the temporary file; the ranges that it has already."""
        if self._facts is None or self._content is None:
            raise AssertionError("facts come first")
        context, path = self._context, self._download.path
        if len(ranges) < 2:
            self.temporary, self._descriptor = new_temporary(context.root, path)
            return set()
        self._notes = PartialNotes(context.root, path, self._facts.remote, set(ranges))
        resumed = self._notes.resume()
        if resumed is not None:
            self.temporary, self._descriptor, claims = resumed
            return verify_claims(self._descriptor, claims, self._content)
        self.temporary, self._descriptor = new_temporary(context.root, path)
        self._notes.begin(self.temporary)
        return set()

    def _write(self, piece: Piece, reading: PieceReader) -> None:
        if self._descriptor is None or self._content is None:
            raise AssertionError("a transfer begins before it fetches")
        try:
            reading.receive(self._descriptor)
            self._start_writing(piece.part)
            values = piece.hashing.values()
            self._content.add(piece.part, values)
            if self._notes is not None:
                self._notes.add(piece.part, values[OWN_ALGORITHM])
        except OSError as error:
            raise volume_error(error, self._download.path) from error
        finally:
            with self._lock:
                self._received += reading.received_bytes
        if self._stopped.is_set():
            raise Cancelled(f"The transfer of {self.uri} was stopped.")

    def _start_writing(self, part: Range) -> None:
        """Have the disk begin with a range of a large file, so that the sync at the end is short."""
        if self._descriptor is not None and part.length >= _PREALLOCATED_BYTES:
            with suppress(OSError):  # only a hint; the sync finds every error
                start_writing(self._descriptor, part.start, part.length)

    def _read_into(self, buffer: memoryview, position: int) -> int:
        return read_into(self._descriptor if self._descriptor is not None else -1, buffer, position)

    def _close(self, *, keeps_notes: bool) -> None:
        try:
            if self._descriptor is not None:
                os.close(self._descriptor)
            if self._notes is not None:
                self._notes.close() if keeps_notes else self._notes.remove()
        except OSError as error:
            raise volume_error(error, self._download.path) from error
        finally:
            self._descriptor = None
            if self._promise is not None:
                self._promise.__exit__(None, None, None)
                self._promise = None
