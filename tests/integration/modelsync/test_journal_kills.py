"""A process that writes the journal is killed; the next one finds everything that was acknowledged."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sayso.modelsync.journal.disk import PosixDisk
from sayso.modelsync.journal.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import sys
from pathlib import Path
from sayso.modelsync.journal.journal import Journal
from sayso.modelsync.journal.disk import PosixDisk
from sayso.modelsync.journal.entries import EventSeen
from sayso.modelsync.journal.values import SeenEvent

with Journal.open(PosixDisk(Path(sys.argv[1])), compact_after=7) as journal:
    number = len(journal.state.seen)
    while True:
        journal.append(EventSeen(event=SeenEvent(key=f"{number}.bin", sequencer="00", at_seconds=4e9)))
        number += 1
        print(number, flush=True)
"""


@pytest.mark.parametrize("runs", [6])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, runs: int) -> None:
    """Through many compactions, and with nothing in between missing."""
    acknowledged = 0
    for run in range(runs):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                acknowledged = int(line)
                if acknowledged % 37 == 6 * run:
                    writer.kill()
                    break
            acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
        with Journal.open(PosixDisk(tmp_path)) as journal:
            count = len(journal.state.seen)
            assert set(journal.state.seen) == {f"{number}.bin" for number in range(count)}
            assert acknowledged <= count <= acknowledged + 1
            assert (journal.damage, journal.state.is_certain) == ((), True)
