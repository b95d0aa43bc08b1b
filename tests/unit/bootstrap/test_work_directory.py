"""Workers that could not store the files of running jobs do not start."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from sayso.bootstrap.plan import ProcessPlan, open_process
from sayso.bootstrap.roles import roles_named
from sayso.bootstrap.storages import check_work_directory
from sayso.errors import OutputFailed
from sayso.files import writable_hint
from sayso.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_directory_is_made_and_left_empty(tmp_path: Path) -> None:
    """For its owner only, as everything below SAYSO_DATA."""
    check_work_directory(Settings(data_dir=tmp_path / "data"))
    assert list((tmp_path / "data" / "work").iterdir()) == []
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_stories_do_not_start_where_they_cannot_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The message names the directory and the setting; a file is in the way of root, too."""
    blocked = tmp_path / "data"
    blocked.write_text("a file")
    monkeypatch.setenv("SAYSO_DATA", str(blocked))
    monkeypatch.setenv("QUEUE_URL", "http://127.0.0.1:1/123/stories")
    with pytest.raises(OutputFailed, match=f"Running jobs cannot be stored in {blocked}") as caught:
        open_process(ProcessPlan.load(roles_named(["stories"])))
    assert "SAYSO_DATA" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("code", "words"), [(errno.EACCES, "chown -R"), (errno.EROFS, "read-only"), (errno.ENOSPC, "")]
)
def test_the_hint_fits_the_reason(code: int, words: str, tmp_path: Path) -> None:
    """Another owner helps against missing permission alone."""
    hint = writable_hint(OSError(code, "why"), tmp_path)
    assert words in hint
    assert ("chown" in hint) == (code == errno.EACCES)


def test_the_hint_makes_what_is_missing(tmp_path: Path) -> None:
    """A directory below a volume of another owner has to be made by root, too."""
    below = tmp_path / "below"
    assert f"mkdir -p {below} && chown -R" in writable_hint(PermissionError(errno.EACCES, "why"), below)
