"""What the chaos run counts as a second writing of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaos.renames import Renames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="inotify is Linux's")


def put(directory: Path, content: str) -> Path:
    """Write a file as workers do: under a hidden name, then renamed."""
    hidden = directory / ".hidden"
    hidden.write_text(content)
    return hidden.rename(directory / "story.mp3")


class Overtaken(type(Path())):  # type: ignore[misc]
    """A directory in which something happens after it is watched and before it is listed."""

    meanwhile: Callable[[Path], object]

    def iterdir(self) -> Iterator[Path]:
        self.meanwhile(Path(self))
        return iter(list(Path(self).iterdir()))


def counted(tmp_path: Path, meanwhile: Callable[[Path], object], *, before: int = 0, after: int = 0) -> int:
    """How often the file counts that was put so often before the watch, after the listing, and in between."""
    for turn in range(before):
        put(tmp_path, f"before {turn}")
    root = Overtaken(tmp_path)
    root.meanwhile = meanwhile
    with Renames(root) as renames:
        for turn in range(after):
            put(tmp_path, f"after {turn}")
    return renames.counts[tmp_path / "story.mp3"]


def test_a_rename_between_the_watch_and_the_listing_counts_once(tmp_path: Path) -> None:
    """A file that is listed, and whose rename is then reported too, was written once."""
    assert counted(tmp_path, lambda directory: put(directory, "once")) == 1


def test_each_rename_counts_wherever_it_falls(tmp_path: Path) -> None:
    """A second writing counts, whether it is before, within or after the beginning of the watch."""
    for number, (before, within, after) in enumerate(
        [(0, 0, 2), (0, 1, 1), (1, 1, 0), (1, 0, 1), (0, 2, 0), (1, 1, 1)]
    ):
        directory = tmp_path / str(number)
        directory.mkdir()

        def meanwhile(place: Path, times: int = within) -> None:
            for turn in range(times):
                put(place, f"within {turn}")

        assert counted(directory, meanwhile, before=before, after=after) == before + within + after


def test_what_was_there_before_the_watch_counts_once(tmp_path: Path) -> None:
    """A file of a directory that was made and filled before anybody could watch it is known."""
    assert counted(tmp_path, lambda _: None, before=1) == 1


def test_a_directory_that_is_gone_again_stops_nobody(tmp_path: Path) -> None:
    """Others go on being watched when one was removed before it could be watched."""

    def meanwhile(directory: Path) -> None:
        (directory / "short-lived").mkdir()
        (directory / "short-lived").rmdir()

    assert counted(tmp_path, meanwhile, after=1) == 1
