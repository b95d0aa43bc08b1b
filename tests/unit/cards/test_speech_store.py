"""The store of speech in a directory: a failure is no miss."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from sayso.cards.speech_store import DirectorySpeechStore
from sayso.errors import OutputFailed, ServiceUnavailable

if TYPE_CHECKING:
    from pathlib import Path

KEY = "ab" * 32


def entry_of(directory: Path) -> Path:
    (entry,) = directory.rglob("*.entry")
    return entry


def test_what_was_stored_is_found(tmp_path: Path) -> None:
    store = DirectorySpeechStore(tmp_path / "speech")
    assert store.get(KEY) is None
    store.put(KEY, b"mp3")
    store.put(KEY, b"mp3 again")
    assert DirectorySpeechStore(tmp_path / "speech").get(KEY) == b"mp3 again"
    assert [path.name for path in (tmp_path / "speech" / "ab").iterdir()] == [f"{KEY}.entry"]


def test_a_damaged_entry_is_a_miss_and_is_replaced(tmp_path: Path) -> None:
    store = DirectorySpeechStore(tmp_path / "speech")
    store.put(KEY, b"mp3" * 100)
    entry = entry_of(tmp_path)
    entry.write_bytes(entry.read_bytes()[:-1])
    assert store.get(KEY) is None
    store.put(KEY, b"mp3")
    assert store.get(KEY) == b"mp3"


def test_other_users_cannot_enter_it(tmp_path: Path) -> None:
    """A web server that serves the directory of the files."""
    DirectorySpeechStore(tmp_path / "speech").put(KEY, b"mp3")
    assert stat.S_IMODE((tmp_path / "speech").stat().st_mode) == 0o700
    assert stat.S_IMODE(entry_of(tmp_path).stat().st_mode) == 0o600


def test_an_entry_that_cannot_be_read_is_no_miss(tmp_path: Path) -> None:
    """It would be bought again."""
    store = DirectorySpeechStore(tmp_path / "speech")
    store.put(KEY, b"mp3")
    entry = entry_of(tmp_path)
    entry.unlink()
    entry.mkdir()
    with pytest.raises(ServiceUnavailable, match="cannot be read"):
        store.get(KEY)


def test_an_entry_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "speech").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputFailed):
        DirectorySpeechStore(tmp_path / "speech").put(KEY, b"mp3")
