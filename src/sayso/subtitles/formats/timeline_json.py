"""The timeline as JSON: every word with its time and its place in the author's text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.types import Chapter, Segment, Timeline, Word

Timing: TypeAlias = Literal["exact", "aligned", "estimated", "naive"]
"""The origin of the word times.

``exact``: the engine that made the sound. ``aligned``: an aligner found the words in the sound. ``estimated``: what a
recognition model says of its own words, a tenth of a second off. ``naive``: a share of the length by characters.
"""

_WEAKER = ("exact", "aligned", "estimated", "naive")
_DECIMALS = 6


def weaker_timing(first: Timing, second: Timing) -> Timing:
    """The origin of times of which some have the one and some the other."""
    return max(first, second, key=_WEAKER.index)


def render_json(
    timeline: Timeline, *, text: str, language: str, voice: str, engine: str, timing: Timing = "exact"
) -> str:
    """The timeline as a JSON document, version 1; times in seconds.

    ``text[char_start:char_end]`` is a word as it was written. Offsets count Unicode code points.

    Args:
        timeline: of the audio.
        text: the source that the timeline's spans refer to.
        language: BCP 47.
        voice: the voice or voices.
        engine: the engine that synthesised the audio.
        timing: the origin of the word times.
    """
    document = timeline_document(timeline, text=text, language=language, voice=voice, engine=engine, timing=timing)
    return json.dumps(document, ensure_ascii=False) + "\n"


def timeline_document(
    timeline: Timeline, *, text: str, language: str, voice: str, engine: str, timing: Timing = "exact"
) -> dict[str, Any]:
    """The content of `render_json`, for more fields to be added."""
    rate = timeline.sample_rate_hz
    return {
        "version": 1,
        "text": text,
        "language": language,
        "voice": voice,
        "engine": engine,
        "timing": timing,
        "sample_rate": rate,
        "duration": _seconds(timeline.duration_samples, rate),
        "words": words_json(timeline.words, rate),
        "segments": [{**_times(segment, rate), **_place(segment)} for segment in timeline.segments],
        "chapters": [{"title": chapter.title, **_times(chapter, rate)} for chapter in timeline.chapters],
    }


def words_json(words: Iterable[Word], sample_rate_hz: int) -> list[dict[str, Any]]:
    """The words of a timeline in its JSON form."""
    return [{"text": word.text, **_times(word, sample_rate_hz), **_place(word)} for word in words]


def _times(part: Word | Segment | Chapter, rate: int) -> dict[str, float]:
    return {"start": _seconds(part.start_sample, rate), "end": _seconds(part.end_sample, rate)}


def _place(part: Word | Segment) -> dict[str, int]:
    return {"char_start": part.span.start, "char_end": part.span.end}


def _seconds(sample: int, rate: int) -> float:
    return round(sample / rate, _DECIMALS)
