"""The examples, narrated as `make run` does: whole by the engine that needs no model, and in part by Kokoro."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from sayso.audio import AudioFormat, decode
from sayso.cache import DirectoryCache
from sayso.narration import SUBTITLE_FORMATS, NarrationSpec, narrate, read_document
from sayso.subtitles import StyleName, lint, parse_subtitles, style_named
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache

if TYPE_CHECKING:
    from sayso.narration import Document
    from sayso.tts.base import SpeechEngine
    from sayso.tts.engines.kokoro import KokoroEngine

EXAMPLES = Path(__file__).parents[2] / "examples"


def assert_every_style_passes(document: Document, engine: SpeechEngine, voice: str, directory: Path) -> None:
    cache = SpeechCache(DirectoryCache(directory / "speech", maximum_bytes=10**9))
    options = NarrationSpec(voice=voice, audio=(AudioFormat.MP3,), subtitles=SUBTITLE_FORMATS, style="netflix")
    for style in get_args(StyleName):
        narrate(document, engine, cache, replace(options, style=style), directory)
        for suffix in ("srt", "vtt"):
            cues = parse_subtitles((directory / f"{document.name}.{suffix}").read_text())
            assert [str(violation) for violation in lint(cues, style_named(style))] == []
    words = json.loads((directory / f"{document.name}.json").read_text())["words"]
    assert all(word["start"] < word["end"] for word in words)
    audio = decode(directory / f"{document.name}.mp3", sample_rate_hz=engine.sample_rate_hz)
    assert words[-1]["end"] <= audio.duration_seconds


@pytest.mark.parametrize(("name", "voice"), [("the-lamp-room", "fake_en"), ("le-phare", "fake_fr")])
def test_every_style_passes_its_lint(tmp_path: Path, name: str, voice: str) -> None:
    """Under every preset our SRT and WebVTT break no rule, every word has a time, and the last ends in the audio."""
    assert_every_style_passes(read_document(EXAMPLES / f"{name}.md"), FakeSpeechEngine(), voice, tmp_path)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("name", "voice", "heading"),
    [("the-lamp-room", "af_heart", "## A Pot of Coffee"), ("le-phare", "ff_siwis", "## Le bateau")],
)
def test_every_style_passes_its_lint_at_real_speed(
    tmp_path: Path, kokoro_engine: KokoroEngine, name: str, voice: str, heading: str
) -> None:
    """The same of a heading and three paragraphs with a real voice, which is too fast for some presets' readers."""
    document = read_document(EXAMPLES / f"{name}.md")
    paragraphs = document.text[document.text.index(heading) :].split("\n\n")[:4]
    assert_every_style_passes(replace(document, text="\n\n".join(paragraphs)), kokoro_engine, voice, tmp_path)
