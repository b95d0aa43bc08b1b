"""Merges the transcripts of a recording's parts into one transcript, as they come in.

Where two parts overlap, the join finds the words that both transcripts have, so that none is lost or doubled.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from sayso.stt.openai.word_alignment import TimedText, timed_segments
from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.stt.transcript import EngineSegment, EngineWord, transcript_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.stt.base import Listener, Progress, SegmentDetails, Task, Transcript
    from sayso.stt.openai.answers import ProviderTranscript
    from sayso.stt.openai.parts import Part, Seam
    from sayso.subtitles import Timing

_UNKNOWN_LANGUAGE = "und"  # BCP 47's own

_SAME_MOMENT_SECONDS = 0.75
"""How far apart two engines' times for one word may be."""


class TranscriptMerger:
    """Takes the parts in order, on one thread.

    Args:
        duration_samples: the length of the recording.
        language: the one that the caller named.
        task: a translation is English.
        listener: called with the text as far as no later part can change it.
        progress: called after each part.
    """

    def __init__(
        self,
        duration_samples: int,
        *,
        language: str | None,
        task: Task,
        listener: Listener | None,
        progress: Progress | None,
    ) -> None:
        self._duration_samples = duration_samples
        self._named_language = language
        self._task = task
        self._listener = listener
        self._progress = progress
        self._seams: Sequence[Seam] = ()
        self._added = 0
        self._final: list[EngineSegment] = []
        self._provisional: list[EngineSegment] = []
        self._emitted = ""
        self._detected_language: str | None = None
        self._languages: list[str] | None = None
        self._timed = True

    def expect(self, seams: Sequence[Seam]) -> None:
        """Announce the seams; there is one part more than seams."""
        self._seams = seams

    def add(self, part: Part, transcript: ProviderTranscript) -> None:
        """Add the transcript of the next part."""
        has_times = bool(transcript.words)
        if transcript.languages is not None:
            self._languages = list(dict.fromkeys([*(self._languages or ()), *transcript.languages]))
        segments = timed_segments(*self._in_recording(part, transcript))
        if segments:
            self._detected_language = self._detected_language or transcript.language
            self._timed = self._timed and has_times
        if self._added:
            seam = self._seams[self._added - 1]
            self._provisional, segments = join(self._provisional, segments, seam, timed=has_times)
        self._final += self._provisional
        self._provisional = segments
        self._added += 1
        self._emit(part.end_sample)

    def transcript(self) -> Transcript:
        """The whole, when every part has been added."""
        made = self._transcript([*self._final, *self._provisional])
        self._report(self._duration_samples)
        return made

    def _in_recording(self, part: Part, transcript: ProviderTranscript) -> tuple[list[TimedText], list[EngineWord]]:
        """The segments and words in the time of the recording, within their part."""
        start, end = part.start_sample / SAMPLE_RATE_HZ, part.end_sample / SAMPLE_RATE_HZ

        def moved(seconds: float) -> float:
            return min(max(start + seconds, start), end)

        segments = [
            TimedText(
                segment.text,
                moved(segment.start_seconds),
                moved(segment.end_seconds),
                self._with_part_number(segment.details),
            )
            for segment in transcript.segments
        ]
        words = [EngineWord(word.text, moved(word.start_seconds), moved(word.end_seconds)) for word in transcript.words]
        return segments, words

    def _with_part_number(self, details: SegmentDetails) -> SegmentDetails:
        """Add the part's number to the speaker's label: the same label in another part may be another speaker."""
        if details.speaker is None or not self._seams:
            return details
        return replace(details, speaker=f"{self._added + 1}{details.speaker}")

    def _emit(self, done_samples: int) -> None:
        if self._added > len(self._seams) or not self._seams[self._added - 1].overlap_samples:
            self._final += self._provisional
            self._provisional = []
        if self._listener is not None:
            text = self._transcript(self._final).text
            if len(text) > len(self._emitted):
                self._listener(text[len(self._emitted) :])
                self._emitted = text
        self._report(done_samples)

    def _report(self, done_samples: int) -> None:
        if self._progress is not None:
            self._progress(done_samples / SAMPLE_RATE_HZ, self._duration_samples / SAMPLE_RATE_HZ)

    def _transcript(self, segments: Sequence[EngineSegment]) -> Transcript:
        language = self._named_language or self._detected_language
        made = transcript_of(
            segments,
            language="en" if self._task == "translate" else language or _UNKNOWN_LANGUAGE,
            language_probability=1.0 if language else 0.0,  # OpenAI gives no probability
            duration_samples=self._duration_samples,
        )
        timing: Timing = "estimated" if self._timed else "naive"
        languages = None if self._languages is None else tuple(self._languages)
        return replace(made, timing=timing, chunks=len(self._seams) + 1, languages=languages)


class _NearbyWord(NamedTuple):
    """A word near a seam: its segment, its position in the segment, and its letters."""

    segment: int
    place: int
    letters: str
    middle_seconds: float


def join(
    before: Sequence[EngineSegment], after: Sequence[EngineSegment], seam: Seam, *, timed: bool
) -> tuple[list[EngineSegment], list[EngineSegment]]:
    """The segments of two neighbouring parts, so that no word near their seam is lost or doubled.

    Args:
        before: of the first part, in the recording's time.
        after: of the second.
        seam: where the parts meet.
        timed: whether the words' times are the engine's, so that words with the same letters at other times are others.
    """
    if not seam.overlap_samples:
        return list(before), list(after)
    cut_seconds = seam.sample / SAMPLE_RATE_HZ
    reach_seconds = seam.overlap_samples / SAMPLE_RATE_HZ * (1 if timed else 4)
    tail = [word for word in _nearby_words(before) if word.middle_seconds >= cut_seconds - reach_seconds]
    head = [word for word in _nearby_words(after) if word.middle_seconds <= cut_seconds + reach_seconds]
    meeting = _meeting(tail, head, cut_seconds, timed=timed)
    if meeting is None:
        return _cut_by_time(before, after, cut_seconds)
    last, first = meeting
    kept_before = [*before[: last.segment], _with_words(before[last.segment], 0, last.place + 1)]
    kept_after = [_with_words(after[first.segment], first.place + 1, None), *after[first.segment + 1 :]]
    return _nonempty(kept_before), _nonempty(kept_after)


def _meeting(
    tail: Sequence[_NearbyWord], head: Sequence[_NearbyWord], cut_seconds: float, *, timed: bool
) -> tuple[_NearbyWord, _NearbyWord] | None:
    """A word of both parts at which to pass from one to the other: in the longest common run, near the cut."""
    matcher = SequenceMatcher(None, [word.letters for word in tail], [word.letters for word in head], autojunk=False)
    best: tuple[tuple[int, float], _NearbyWord, _NearbyWord] | None = None
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            left, right = tail[block.a + step], head[block.b + step]
            if timed and abs(left.middle_seconds - right.middle_seconds) > _SAME_MOMENT_SECONDS:
                continue
            moment = (left.middle_seconds + right.middle_seconds) / 2
            rank = (block.size, -abs(moment - cut_seconds))
            if best is None or rank > best[0]:
                best = (rank, left, right)
    return None if best is None else best[1:]


def _cut_by_time(
    before: Sequence[EngineSegment], after: Sequence[EngineSegment], cut_seconds: float
) -> tuple[list[EngineSegment], list[EngineSegment]]:
    def kept(segments: Sequence[EngineSegment], *, first: bool) -> list[EngineSegment]:
        return _nonempty(
            [
                segment._replace(words=tuple(word for word in segment.words if (_middle(word) < cut_seconds) is first))
                for segment in segments
            ]
        )

    return kept(before, first=True), kept(after, first=False)


def _nearby_words(segments: Sequence[EngineSegment]) -> list[_NearbyWord]:
    """The words that have letters or digits."""
    return [
        _NearbyWord(number, place, letters, _middle(word))
        for number, segment in enumerate(segments)
        for place, word in enumerate(segment.words)
        if (letters := "".join(filter(str.isalnum, word.text.casefold())))
    ]


def _middle(word: EngineWord) -> float:
    return (word.start_seconds + word.end_seconds) / 2


def _with_words(segment: EngineSegment, first: int, last: int | None) -> EngineSegment:
    return segment._replace(words=segment.words[first:last])


def _nonempty(segments: Sequence[EngineSegment]) -> list[EngineSegment]:
    return [segment for segment in segments if segment.words]
