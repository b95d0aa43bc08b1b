"""`sayso narrate` that finds everything done does nothing, and is not mistaken about it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from sayso import narration
from sayso.narration import narrate as narrate_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.command_line import RunSayso


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.md"
    path.write_text("# A story\n\nIt was late. Nobody came.\n")
    return path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the documents that were narrated, not found finished."""
    names: list[str] = []

    def narrate(document: Any, *arguments: Any, **more: Any) -> Any:
        names.append(document.name)
        return narrate_document(document, *arguments, **more)

    monkeypatch.setattr(narration, "narrate", narrate)
    return names


def test_a_finished_narration_is_reported_and_not_made_again(
    sayso: RunSayso, story: Path, tmp_path: Path, made: list[str]
) -> None:
    """The report is that of the first time, but for what came from the cache."""
    out = tmp_path / "out"
    (first,) = json.loads(sayso("narrate", story, "--out", out, "--json").out)["narrations"]
    before = {path: path.read_bytes() for path in out.iterdir()}
    for path in before:
        os.utime(path, (1e9, 1e9))
    (second,) = json.loads(sayso("narrate", story, "--out", out, "--json").out)["narrations"]
    assert made == ["story"]
    assert second["cached_segments"] == first["segments"]
    unlike = {"cached_segments": 0, "elapsed_seconds": 0}
    assert {**second, **unlike} == {**first, **unlike}
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    assert all(path.stat().st_mtime > 1e9 for path in before)
    result = sayso("narrate", story, "--out", out)
    assert "finished already" in result.out
    assert all(str(path) in result.out for path in before)


def _edit(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda at: _edit(at / "story.md", "It was late. Nobody came at all."),
        lambda at: _edit(at / "story.md", "# A story\r\n\r\nIt was late. Nobody came.\r\n"),
        lambda at: (at / "out" / "story.mp3").unlink(),
        lambda at: _edit(at / "out" / "story.srt", "1"),
        lambda at: _edit(at / "words.txt", "late = early\n"),
        lambda at: _edit(at / "models" / "kokoro-voices" / "af_new.bin", "a voice"),
        lambda at: next((at / "cache").glob("*/*.entry")).write_bytes(b"damaged") and None,
    ],
    ids=["text", "line ends", "file removed", "file changed", "lexicon", "model", "one damaged entry"],
)
def test_what_changed_is_made_again(
    sayso: RunSayso, story: Path, tmp_path: Path, made: list[str], change: Callable[[Path], None]
) -> None:
    """And what was made is right: the same as without any cache."""
    (tmp_path / "words.txt").write_text("late = tardy\n")
    options = ("--lexicon", tmp_path / "words.txt", "--audio", "mp3")
    sayso("narrate", story, "--out", tmp_path / "out", *options)
    change(tmp_path)
    assert sayso("narrate", story, "--out", tmp_path / "out", *options).code == 0
    assert sayso("narrate", story, "--out", tmp_path / "fresh", *options, "--no-cache").code == 0
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "fresh").iterdir()}
    assert len(made) >= 2


@pytest.mark.parametrize(
    "options",
    [
        ("--speed", "1.1"), ("--style", "kids"), ("--language", "en-gb"), ("--audio", "wav"), ("--subtitles", "srt"),
        ("--loudness", "-20"), ("--emoji", "name"), ("--citations", "drop"), ("--keep-speed",), ("--engine", "fake"),
        ("--no-cache",),
    ],
    ids=lambda options: options[0],
)  # fmt: skip
def test_every_option_counts(
    sayso: RunSayso, story: Path, tmp_path: Path, made: list[str], options: tuple[str, ...]
) -> None:
    """Another option is another narration."""
    sayso("narrate", story, "--out", tmp_path / "out")
    assert sayso("narrate", story, "--out", tmp_path / "out", *options).code == 0
    assert made == ["story", "story"]


def test_another_directory_and_another_suffix_are_others(
    sayso: RunSayso, story: Path, tmp_path: Path, made: list[str]
) -> None:
    """Files that are not there are made; a text that is not Markdown is read otherwise."""
    sayso("narrate", story, "--out", tmp_path / "out")
    sayso("narrate", story, "--out", tmp_path / "other")
    plain = story.rename(tmp_path / "story.txt")
    sayso("narrate", plain, "--out", tmp_path / "out")
    assert made == ["story"] * 3


def test_a_mistake_is_found_although_other_files_are_finished(
    sayso: RunSayso, story: Path, tmp_path: Path, made: list[str]
) -> None:
    """Two files of one name are refused, and so is one that is missing, or no text."""
    sayso("narrate", story, "--out", tmp_path / "out")
    (tmp_path / "b").mkdir()
    other = tmp_path / "b" / "story.md"
    other.write_bytes(story.read_bytes())
    (tmp_path / "noise.txt").write_bytes(b"\xff\x00")
    for wrong in (other, tmp_path / "missing.md", tmp_path / "noise.txt"):
        assert sayso("narrate", story, wrong, "--out", tmp_path / "out").code == 2
    assert made == ["story"]


def test_a_text_that_changes_while_it_is_narrated_is_not_mistaken(
    sayso: RunSayso, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered is the narration of the text that was read."""

    def narrate(*arguments: Any, **more: Any) -> Any:
        story.write_text("Another text by now.")
        return narrate_document(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(narration, "narrate", narrate)
        sayso("narrate", story, "--out", tmp_path / "out")
    before = (tmp_path / "out" / "story.srt").read_text()
    sayso("narrate", story, "--out", tmp_path / "out")
    assert "Another text" not in before
    assert "Another text" in (tmp_path / "out" / "story.srt").read_text()
