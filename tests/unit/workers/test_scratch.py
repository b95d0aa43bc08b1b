"""The scratch directory of a job does not outlive the job."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sayso.errors import Cancelled, ServiceUnavailable
from sayso.workers.scratch import ScratchDirectory, remove_stale

if TYPE_CHECKING:
    from pathlib import Path


def test_it_goes_with_whoever_opened_it(tmp_path: Path) -> None:
    """A process may end before the thread that still writes: what it made is removed at once."""
    with ScratchDirectory(tmp_path / "work") as workshop:
        thread = workshop.entered()
        (thread.__enter__() / "early").write_text("nobody wants it")
    assert list((tmp_path / "work").iterdir()) == []
    thread.__exit__(None, None, None)


def test_other_users_can_neither_enter_it_nor_lock_it(tmp_path: Path) -> None:
    """Whatever the umask is."""
    before = os.umask(0)
    try:
        workshop = ScratchDirectory(tmp_path / "work")
    finally:
        os.umask(before)
    with workshop:
        for path in (tmp_path / "work").rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path.name


def test_what_a_thread_makes_late_goes_with_the_thread(tmp_path: Path) -> None:
    """A thread that makes the directory anew when the job was given up leaves nothing either."""
    with ScratchDirectory(tmp_path / "work") as workshop:
        thread = workshop.entered()
        directory = thread.__enter__()
    directory.mkdir()
    (directory / "late").write_text("nobody wants it")
    thread.__exit__(None, None, None)
    assert list((tmp_path / "work").iterdir()) == []


def test_nobody_enters_what_is_gone(tmp_path: Path) -> None:
    """A thread that begins after the job was given up makes nothing."""
    with ScratchDirectory(tmp_path) as workshop:
        pass
    with pytest.raises(Cancelled), workshop.entered():
        pass
    assert list(tmp_path.iterdir()) == []


def test_no_room_is_no_fault_of_the_job(tmp_path: Path) -> None:
    """Where no directory can be made, another machine may do the job."""
    (tmp_path / "file").touch()
    with pytest.raises(ServiceUnavailable, match="Cannot work in"):
        ScratchDirectory(tmp_path / "file")


def test_what_dead_workers_left_is_swept_away(tmp_path: Path) -> None:
    """Directories that are older than any attempt go; younger ones, and what is somebody else's, stay."""
    for name, age in [("story-old", 100), ("story-new", 1), ("other", 100)]:
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    remove_stale(tmp_path, kind="story", older_than_seconds=50, clock=lambda: 1000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "story-new"]


def test_what_a_killed_worker_left_goes_at_once(tmp_path: Path) -> None:
    """Its lock went with its process: nobody waits until no attempt could last any more. A living one's stays."""
    program = f"""
import os, pathlib, signal
from sayso.workers.scratch import ScratchDirectory
scratch = ScratchDirectory(pathlib.Path({str(tmp_path)!r}))
(scratch.directory / "story.mp3").write_bytes(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    (dead,) = tmp_path.iterdir()
    with ScratchDirectory(tmp_path) as living:
        remove_stale(tmp_path, older_than_seconds=3600, clock=lambda: time.time() + 60)
        assert list(tmp_path.iterdir()) == [living.directory]
    assert not dead.exists()
