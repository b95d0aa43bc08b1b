"""The files of the journal: their lines, and how the state is read from them.

``snapshot`` is the state when the log was begun; ``log-…`` has the entries since. The first line of the snapshot names
the log that belongs to it. A line is a CRC-32 of eight hexadecimal digits, its number, and JSON::

    5f3a9c01 17 {"op": "ended", "key": "essential/bert/model.bin", "is_made": true}

The CRC covers the number and the JSON. In a log it begins with the log's name, so that a block of another log, which a
file system may bring up after a crash, is not taken for one of this. The first line, number 0, is the header with the
version of the format; a snapshot's last line counts its entries.

What is unreadable at the end of a log was being written when the process or the machine stopped: it is left out. What
is unreadable before a readable line is damage. Then it is not known what else was done, and the state is not certain.
"""

from __future__ import annotations

import gc
import json
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sayso.errors import InvalidInput
from sayso.modelsync.journal.entries import codec
from sayso.modelsync.journal.state import JournalState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sayso.modelsync.journal.disk import JournalDisk
    from sayso.modelsync.journal.entries import Entry

FORMAT = 1
SNAPSHOT = "snapshot"
UNFINISHED = "snapshot.new"
LOG_PREFIX = "log-"

PIECE_BYTES = 2**20
"""About so much is written by one call."""

_ATTEMPTS = 3
_CRC_BYTES = 9


@dataclass(kw_only=True, slots=True)
class LoadedJournal:
    """What was read from the files.

    Attributes:
        state: that the readable entries add up to.
        log: the name of the log; None if there is none to append to.
        log_entries: how many entries it has.
        log_bytes: the length of its readable lines; what follows is left out.
        damage: in sentences.
    """

    state: JournalState = field(default_factory=JournalState)
    log: str | None = None
    log_entries: int = 0
    log_bytes: int = 0
    damage: list[str] = field(default_factory=list)


def encoded(entries: Iterable[Entry], *, first: int, name: str) -> Iterator[bytes]:
    """The lines of entries.

    Args:
        entries: in order.
        first: the number of the first one.
        name: of the log; empty for a snapshot.
    """
    dump, seed = codec().dump_json, zlib.crc32(name.encode())
    for number, entry in enumerate(entries, start=first):
        yield _line(number, dump(entry), seed)


def header(log: str, *, name: str) -> bytes:
    """The first line of a file.

    Args:
        log: the name of the log.
        name: the same, or empty for a snapshot.
    """
    return _line(0, json.dumps({"format": FORMAT, "log": log}).encode(), zlib.crc32(name.encode()))


def footer(entries: int) -> bytes:
    """The last line of a snapshot.

    Args:
        entries: that it has.
    """
    return _line(entries + 1, json.dumps({"entries": entries}).encode(), 0)


def read_journal(disk: JournalDisk) -> LoadedJournal:
    """Read the journal, and change nothing.

    Raises:
        InvalidInput: a later version of Sayso has written it.
        OSError: a file cannot be read.
    """
    for _ in range(_ATTEMPTS):
        loaded = LoadedJournal()
        try:
            with _without_garbage_collection():
                _read_logs(disk, loaded, _read_snapshot(disk, loaded))
        except FileNotFoundError:
            continue  # another process has just replaced it
        break
    else:
        loaded.damage.append("The log of the snapshot is missing.")
    if loaded.damage:
        loaded.state.is_certain = False
    return loaded


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """What is made here stays; to look for garbage in it again and again would take most of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_snapshot(disk: JournalDisk, loaded: LoadedJournal) -> str | None:
    """Apply the snapshot; returns the name of its log, None if it is not known."""
    try:
        lines = _Lines(disk.read(SNAPSHOT), name="")
    except FileNotFoundError:
        return None
    log: str | None = None
    is_complete = False
    for number, body in lines:
        if number == 0:
            log = _log_of(body)
        elif body.startswith(b'{"entries"'):
            is_complete = True
        else:
            lines.is_damaged |= is_complete or not _apply(loaded.state, body)
    if lines.is_damaged or lines.is_torn or not is_complete or log is None:
        loaded.damage.append("The snapshot is damaged.")
    return log


def _read_logs(disk: JournalDisk, loaded: LoadedJournal, log: str | None) -> None:
    """Apply the log of the snapshot, or all there are if it is not known.

    Raises:
        FileNotFoundError: a log is missing.
    """
    if log is not None:
        _read_log(disk, loaded, log)
        return
    had_snapshot = bool(loaded.damage)
    for name in sorted(name for name in disk.names() if name.startswith(LOG_PREFIX)):
        _read_log(disk, loaded, name)
        if loaded.log_entries and not had_snapshot:
            loaded.damage.append("There is a log without its snapshot.")
    loaded.log = None


def _read_log(disk: JournalDisk, loaded: LoadedJournal, log: str) -> None:
    lines = _Lines(disk.read(log), name=log)
    has_header = False
    entries = 0
    for number, body in lines:
        if number == 0:
            has_header = _log_of(body) == log
        else:
            entries += 1
            lines.is_damaged |= not _apply(loaded.state, body)
    if lines.is_damaged or (entries and not has_header):
        loaded.damage.append("The log is damaged.")
    loaded.log, loaded.log_entries, loaded.log_bytes = (log if has_header else None), entries, lines.readable_bytes


def _log_of(body: bytes) -> str | None:
    """The log that a header names.

    Raises:
        InvalidInput: the file has a later format.
    """
    content: Any = json.loads(body)
    if content.get("format") != FORMAT:
        raise InvalidInput(
            f"The journal of the volume has the format {content.get('format')}; this version of Sayso knows {FORMAT}.",
            hint="Run the version that wrote it, or a later one. Nothing was changed.",
        )
    return str(content["log"])


def _apply(state: JournalState, body: bytes) -> bool:
    try:
        state.apply(codec().validate_json(body))
    except ValidationError:
        return False
    return True


class _Lines:
    """Iterates over the readable lines of a file, as number and JSON.

    Attributes:
        expected: the number of the next line.
        is_damaged: whether something is unreadable, repeated or missing before a readable line.
        is_torn: whether something is unreadable at the end.
        readable_bytes: the length up to the end of the last readable line.
    """

    def __init__(self, content: bytes, *, name: str) -> None:
        self._content = content
        self._seed = zlib.crc32(name.encode())
        self.expected = 0
        self.is_damaged = False
        self.is_torn = False
        self.readable_bytes = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        end = 0
        for line in _split(self._content):
            end += len(line)
            parsed = _parsed(line, self._seed)
            if parsed is None:
                self.is_torn = True
                continue
            number, body = parsed
            self.is_damaged |= self.is_torn or number != self.expected
            self.is_torn = False
            self.readable_bytes = end
            if number < self.expected:
                continue
            self.expected = number + 1
            yield number, body


def _split(content: bytes) -> Iterator[bytes]:
    lines = content.split(b"\n")
    yield from (line + b"\n" for line in lines[:-1])
    if lines[-1]:
        yield lines[-1]


def _line(number: int, body: bytes, seed: int) -> bytes:
    text = b"%d %b" % (number, body)
    return b"%08x %b\n" % (zlib.crc32(text, seed), text)


def _parsed(line: bytes, seed: int) -> tuple[int, bytes] | None:
    """The number and the JSON of a line; None if it is not readable."""
    text = line[_CRC_BYTES:-1]
    if line[-1:] != b"\n" or line[:_CRC_BYTES] != b"%08x " % zlib.crc32(text, seed):
        return None
    number, _, body = text.partition(b" ")
    return int(number), body


def snapshot_pieces(state: JournalState, *, log: str) -> Iterator[bytes]:
    """A snapshot of a state, in pieces of about a mebibyte.

    Args:
        state: which must not change meanwhile.
        log: the name of the log that has the entries after it.
    """
    return _pieces(_snapshot_lines(state, log))


def _snapshot_lines(state: JournalState, log: str) -> Iterator[bytes]:
    yield header(log, name="")
    count = 0
    for count, line in enumerate(encoded(state.entries(), first=1, name=""), start=1):  # noqa: B007
        yield line
    yield footer(count)


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines joined into pieces."""
    pending: list[bytes] = []
    size_bytes = 0
    for line in lines:
        pending.append(line)
        size_bytes += len(line)
        if size_bytes >= PIECE_BYTES:
            yield b"".join(pending)
            pending, size_bytes = [], 0
    yield b"".join(pending)
