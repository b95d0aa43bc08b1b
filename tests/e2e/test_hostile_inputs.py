"""What people feed `sayso narrate` by mistake or on purpose: a clear answer, an exit code, and no half-written file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.engine


def sayso(*arguments: str | Path, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"SAYSO_CACHE_DIR": str(cache), "SAYSO_SYNTHESIS_WORKERS": "2"}
    return subprocess.run(
        [sys.executable, "-m", "sayso", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def narrate(tmp_path: Path, content: bytes, *options: str, name: str = "text.txt") -> subprocess.CompletedProcess[str]:
    (tmp_path / name).write_bytes(content)
    return sayso("narrate", tmp_path / name, "--out", tmp_path / "out", *options, cache=tmp_path / "cache")


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "nothing that can be spoken"),
        (b" \n\t\r\n", "nothing that can be spoken"),
        ("🙂🎉👩‍👩‍👧".encode(), "nothing that can be spoken"),
        (b"... !?", "nothing that can be spoken"),
        (b"abc\0def", "character 3 is NUL"),
        (b"\x7fELF\x02\x01\x01\0", "NUL"),
        (bytes(range(128, 256)), "is not UTF-8: byte 0 is 0x80"),
        ("héllo".encode("utf-16"), "is not UTF-8"),
        (b"[pause 5 hours]", "Line 1"),
        (b"[voice:nobody]\nHello.", "nobody"),
    ],
    ids=["empty", "blank", "emoji", "marks", "nul", "binary", "bytes", "utf-16", "bad pause", "bad voice"],
)
def test_what_cannot_be_narrated_is_wrong_use(tmp_path: Path, content: bytes, message: str) -> None:
    """The reason goes to standard error, the exit code is 2, and no file appears."""
    done = narrate(tmp_path, content)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert files(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--voice", "af_hart"], "Did you mean af_heart"),
        (["--voice", "af_heart:x+bm_george"], "af_heart:0.6+bm_george:0.4"),
        (["--speed", "9"], "less than or equal to 4"),
        (["--audio", "mp4"], "mp3, wav, flac"),
        (["--subtitles", "sub"], "srt, vtt, ass, ttml, json"),
        (["--style", "disney"], "netflix"),
        (["--loudness", "loud"], "off"),
        (["--engine", "flite"], "kokoro, piper"),
        (["--lexicon", "/does/not/exist"], "/does/not/exist"),
        (["--language", "tlh"], "tlh"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_wrong_options_say_what_is_right(tmp_path: Path, options: Sequence[str], message: str) -> None:
    """Each wrong value is answered with the values there are, before anything is spoken."""
    done = narrate(tmp_path, b"Hello.", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert files(tmp_path / "out") == []


ODD_TEXTS = {
    "one word": ("x" * 130, 3),
    "no punctuation": ("no punctuation at all just words that go on " * 7, 63),
    "scripts": ("Hello 世界 привет مرحبا שלום नमस्ते.", 7),
    "directions": ("\u202eright to left\u202c and \u200bzero\u200b width", 6),
    "marks": ("Zalgo: h\u0300\u0301\u0302\u0303e\u0304\u0305llo", 2),
    "digits": ("1" * 40, 1),
    "controls": ("a\x01b \x07 bell", 2),
}
"""Texts, and how many words each has at least."""


@pytest.fixture(scope="module")
def odd_narrations(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """All the odd texts, narrated by one command, and where its files are."""
    directory = tmp_path_factory.mktemp("odd")
    for name, (text, _) in ODD_TEXTS.items():
        (directory / f"{name}.txt").write_text(text, encoding="utf-8")
    texts, out = sorted(directory.iterdir()), directory / "out"
    options = ("--audio", "wav", "--subtitles", "json,srt")
    return sayso("narrate", *texts, "--out", out, *options, cache=directory / "cache"), out


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_odd_text_is_spoken_to_its_end(
    odd_narrations: tuple[subprocess.CompletedProcess[str], Path], name: str
) -> None:
    """Every letter and digit of the source lies in a word with a time; nothing is cut off."""
    done, out = odd_narrations
    assert done.returncode == 0, done.stderr
    text, words = ODD_TEXTS[name]
    timeline = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    assert len(timeline["words"]) >= words
    covered = {place for word in timeline["words"] for place in range(word["char_start"], word["char_end"])}
    assert [character for place, character in enumerate(text) if character.isalnum() and place not in covered] == []
    assert all(word["start"] <= word["end"] <= timeline["duration"] for word in timeline["words"])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110 - before any fixture
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """A subtitle file on a full disk fails with its name and the reason, and exit code 1."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "text.srt").symlink_to("/dev/full")
    done = narrate(tmp_path, b"Hello.", "--audio", "none", "--subtitles", "srt")
    assert done.returncode == 1
    assert "text.srt: No space left on device" in done.stderr


def test_a_place_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    """An output directory that is a file fails at once, with exit code 1."""
    (tmp_path / "out").write_text("a file")
    done = narrate(tmp_path, b"Hello.")
    assert done.returncode == 1
    assert "Cannot write in" in done.stderr


def test_missing_models_are_said_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without models the command that gets them is printed."""
    monkeypatch.setenv("MODELS_BASE_PATH", str(tmp_path / "none"))
    done = narrate(tmp_path, b"Hello.")
    assert done.returncode == 1
    assert "sayso models pull" in done.stderr


def test_sound_flows_into_a_pipe(tmp_path: Path) -> None:
    """`sayso say -o -` writes WAV and nothing else to standard output."""
    environment = os.environ | {"SAYSO_CACHE_DIR": str(tmp_path), "SAYSO_SYNTHESIS_WORKERS": "2"}
    command = [sys.executable, "-m", "sayso", "say", "-", "-o", "-"]
    done = subprocess.run(command, input=b"Good morning.", env=environment, capture_output=True, check=True)
    assert done.stdout[:4] == b"RIFF"
    assert len(done.stdout) > 24_000
