"""Merges the transcripts of a recording's parts into one transcript, as they come in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sayso.stt.base import SAMPLE_RATE_HZ, SegmentDetails
from sayso.stt.openai.parts import join
from sayso.stt.openai.word_alignment import TimedText, timed_segments
from sayso.stt.transcript import EngineSegment, EngineWord, transcript_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.stt.base import Listener, Progress, Task, Transcript
    from sayso.stt.openai.answers import ProviderTranscript
    from sayso.stt.openai.parts import Part, Seam
    from sayso.subtitles import Timing

_UNKNOWN_LANGUAGE = "und"  # BCP 47's own


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
        self._timed = True

    def expect(self, seams: Sequence[Seam]) -> None:
        """Announce the seams; there is one part more than seams."""
        self._seams = seams

    def add(self, part: Part, transcript: ProviderTranscript) -> None:
        """Add the transcript of the next part."""
        has_times = bool(transcript.words)
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
        timing: Timing = "exact" if self._timed else "naive"
        return replace(made, timing=timing, chunks=len(self._seams) + 1)
