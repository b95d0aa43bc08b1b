"""The words of a transcript placed by the aligner: where they are heard, not where a recognition model guesses them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from sayso.alignment import DOUBTFUL, HeardWord
from sayso.errors import EngineFailed, ModelCorrupt, ModelMissing, NothingToSay, NotInstalled, UnsupportedLanguage
from sayso.scheduling import UNBOUNDED
from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.stt.word_times import WordTime, fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sayso.alignment import AlignedWord, Aligner
    from sayso.scheduling import RequestContext
    from sayso.stt.base import Transcript
    from sayso.stt.recording import Recording
    from sayso.types import Segment, Timeline, Word

_log = structlog.get_logger(__name__)

_NOT_POSSIBLE = (EngineFailed, ModelCorrupt, ModelMissing, NotInstalled, NothingToSay, UnsupportedLanguage)

_FARTHEST_SECONDS = 1.0
"""A doubtful word that is placed farther from where the engine heard it stays with the engine's time."""

_FEWEST_PLACED = 0.8
"""With fewer of the words placed, the times are called estimated."""


def with_placed_words(
    transcript: Transcript,
    recording: Recording,
    aligner: Callable[[], Aligner],
    *,
    context: RequestContext = UNBOUNDED,
) -> Transcript:
    """The transcript with the aligner's times, and with the engine's where the aligner does not find a word.

    Args:
        transcript: of the recording, in the language that is spoken: no translation.
        recording: that was transcribed.
        aligner: opens the aligner.
        context: the request's.

    Returns:
        The transcript as it was, with its own ``timing``, where there is no aligner or none for its language, or where
        the aligner broke, which is logged.

    Raises:
        Cancelled, DeadlineExceeded: as the context says.
    """
    timeline = transcript.timeline
    if not timeline.words:
        return transcript
    # Shares of the length say nothing about where words are.
    heard = None if transcript.timing == "naive" else [_heard(word) for word in timeline.words]
    try:
        found = aligner().align(recording, transcript.text, transcript.language, heard=heard, context=context)
    except _NOT_POSSIBLE as error:
        _log.info("the words of a transcript were not placed", language=transcript.language, error=error.message)
        return transcript
    placed = list(_placed(timeline.words, found.words, trusted=heard is not None))
    share = sum(time is not None for time in placed) / len(placed)
    times = fitted(
        _completed(timeline.words, placed), [len(word.text) for word in timeline.words], timeline.duration_samples
    )
    timing = "aligned" if share >= _FEWEST_PLACED else transcript.timing
    return replace(transcript, timeline=_moved(timeline, times), timing=timing)


def _heard(word: Word) -> HeardWord:
    return HeardWord(word.text, word.start_sample / SAMPLE_RATE_HZ, word.end_sample / SAMPLE_RATE_HZ)


def _placed(words: Sequence[Word], found: Sequence[AlignedWord], *, trusted: bool) -> Iterator[WordTime | None]:
    """The time of each word by the aligner, from its first part that was found to its last; None where none was.

    Args:
        words: of the transcript.
        found: by the aligner, in order; a written word may be several of them.
        trusted: whether the words' own times are near the truth.
    """
    first = 0
    for word in words:
        while first < len(found) and found[first].span.end <= word.span.start:
            first += 1
        last = first
        while last < len(found) and found[last].span.start < word.span.end:
            last += 1
        parts = found[first:last]
        if not parts:
            yield None
            continue
        start, end = parts[0].start_sample, parts[-1].end_sample
        is_far = abs(start - word.start_sample) > _FARTHEST_SECONDS * SAMPLE_RATE_HZ
        doubtful = max(part.confidence for part in parts) < DOUBTFUL
        yield None if trusted and is_far and doubtful else WordTime(start, end)


def _completed(words: Sequence[Word], placed: Sequence[WordTime | None]) -> list[WordTime]:
    """The times, and for words that were not placed their own, as far as the placed words around them leave room."""
    next_start = [0] * len(words)
    upcoming = 1 << 62
    for number in range(len(words) - 1, -1, -1):
        next_start[number] = upcoming
        time = placed[number]
        upcoming = upcoming if time is None else time.start
    completed: list[WordTime] = []
    for number, (word, time) in enumerate(zip(words, placed, strict=True)):
        if time is None:
            earliest = completed[-1].end if completed else 0
            start = min(max(word.start_sample, earliest), max(next_start[number], earliest))
            time = WordTime(start, min(max(word.end_sample, start), max(next_start[number], start)))  # noqa: PLW2901
        completed.append(time)
    return completed


def _moved(timeline: Timeline, times: Sequence[WordTime]) -> Timeline:
    """The timeline with other times, of words and of the segments that hold them."""
    words = tuple(
        replace(word, start_sample=time.start, end_sample=time.end)
        for word, time in zip(timeline.words, times, strict=True)
    )
    return replace(timeline, words=words, segments=tuple(_segments(timeline.segments, words)))


def _segments(segments: Sequence[Segment], words: Sequence[Word]) -> Iterator[Segment]:
    first = 0
    for segment in segments:
        last = first
        while last < len(words) and words[last].span.end <= segment.span.end:
            last += 1
        if last > first:
            yield replace(segment, start_sample=words[first].start_sample, end_sample=words[last - 1].end_sample)
        else:
            yield segment
        first = last
