"""The journal survives a crash at any moment: after it, the state is the one before or after an entry, and no other."""

from __future__ import annotations

import random
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.errors import OutputFailed
from sayso.modelsync.journal.entries import Ended, FileKnown
from sayso.modelsync.journal.files import LOG_PREFIX, SNAPSHOT, UNFINISHED
from sayso.modelsync.journal.journal import Journal
from support.modelsync.entries import any_entry, publish, seen, states_of, stored
from support.modelsync.memory_disk import Inode, Killed, MemoryDisk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.modelsync.journal.entries import Entry

SCRIPT: list[Entry] = [
    seen("a.bin", 1),
    publish("a.bin", 1),
    Ended(key="a.bin", is_made=True),
    publish("b c+d.bin", 2),
    seen("b c+d.bin", 2),
    Ended(key="b c+d.bin", is_made=False),
    FileKnown(stored=stored("voice/中文/x.onnx", 3)),
]


def opened(disk: MemoryDisk, *, compact_after: int = 1000) -> Journal:
    return Journal.open(disk, clock=lambda: 0.0, compact_after=compact_after)


def run(disk: MemoryDisk, sequence: Sequence[Entry], *, flush: bool, compact_after: int = 3) -> tuple[int, int]:
    """Append until the process is killed.

    Returns:
        How many entries were appended, and how many were begun to be.
    """
    done = 0
    try:
        journal = opened(disk, compact_after=compact_after)
        for number, entry in enumerate(sequence):
            journal.append(entry, flush=flush)
            done = number + 1
            if number % 4 == 3:
                journal.compact()
    except Killed:
        return done, min(done + 1, len(sequence))
    return done, done


def calls_of(sequence: Sequence[Entry], *, flush: bool) -> int:
    """How many system calls there are when nothing happens."""
    disk = MemoryDisk(random=random.Random(7))  # noqa: S311
    run(disk, sequence, flush=flush)
    return len(disk.calls)


@pytest.mark.parametrize("flush", [True, False])
def test_a_process_can_be_killed_at_every_system_call(flush: bool) -> None:
    """Whatever was appended is there; also when it was not flushed, and when a snapshot was being written."""
    states = states_of(SCRIPT)
    for dies_at in range(1, calls_of(SCRIPT, flush=flush) + 1):
        for seed in range(6):
            disk = MemoryDisk(dies_at=dies_at, random=random.Random(seed))  # noqa: S311
            done, begun = run(disk, SCRIPT, flush=flush)
            for _ in range(2):  # opening it changes nothing that matters
                disk = disk.after_kill()
                journal = opened(disk)
                assert journal.state in states[done : begun + 1]
                assert journal.damage == ()


def test_the_power_can_be_cut_at_every_system_call() -> None:
    """Whatever was flushed is there; of the rest, there is any beginning."""
    states = states_of(SCRIPT)
    for dies_at in range(1, calls_of(SCRIPT, flush=True) + 1):
        for seed in range(20):
            disk = MemoryDisk(dies_at=dies_at, random=random.Random(seed))  # noqa: S311
            done, begun = run(disk, SCRIPT, flush=True)
            journal = opened(disk.after_power_cut(seed))
            assert journal.state in states[done : begun + 1]
            assert journal.damage == ()


def test_a_power_cut_on_a_disk_that_cannot_flush_is_noticed_or_harmless() -> None:
    """The state is an earlier one, or it is not certain."""
    states = states_of(SCRIPT)
    for dies_at in range(1, calls_of(SCRIPT, flush=True) + 1):
        for seed in range(20):
            disk = MemoryDisk(
                dies_at=dies_at,
                random=random.Random(seed),  # noqa: S311
                flushes_files=False,
                flushes_directories=False,
            )
            run(disk, SCRIPT, flush=True)
            journal = opened(disk.after_power_cut(seed))
            assert journal.state in states or not journal.state.is_certain


@settings(deadline=None, max_examples=150)
@given(
    sequence=st.lists(any_entry, max_size=12),
    dies_at=st.integers(1, 80),
    seed=st.integers(0, 2**32),
    is_power_cut=st.booleans(),
)
def test_any_entries_survive_any_crash(sequence: list[Entry], dies_at: int, seed: int, is_power_cut: bool) -> None:
    """And the journal goes on: more entries, another crash."""
    states = states_of(sequence)
    disk = MemoryDisk(dies_at=dies_at, random=random.Random(seed))  # noqa: S311
    done, begun = run(disk, sequence, flush=True)
    disk = disk.after_power_cut(seed) if is_power_cut else disk.after_kill()
    disk.dies_at = dies_at
    try:
        journal = opened(disk, compact_after=1)
        assert journal.state in states[done : begun + 1]
        for entry in sequence[done if states[done] == journal.state else begun :]:
            journal.append(entry)
    except Killed:
        return
    assert opened(disk.after_kill()).state == states[-1]


@pytest.fixture(name="written")
def written_disk() -> MemoryDisk:
    """A snapshot with three entries, and a log with four."""
    disk = MemoryDisk()
    journal = opened(disk)
    journal.append(*SCRIPT[:3])
    journal.compact()
    journal.append(*SCRIPT[3:])
    journal.close()
    return disk


def log_of(disk: MemoryDisk) -> str:
    (log,) = (name for name in disk.directory if name.startswith(LOG_PREFIX))
    return log


def with_content(disk: MemoryDisk, name: str, content: bytes) -> MemoryDisk:
    changed = disk.after_kill()
    changed.directory[name] = Inode(content, content)
    return changed


def test_a_log_can_end_at_every_byte(written: MemoryDisk) -> None:
    """The last line is left out unless it is complete; the journal goes on from there."""
    states = states_of(SCRIPT)
    log = log_of(written)
    content = written.directory[log].content
    for size_bytes in range(len(content) + 1):
        disk = with_content(written, log, content[:size_bytes])
        journal = opened(disk)
        complete = max(content[:size_bytes].count(b"\n") - 1, 0)
        assert journal.state == states[3 + complete]
        assert journal.damage == ()
        journal.append(*SCRIPT[3 + complete :])
        assert opened(disk.after_kill()).state == states[-1]


@pytest.mark.parametrize("rest", [b"\0" * 4096, b"\n\n\n", b"0badc0de 5 {}\n", b"\xff" * 100 + b"\n"])
def test_rubbish_at_the_end_of_a_log_is_left_out(written: MemoryDisk, rest: bytes) -> None:
    """Some file systems leave zeros, or another block, where the last write was."""
    log = log_of(written)
    disk = with_content(written, log, written.directory[log].content + rest)
    journal = opened(disk)
    assert journal.state == states_of(SCRIPT)[-1]
    assert journal.damage == ()
    journal.append(FileKnown(stored=stored("more.bin", 1)))
    assert "more.bin" in opened(disk.after_kill()).state.files


def test_a_flipped_bit_in_a_log_is_noticed(written: MemoryDisk) -> None:
    """Before other lines it makes the state uncertain, until the volume was verified; at the end, it is as if the last
    entry had not been written, or the last two where the end of a line is hit."""
    states = states_of(SCRIPT)
    log = log_of(written)
    content = written.directory[log].content
    last_line = content.rindex(b"\n", 0, -1) + 1
    for place in range(len(content)):
        for bit in (0, 1, 5):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            disk = with_content(written, log, bytes(flipped))
            journal = opened(disk)
            if place >= last_line - 1:
                assert journal.state == (states[-2] if place >= last_line else states[-3])
            else:
                assert journal.damage == ("The log is damaged.",)
                assert not journal.state.is_certain
                assert not opened(disk.after_kill()).state.is_certain


def test_a_flipped_bit_in_a_snapshot_is_noticed(written: MemoryDisk) -> None:
    """Wherever it is, and what is readable is kept."""
    content = written.directory[SNAPSHOT].content
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 4
        journal = opened(with_content(written, SNAPSHOT, bytes(flipped)))
        assert not journal.state.is_certain
        assert "voice/中文/x.onnx" in journal.state.files


def test_a_snapshot_can_be_cut_doubled_or_lost(written: MemoryDisk) -> None:
    """The state is not certain then; it is not an empty one that would be believed."""
    content = written.directory[SNAPSHOT].content
    variants = [content[:size_bytes] for size_bytes in range(len(content))]
    variants += [content * 2, content + b"x", content + content[content.index(b"\n") + 1 :]]
    for variant in variants:
        journal = opened(with_content(written, SNAPSHOT, variant))
        assert not journal.state.is_certain
        assert "The snapshot is damaged." in journal.damage
    lost = written.after_kill()
    del lost.directory[SNAPSHOT]
    assert opened(lost).damage == ("There is a log without its snapshot.",)


def test_a_lost_log_is_noticed(written: MemoryDisk) -> None:
    """Its snapshot names it."""
    disk = written.after_kill()
    del disk.directory[log_of(written)]
    assert opened(disk).damage == ("The log of the snapshot is missing.",)


def test_lines_that_are_repeated_or_left_out_are_noticed(written: MemoryDisk) -> None:
    """Two processes have written, or a block was lost."""
    log = log_of(written)
    lines = written.directory[log].content.splitlines(keepends=True)
    for changed in ([*lines, lines[-1]], [*lines[:2], *lines[3:]], [*lines[:2], lines[3], lines[2]], lines[1:]):
        journal = opened(with_content(written, log, b"".join(changed)))
        assert not journal.state.is_certain


def test_a_line_of_another_log_is_not_taken(written: MemoryDisk) -> None:
    """A file system may bring up a block of a file that was removed."""
    log = log_of(written)
    other = MemoryDisk()
    journal = opened(other)
    journal.append(*SCRIPT)
    journal.append(FileKnown(stored=stored("old.bin", 1)))
    lines = other.directory[log_of(other)].content.splitlines(keepends=True)
    content = written.directory[log].content + b"".join(lines[content_lines(written, log) :])
    assert opened(with_content(written, log, content)).state == states_of(SCRIPT)[-1]


def content_lines(disk: MemoryDisk, name: str) -> int:
    return disk.directory[name].content.count(b"\n")


def test_left_over_files_are_removed(written: MemoryDisk) -> None:
    """Of a compaction that was interrupted; what belongs to others stays."""
    disk = written.after_kill()
    for name in (UNFINISHED, f"{LOG_PREFIX}0123", "note.txt"):
        disk.directory[name] = Inode(b"x", b"x")
    assert opened(disk).state == states_of(SCRIPT)[-1]
    assert set(disk.directory) == {SNAPSHOT, log_of(disk), "note.txt"}


@pytest.mark.parametrize("free_bytes", range(0, 700, 13))
def test_a_full_disk_loses_nothing(free_bytes: int) -> None:
    """The entry is refused, the journal goes on when there is space again."""
    disk = MemoryDisk(random=random.Random(free_bytes))  # noqa: S311
    journal = opened(disk)
    journal.append(SCRIPT[0])
    disk.free_bytes = free_bytes
    appended = [SCRIPT[0]]
    with suppress(OutputFailed):
        for entry in SCRIPT[1:]:
            journal.append(entry)
            appended.append(entry)
    assert journal.state == states_of(appended)[-1]
    assert opened(disk.after_kill()).state == journal.state
    disk.free_bytes = 50
    with pytest.raises(OutputFailed, match="No space left"):
        journal.compact()
    disk.free_bytes = 10_000
    journal.append(*SCRIPT[len(appended) :])
    assert opened(disk.after_kill()).state == states_of(SCRIPT)[-1]


@pytest.mark.parametrize("call", ["sync", "rename", "sync_directory"])
def test_after_a_failed_flush_nothing_more_is_taken(call: str) -> None:
    """What is on the disk is not known then; opening it again finds out."""
    disk = MemoryDisk()
    journal = opened(disk)
    journal.append(*SCRIPT[:3])
    disk.fails[call] = OSError(5, "Input/output error")
    change = journal.compact if call != "sync" else partial(journal.append, SCRIPT[3])
    for _ in range(2):
        with pytest.raises(OutputFailed):
            change()
    disk.fails.clear()
    with pytest.raises(OutputFailed, match="takes no more entries: the disk failed"):
        journal.append(SCRIPT[3])
    reopened = opened(disk)
    assert reopened.state in states_of(SCRIPT)[3:5]
    assert reopened.damage == ()


def test_a_compaction_that_fails_meanwhile_is_tried_again(written: MemoryDisk) -> None:
    """Entries are appended to the old log until there is space."""
    disk = written.after_kill()
    journal = opened(disk, compact_after=2)
    disk.fails["create"] = OSError(28, "No space left on device")
    for number in range(5):
        journal.append(FileKnown(stored=stored(f"{number}.bin", number)))
    assert opened(disk.after_kill()).state == journal.state
    disk.fails.clear()
    before = log_of(disk)
    journal.append(*(FileKnown(stored=stored(f"{number}.bin")) for number in range(40)))
    assert log_of(disk) != before
    assert opened(disk.after_kill()).state == journal.state
