"""The journal on a real disk: what it keeps, and what it says when it cannot."""

from __future__ import annotations

import errno
import json
import os
import stat
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput, OutputFailed
from sayso.modelsync.journal.disk import PosixDisk
from sayso.modelsync.journal.entries import Certainty, Ended, FileKnown, Notice, Sent, SetEnded
from sayso.modelsync.journal.files import LOG_PREFIX, read_journal
from sayso.modelsync.journal.journal import Journal
from sayso.modelsync.journal.values import OutboxEntry
from sayso.modelsync.plan.sets import current_version
from support.modelsync.entries import PREFIX, delete, publish, seen, set_begun, states_of, stored

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.modelsync.journal.entries import Entry

DAY_SECONDS = 86_400.0


def opened(root: Path, *, now: float = 0.0) -> Journal:
    return Journal.open(PosixDisk(root), clock=lambda: now)


def line(number: int, content: object, name: str = "") -> bytes:
    """A line as the format describes it, written independently."""
    text = f"{number} {json.dumps(content)}".encode()
    return f"{zlib.crc32(text, zlib.crc32(name.encode())):08x} ".encode() + text + b"\n"


def test_what_was_appended_is_found_again(tmp_path: Path) -> None:
    """Of every kind, after the process and after a compaction."""
    sequence: list[Entry] = [
        seen("a.bin", 2),
        publish("a.bin", 1),
        Ended(key="a.bin", is_made=True),
        FileKnown(stored=stored("b c+d.bin", 3)),
        delete("b c+d.bin", 2),
        Ended(key="b c+d.bin", is_made=True),
        set_begun(["x.onnx"], 3),
        SetEnded(prefix=PREFIX, is_made=True, at_seconds=4.5),
        publish("中文.bin", 0),
    ]
    expected = states_of(sequence)[-1]
    with opened(tmp_path) as journal:
        journal.append(*sequence)
        assert journal.state == expected
    with opened(tmp_path) as journal:
        assert journal.state == expected
        journal.compact()
        assert journal.state == expected
    with opened(tmp_path) as journal:
        assert journal.state == expected
        assert (journal.damage, journal.limits) == ((), ())
        assert journal.state.next_generation == 4
        assert [entry.is_ready for entry in journal.state.outbox.values()] == [True, True, True]


def test_a_notification_is_sent_only_if_its_change_was_made(tmp_path: Path) -> None:
    """And it is kept until it was sent."""
    with opened(tmp_path) as journal:
        journal.append(publish("a.bin", 1), publish("b c+d.bin", 2))
        assert [entry.is_ready for entry in journal.state.outbox.values()] == [False, False]
        journal.append(Ended(key="a.bin", is_made=False), Ended(key="b c+d.bin", is_made=True))
        assert {generation: entry.is_ready for generation, entry in journal.state.outbox.items()} == {2: True}
        journal.append(Sent(generation=2))
    with opened(tmp_path) as journal:
        assert journal.state.outbox == {}
        assert journal.state.next_generation == 3


def test_a_published_set_replaces_the_files_of_its_prefix(tmp_path: Path) -> None:
    """Those of other keys stay."""
    with opened(tmp_path) as journal:
        journal.append(*(FileKnown(stored=stored(key)) for key in (f"{PREFIX}old.bin", "a.bin")))
        journal.append(set_begun(["x.onnx", "y.json"], 1))
        assert set(journal.state.files) == {f"{PREFIX}old.bin", "a.bin"}
        journal.append(SetEnded(prefix=PREFIX, is_made=True, at_seconds=9.0))
        assert set(journal.state.files) == {f"{PREFIX}x.onnx", f"{PREFIX}y.json", "a.bin"}
        assert journal.state.sets[PREFIX, "v1"].published_at_seconds == 9.0


@pytest.mark.parametrize("at_seconds", [5.0, 1.0])
def test_the_set_that_was_published_last_is_known_whatever_the_clock_says(tmp_path: Path, at_seconds: float) -> None:
    """Also if it was set back, and if an earlier version is published again."""
    with opened(tmp_path) as journal:
        for number, seconds in ((1, 5.0), (2, at_seconds), (3, at_seconds), (1, at_seconds)):
            journal.append(set_begun(["x.onnx"], number), SetEnded(prefix=PREFIX, is_made=True, at_seconds=seconds))
            assert current_version(journal.state, PREFIX) == f"v{number}"
    with opened(tmp_path) as journal:
        assert current_version(journal.state, PREFIX) == "v1"


def test_tombstones_are_kept_for_a_while(tmp_path: Path) -> None:
    """Longer than a message can be on its way; those of files that exist, always."""
    with opened(tmp_path, now=0.0) as journal:
        journal.append(seen("gone.bin", 1), seen("here.bin", 1), FileKnown(stored=stored("here.bin")))
    with opened(tmp_path, now=29 * DAY_SECONDS) as journal:
        journal.compact()
        assert set(journal.state.seen) == {"gone.bin", "here.bin"}
    with opened(tmp_path, now=31 * DAY_SECONDS) as journal:
        journal.compact()
        assert set(journal.state.seen) == {"here.bin"}
    with opened(tmp_path) as journal:
        assert set(journal.state.seen) == {"here.bin"}


def test_uncertainty_lasts_until_the_volume_was_verified(tmp_path: Path) -> None:
    """Across restarts."""
    opened(tmp_path).close()
    snapshot = tmp_path / ".sayso/journal/snapshot"
    snapshot.write_bytes(b"?" + snapshot.read_bytes())
    with opened(tmp_path) as journal:
        assert journal.damage == ("The snapshot is damaged.",)
    with opened(tmp_path) as journal:
        assert journal.damage == ()
        assert not journal.state.is_certain
        journal.append(Certainty(is_certain=True))
    with opened(tmp_path) as journal:
        assert journal.state.is_certain


def test_the_files_are_those_that_the_format_describes(tmp_path: Path) -> None:
    """Written here without the module."""
    directory = tmp_path / ".sayso/journal"
    directory.mkdir(parents=True)
    notice = OutboxEntry(generation=7, key="a", payload={"x": ["é", 1.5, None]}, is_ready=True)
    entry = {"op": "notice", "outbox": {"generation": 7, "key": "a", "payload": dict(notice.payload), "is_ready": True}}
    log = f"{LOG_PREFIX}00"
    (directory / "snapshot").write_bytes(
        line(0, {"format": 1, "log": log}) + line(1, {"op": "counted", "next_generation": 3}) + line(2, {"entries": 1})
    )
    (directory / log).write_bytes(line(0, {"format": 1, "log": log}, log) + line(1, entry, log))
    with opened(tmp_path) as journal:
        assert journal.state.outbox == {7: notice}
        assert journal.state.next_generation == 8
        journal.append(Notice(outbox=notice))
    assert len((directory / log).read_bytes().splitlines()) == 3


@pytest.mark.parametrize("name", ["snapshot", "log"])
def test_a_later_format_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    """Nothing is written, moved or removed."""
    with opened(tmp_path) as journal:
        journal.append(seen("a.bin", 1))
    directory = tmp_path / ".sayso/journal"
    (log,) = (path.name for path in directory.iterdir() if path.name.startswith(LOG_PREFIX))
    later = line(0, {"format": 2, "log": log, "more": True}, "" if name == "snapshot" else log) + b"\x00 binary\n"
    (directory / (log if name == "log" else name)).write_bytes(later)
    (directory / "snapshot.new").write_bytes(b"left over")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(InvalidInput, match="has the format 2; this version of Sayso knows 1"):
        opened(tmp_path)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_an_entry_of_an_unknown_kind_is_damage(tmp_path: Path) -> None:
    """It may have said something that matters."""
    opened(tmp_path).close()
    (path,) = (path for path in (tmp_path / ".sayso/journal").iterdir() if path.name.startswith(LOG_PREFIX))
    path.write_bytes(path.read_bytes() + line(1, {"op": "new"}, path.name))
    with opened(tmp_path) as journal:
        assert journal.damage == ("The log is damaged.",)


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """A command can look at the journal of a running service."""
    with opened(tmp_path) as journal:
        journal.append(seen("a.bin", 1))
        disk = PosixDisk(tmp_path)
        disk.prepare()
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / ".sayso/journal").iterdir()}
        assert read_journal(disk).state == journal.state
        disk.release()
        assert {path: path.stat().st_mtime_ns for path in (tmp_path / ".sayso/journal").iterdir()} == before


def test_readers_can_enter_the_directory_and_not_the_journal(tmp_path: Path) -> None:
    """Whatever the umask is: links lead into ``.sayso``."""
    before = os.umask(0o077)
    try:
        opened(tmp_path).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / ".sayso").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / ".sayso/journal").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / ".sayso/journal").iterdir()} == {0o600}


@pytest.mark.parametrize("name", [".sayso", ".sayso/journal"])
def test_a_link_in_place_of_a_directory_is_not_followed(tmp_path: Path, name: str) -> None:
    """It could lead out of the volume."""
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    (root / name).parent.mkdir(parents=True)
    (root / name).symlink_to(outside)
    with pytest.raises(OutputFailed, match="cannot be used in"):
        opened(root)
    assert list(outside.iterdir()) == []


def test_a_volume_that_is_missing_gives_a_clear_error(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(OutputFailed, match=f"cannot be used in {tmp_path}/none/.sayso/journal: No such file"):
        opened(tmp_path / "none")


class RefusingDisk(PosixDisk):
    """A directory that this user may not write, as root is not refused by modes."""

    def __init__(self, root: Path, number: int) -> None:
        super().__init__(root)
        self._number = number

    def create(self, name: str) -> int:
        raise OSError(self._number, os.strerror(self._number), name)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EPERM, errno.ESTALE])
def test_a_volume_that_cannot_be_written_gives_a_clear_error(tmp_path: Path, number: int) -> None:
    """With the reason of the system."""
    with pytest.raises(OutputFailed) as caught:
        Journal.open(RefusingDisk(tmp_path, number))
    assert os.strerror(number) in caught.value.message
    assert caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories away")
def test_the_owner_of_a_foreign_directory_is_named(tmp_path: Path) -> None:
    """And the user of this process."""
    (tmp_path / ".sayso/journal").mkdir(parents=True)
    os.chown(tmp_path / ".sayso/journal", 12345, 12345)
    with pytest.raises(OutputFailed, match=r"journal belongs to user 12345, not 0\): Permission denied"):
        Journal.open(RefusingDisk(tmp_path, errno.EACCES))


class UnflushingDisk(PosixDisk):
    """A file system that has no fsync, of files or of directories."""

    def __init__(self, root: Path, *, files: bool) -> None:
        super().__init__(root)
        self._files = files

    def sync(self, descriptor: int) -> bool:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        return super().sync(descriptor) if is_directory is self._files else False


@pytest.mark.parametrize("files", [True, False])
def test_a_file_system_without_fsync_is_used_and_reported(tmp_path: Path, files: bool) -> None:
    """As NFS servers and FUSE mounts are."""
    disk = UnflushingDisk(tmp_path, files=files)
    with Journal.open(disk) as journal:
        journal.append(seen("a.bin", 1))
        what = "files" if files else "directories"
        assert journal.limits == (
            f"The file system cannot flush {what}: a power cut may lose the latest entries of the journal.",
        )
    with opened(tmp_path) as journal:
        assert "a.bin" in journal.state.seen


def test_an_fsync_that_is_not_supported_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EINVAL says so; EIO is a failure."""
    disk = PosixDisk(tmp_path)
    disk.prepare()

    numbers = iter([errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO])

    def refuse(_: int) -> None:
        number = next(numbers)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    assert [disk.sync_directory() for _ in range(3)] == [False] * 3
    with pytest.raises(OSError, match="Input/output error"):
        disk.sync_directory()
    disk.release()


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    """It may belong to another process by then."""
    journal = opened(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(OutputFailed, match="takes no more entries: it is closed"):
        journal.append(seen("a.bin", 1))


def test_many_threads_may_append(tmp_path: Path) -> None:
    """Every entry is there; a copy of the state does not change meanwhile."""
    with opened(tmp_path) as journal:
        copy = journal.copied_state()

        def append(thread: int) -> None:
            for number in range(50):
                journal.append(FileKnown(stored=stored(f"{thread}/{number}.bin", 1)), flush=False)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(append, range(8)))
        expected = journal.copied_state()
    assert (copy.files, len(expected.files)) == ({}, 400)
    with opened(tmp_path) as journal:
        assert journal.state == expected


def test_a_hundred_thousand_files_load_and_compact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How much processor time it takes is printed."""
    entries = [FileKnown(stored=stored(f"essential/bert/模型-{number}.bin", number % 4)) for number in range(100_000)]
    with opened(tmp_path) as journal:
        started = time.process_time()
        for start in range(0, len(entries), 1000):
            journal.append(*entries[start : start + 1000])
        appended = time.process_time()
        journal.compact()
        compacted = time.process_time()
        expected = journal.state
    reopened = time.process_time()
    with opened(tmp_path) as journal:
        loaded = time.process_time()
        assert journal.state == expected
    with capsys.disabled():
        print(  # noqa: T201
            f"\n100,000 files: append {appended - started:.2f} s, compact {compacted - appended:.2f} s, "
            f"load {loaded - reopened:.2f} s"
        )
