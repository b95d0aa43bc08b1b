"""The examples, narrated by the real engine as `make run` does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sayso.audio import AudioFormat, decode
from sayso.cache import DirectoryCache
from sayso.narration import SUBTITLE_FORMATS, NarrationOptions, narrate, read_document
from sayso.subtitles import STYLES, lint, parse_subtitles, style_named
from sayso.tts.cache import SpeechCache

if TYPE_CHECKING:
    from sayso.tts.kokoro import KokoroEngine

pytestmark = pytest.mark.engine

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> SpeechCache:
    return SpeechCache(DirectoryCache(tmp_path_factory.mktemp("speech"), maximum_bytes=10**9))


@pytest.mark.parametrize(("name", "voice"), [("the-lamp-room", "af_heart"), ("le-phare", "ff_siwis")])
def test_every_style_passes_its_lint(
    tmp_path: Path, kokoro_engine: KokoroEngine, cache: SpeechCache, name: str, voice: str
) -> None:
    """Under every preset our SRT and WebVTT break no rule, every word has a time, and the last ends in the audio."""
    document = read_document(EXAMPLES / f"{name}.md")
    options = NarrationOptions(
        voice=voice, audio=(AudioFormat.MP3,), subtitles=SUBTITLE_FORMATS, style=style_named("netflix")
    )
    for style in STYLES.values():
        narrate(document, kokoro_engine, cache, replace(options, style=style), tmp_path)
        for suffix in ("srt", "vtt"):
            cues = parse_subtitles((tmp_path / f"{name}.{suffix}").read_text())
            assert [str(violation) for violation in lint(cues, style)] == []
    words = json.loads((tmp_path / f"{name}.json").read_text())["words"]
    assert all(word["start"] < word["end"] for word in words)
    assert words[-1]["end"] <= decode(tmp_path / f"{name}.mp3", sample_rate_hz=24_000).duration_seconds
