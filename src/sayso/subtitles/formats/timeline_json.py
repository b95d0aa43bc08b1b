"""The timeline as JSON: every word with its time and its place in the author's text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from sayso.types import Chapter, Segment, Timeline, Word

Timing: TypeAlias = Literal["exact", "naive"]
"""Where the word times come from: the engine or an aligner, or a length shared out by characters."""

_DECIMALS = 6


def render_json(
    timeline: Timeline, *, text: str, language: str, voice: str, engine: str, timing: Timing = "exact"
) -> str:
    """The timeline as a JSON document, version 1; times in seconds.

    ``text[char_start:char_end]`` is a word as it was written. Offsets count Unicode code points.

    Args:
        timeline: what was said, and when.
        text: the source that the timeline's spans refer to.
        language: BCP 47.
        voice: the voice or voices that spoke.
        engine: the engine that spoke.
        timing: how far the word times can be trusted.
    """
    document = {
        "version": 1,
        "text": text,
        "language": language,
        "voice": voice,
        "engine": engine,
        "timing": timing,
        "sample_rate": timeline.sample_rate_hz,
        "duration": _seconds(timeline, timeline.duration_samples),
        "words": [{"text": word.text, **_times(timeline, word), **_place(word)} for word in timeline.words],
        "segments": [{**_times(timeline, segment), **_place(segment)} for segment in timeline.segments],
        "chapters": [{"title": chapter.title, **_times(timeline, chapter)} for chapter in timeline.chapters],
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


def _times(timeline: Timeline, part: Word | Segment | Chapter) -> dict[str, float]:
    return {
        "start": _seconds(timeline, part.start_sample),
        "end": _seconds(timeline, part.end_sample),
    }


def _place(part: Word | Segment) -> dict[str, int]:
    return {"char_start": part.span.start, "char_end": part.span.end}


def _seconds(timeline: Timeline, sample: int) -> float:
    return round(timeline.seconds(sample), _DECIMALS)
