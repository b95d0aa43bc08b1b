"""What was heard in the parts of a recording, gathered into one transcript as the parts come in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sayso.stt.base import SAMPLE_RATE_HZ, SegmentDetails
from sayso.stt.openai.parts import join
from sayso.stt.transcript import EngineSegment, EngineWord, transcript_of
from sayso.stt.word_alignment import AlignedSegment, timed_segments

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
        listener: told the text as far as no later part can change it.
        progress: told of each part.
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
        self._named = language
        self._task = task
        self._listener = listener
        self._progress = progress
        self._seams: Sequence[Seam] = ()
        self._added = 0
        self._settled: list[EngineSegment] = []
        self._latest: list[EngineSegment] = []
        self._told = ""
        self._heard_language: str | None = None
        self._timed = True

    def expect(self, seams: Sequence[Seam]) -> None:
        """There will be one part more than there are seams."""
        self._seams = seams

    def add(self, part: Part, heard: ProviderTranscript) -> None:
        """The next part, with what was heard in it."""
        has_times = bool(heard.words)
        segments = timed_segments(*self._placed(part, heard))
        if segments:
            self._heard_language = self._heard_language or heard.language
            self._timed = self._timed and has_times
        if self._added:
            seam = self._seams[self._added - 1]
            self._latest, segments = join(self._latest, segments, seam, timed=has_times)
        self._settled += self._latest
        self._latest = segments
        self._added += 1
        self._tell(part.end_sample)

    def transcript(self) -> Transcript:
        """The whole, when every part has been added."""
        made = self._transcript([*self._settled, *self._latest])
        self._report(self._duration_samples)
        return made

    def _placed(self, part: Part, heard: ProviderTranscript) -> tuple[list[AlignedSegment], list[EngineWord]]:
        """What was heard, in the time of the recording and within its part."""
        start, end = part.start_sample / SAMPLE_RATE_HZ, part.end_sample / SAMPLE_RATE_HZ

        def moved(seconds: float) -> float:
            return min(max(start + seconds, start), end)

        segments = [
            AlignedSegment(
                segment.text,
                moved(segment.start_seconds),
                moved(segment.end_seconds),
                self._named_apart(segment.details),
            )
            for segment in heard.segments
        ]
        words = [EngineWord(word.text, moved(word.start_seconds), moved(word.end_seconds)) for word in heard.words]
        return segments, words

    def _named_apart(self, details: SegmentDetails) -> SegmentDetails:
        """Speakers of different parts are not known to be the same."""
        if details.speaker is None or not self._seams:
            return details
        return replace(details, speaker=f"{self._added + 1}{details.speaker}")

    def _tell(self, done_samples: int) -> None:
        if self._added > len(self._seams) or not self._seams[self._added - 1].overlap_samples:
            self._settled += self._latest
            self._latest = []
        if self._listener is not None:
            text = self._transcript(self._settled).text
            if len(text) > len(self._told):
                self._listener(text[len(self._told) :])
                self._told = text
        self._report(done_samples)

    def _report(self, done_samples: int) -> None:
        if self._progress is not None:
            self._progress(done_samples / SAMPLE_RATE_HZ, self._duration_samples / SAMPLE_RATE_HZ)

    def _transcript(self, segments: Sequence[EngineSegment]) -> Transcript:
        language = self._named or self._heard_language
        made = transcript_of(
            segments,
            language="en" if self._task == "translate" else language or _UNKNOWN_LANGUAGE,
            language_probability=1.0 if language else 0.0,  # OpenAI does not say how sure it is of what it tells
            duration_samples=self._duration_samples,
        )
        timing: Timing = "exact" if self._timed else "naive"
        return replace(made, timing=timing, chunks=len(self._seams) + 1)
