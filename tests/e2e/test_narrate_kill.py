"""Killing `sayso narrate` at any moment costs at most the segments in hand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from sayso.audio import decode
from sayso.subtitles import lint, parse_subtitles, style_named
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

# Every sentence is another one: what is alike would be in the cache for that reason alone.
SENTENCES = [f"Keeper number {number} counted {number * 7} gulls and {number + 3} boats." for number in range(1, 15)]
# The lines that may be under way or wait unpublished when the process dies; a line that is spoken is in the cache.
MOST_IN_HAND = 2


def command(document: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "sayso", "narrate", str(document), "--out", str(out), "--json"]


def environment(cache: Path) -> dict[str, str]:
    return os.environ | {"SAYSO_CACHE_DIR": str(cache), "SAYSO_SYNTHESIS_WORKERS": "2"}


def entries(cache: Path) -> int:
    return len(list(cache.rglob("*.entry")))


def kill_after(segments: int, document: Path, out: Path, cache: Path) -> int:
    """Start narrating, kill with SIGKILL when so many segments are cached; how many are then."""
    process = subprocess.Popen(command(document, out), env=environment(cache), stdout=subprocess.PIPE)
    wait_until(lambda: entries(cache) >= segments or process.poll() is not None, seconds=240)
    time.sleep(segments % 7 / 28)  # somewhere within the next segment
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return entries(cache)


def finish(document: Path, out: Path, cache: Path) -> dict[str, Any]:
    done = subprocess.run(command(document, out), env=environment(cache), capture_output=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)["narrations"][0]
    return report


def test_a_killed_narration_resumes(tmp_path: Path) -> None:
    """Killed twice on the way, no file is seen half-written, nothing is spoken twice, and the result is whole."""
    document, out, cache = tmp_path / "gulls.txt", tmp_path / "out", tmp_path / "cache"
    document.write_text("\n\n".join(SENTENCES))

    first = kill_after(3, document, out, cache)
    assert [path for path in out.iterdir() if not path.name.startswith(".")] == []
    second = kill_after(first + 3, document, out, cache)
    assert second >= first + 3
    report = finish(document, out, cache)

    assert report["segments"] == len(SENTENCES)
    assert report["cached_segments"] >= second
    assert second - first <= len(SENTENCES)
    audio = decode(out / "gulls.mp3", sample_rate_hz=24_000)
    words = json.loads((out / "gulls.json").read_text())["words"]
    assert words[-1]["end"] <= audio.duration_seconds
    assert lint(parse_subtitles((out / "gulls.srt").read_text()), style_named("netflix")) == []


def test_an_interrupted_narration_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Ctrl-C ends the command within the segments in hand, with 130, and leaves no file, hidden ones included."""
    document, out, cache = tmp_path / "gulls.txt", tmp_path / "out", tmp_path / "cache"
    document.write_text("\n\n".join(SENTENCES))
    process = subprocess.Popen(
        command(document, out), env=environment(cache), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: entries(cache) >= 2, seconds=240)
    before = entries(cache)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert list(out.iterdir()) == []
    assert entries(cache) <= before + 2 * MOST_IN_HAND
