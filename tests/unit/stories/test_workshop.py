"""The directory in which a story is made goes with whoever leaves it last."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sayso.errors import Cancelled, ServiceUnavailable
from sayso.stories.workshop import Workshop, sweep

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_there_until_both_have_left(tmp_path: Path) -> None:
    """A thread that still writes when the story was given up does so in peace; then everything is removed."""
    with Workshop(tmp_path / "work") as workshop:
        thread = workshop.entered()
        directory = thread.__enter__()
    (directory / "late").write_text("still here")
    thread.__exit__(None, None, None)
    assert list((tmp_path / "work").iterdir()) == []


def test_nobody_enters_what_is_gone(tmp_path: Path) -> None:
    """A thread that begins after the story was given up makes nothing."""
    with Workshop(tmp_path) as workshop:
        pass
    with pytest.raises(Cancelled), workshop.entered():
        pass
    assert list(tmp_path.iterdir()) == []


def test_no_room_is_no_fault_of_the_story(tmp_path: Path) -> None:
    """Where no directory can be made, the story may be told elsewhere."""
    (tmp_path / "file").touch()
    with pytest.raises(ServiceUnavailable, match="Cannot work in"):
        Workshop(tmp_path / "file")


def test_what_dead_workers_left_is_swept_away(tmp_path: Path) -> None:
    """Directories that are older than any attempt go; younger ones, and what is somebody else's, stay."""
    for name, age in [("story-old", 100), ("story-new", 1), ("other", 100)]:
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    sweep(tmp_path, older_than_seconds=50, clock=lambda: 1000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "story-new"]
