"""The aligner: a text and a recording in, the words with their times out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sayso.alignment.base import DOUBTFUL, SAMPLE_RATE_HZ, AlignedWord, AlignedWords, Stretch
from sayso.alignment.placing import Placed, place, pronounce
from sayso.alignment.stretches import plan, spoken_words
from sayso.errors import ModelMissing
from sayso.scheduling import UNBOUNDED
from sayso.text import ScriptOptions, write_script
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sayso.alignment.base import (
        AlignableRecording,
        HeardWord,
        PhonemeModel,
        Pronouncer,
        SecondAligner,
    )
    from sayso.alignment.placing import Pronounced
    from sayso.alignment.stretches import Window
    from sayso.scheduling import RequestContext
    from sayso.types import FloatArray, Token

    Listen = Callable[[AlignableRecording, str, RequestContext], Sequence[HeardWord]]

DIRECT_SECONDS = 60.0
"""A recording up to this length is aligned in one piece if the text fits; a longer one needs a transcription."""

_FEWEST_DOUBTFUL = 3
"""So many doubtful words in a row are not spoken; fewer are unclear."""

_LARGEST_DOUBTFUL_SHARE = 0.15
_MARGIN_SAMPLES = SAMPLE_RATE_HZ // 20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class InMemory:
    """Samples in memory as an `AlignableRecording`: mono at `SAMPLE_RATE_HZ`, float32 within ±1."""

    samples: FloatArray

    @property
    def duration_samples(self) -> int:
        """Its length."""
        return len(self.samples)

    def blocks(self, start_sample: int, end_sample: int) -> Iterator[FloatArray]:
        """See `AlignableRecording.blocks`."""
        yield self.samples[start_sample:end_sample]


class _Run:
    """The alignment of one text with one recording, on one thread."""

    def __init__(
        self,
        model: PhonemeModel,
        second: SecondAligner | None,
        recording: AlignableRecording,
        words: Sequence[Pronounced],
        context: RequestContext,
    ) -> None:
        self._model = model
        self._second = second
        self._recording = recording
        self._words = words
        self._context = context
        self._placed: dict[int, Placed] = {}
        self._others: list[tuple[float, float]] = []

    def direct(self) -> None:
        """Place all words on the whole recording."""
        self._place(range(len(self._words)), 0, self._recording.duration_samples)

    def drop_unspoken(self) -> None:
        """Place all words but those that seem not to be spoken on the whole recording."""
        self._drop_unspoken(range(len(self._words)), 0, self._recording.duration_samples)

    @property
    def fits(self) -> bool:
        """Whether the recording has the whole text and nothing else."""
        doubtful = [not self._is_sure(index) for index in range(len(self._words))]
        longest = max((len(list(run)) for is_doubtful, run in groupby(doubtful) if is_doubtful), default=0)
        few = sum(doubtful) <= _LARGEST_DOUBTFUL_SHARE * len(doubtful)
        return few and longest < _FEWEST_DOUBTFUL and not self._others

    def windowed(self, heard: Sequence[HeardWord], language: str) -> None:
        """Place the words in stretches around those that a transcription has, too."""
        self._placed, self._others = {}, []
        with self._context.permit():
            planned = plan(
                [word.token for word in self._words],
                spoken_words(heard, language),
                self._recording.duration_samples / SAMPLE_RATE_HZ,
            )
        for window in planned.windows:
            self._place_window(window)
        self._others += planned.others

    def result(self) -> AlignedWords:
        """What was placed so far."""
        words: list[AlignedWord] = []
        gaps: list[Span] = []
        clock, duration = 0, self._recording.duration_samples
        was_missing = False
        for span, indices in _written(self._words):
            times = [self._placed[index] for index in indices if index in self._placed]
            if not times:
                gaps = _with_gap(gaps, span, joined=was_missing)
                was_missing = True
                continue
            was_missing = False
            start = min(max(round(times[0].start * SAMPLE_RATE_HZ), clock), max(0, duration - 1))
            clock = min(max(round(times[-1].end * SAMPLE_RATE_HZ), start + 1), duration)
            words.append(
                AlignedWord(
                    span=span,
                    start_sample=start,
                    end_sample=clock,
                    confidence=round(sum(time.confidence for time in times) / len(times), 3),
                    method=times[0].method,
                )
            )
        return AlignedWords(
            words=tuple(words),
            gaps=tuple(gaps),
            insertions=tuple(_joined(self._others)),
            duration_samples=duration,
            model=self._model.name,
        )

    def _is_sure(self, index: int) -> bool:
        return index in self._placed and self._placed[index].confidence >= DOUBTFUL

    def _place_window(self, window: Window) -> None:
        start, end = (round(each * SAMPLE_RATE_HZ) for each in (window.start, window.end))
        self._place(window.words, start, end)
        self._drop_unspoken(window.words, start, end, window.doubtful)

    def _drop_unspoken(
        self, indices: Sequence[int], start_sample: int, end_sample: int, not_heard: frozenset[int] = frozenset()
    ) -> None:
        """Place some words again, without those that seem not to be spoken."""
        unspoken = {
            index
            for run in _doubtful_runs(indices, self._is_sure)
            if len(run) >= _FEWEST_DOUBTFUL or not_heard.issuperset(run)
            for index in run
        }
        if unspoken:
            for index in indices:
                self._placed.pop(index, None)
            self._place([index for index in indices if index not in unspoken], start_sample, end_sample)

    def _place(self, indices: Sequence[int], start_sample: int, end_sample: int) -> None:
        """Place some words, all of which are spoken in a part of the recording."""
        if not indices or end_sample <= start_sample:
            return
        samples = np.concatenate(list(self._recording.blocks(start_sample, end_sample)))
        with self._context.permit():
            placement = place(samples, [self._words[index] for index in indices], self._model, self._second)
        if placement is None:
            return
        offset = start_sample / SAMPLE_RATE_HZ
        for index, word in zip(indices, placement.words, strict=True):
            self._placed[index] = word._replace(start=word.start + offset, end=word.end + offset)
        self._others += [(start + offset, end + offset) for start, end in placement.others]


def _written(words: Sequence[Pronounced]) -> Iterator[tuple[Span, list[int]]]:
    """Each written word with the numbers of its tokens: several for a number or an abbreviation."""
    for span, group in groupby(range(len(words)), key=lambda index: words[index].token.span):
        yield span, list(group)


def _with_gap(gaps: list[Span], span: Span, *, joined: bool) -> list[Span]:
    if joined:
        return [*gaps[:-1], Span(start=gaps[-1].start, end=span.end)]
    return [*gaps, span]


def _doubtful_runs(indices: Sequence[int], is_sure: Callable[[int], bool]) -> Iterator[list[int]]:
    for sure, run in groupby(indices, key=is_sure):
        if not sure:
            yield list(run)


def _joined(stretches: Iterable[tuple[float, float]]) -> Iterator[Stretch]:
    """The stretches in order, those that touch as one."""
    joined: list[list[float]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    for start, end in joined:
        yield Stretch(start_sample=round(start * SAMPLE_RATE_HZ), end_sample=round(end * SAMPLE_RATE_HZ))


class Aligner:
    """Places texts on recordings. It may be used from many threads at once; each recording has one.

    Args:
        model: hears the phonemes.
        pronouncer: gives the phonemes of the text.
        second: another aligner, for the languages that it speaks; None for none.
        listen: makes a quick transcription of a recording in a language, for recordings that are long, or that do not
            have the whole text and nothing else; None where there is no engine for it.
    """

    def __init__(
        self,
        model: PhonemeModel,
        pronouncer: Pronouncer,
        *,
        second: SecondAligner | None = None,
        listen: Listen | None = None,
    ) -> None:
        self._model = model
        self._pronouncer = pronouncer
        self._second = second
        self._listen = listen

    def align(
        self,
        recording: AlignableRecording,
        text: str,
        language: str,
        *,
        heard: Sequence[HeardWord] | None = None,
        context: RequestContext = UNBOUNDED,
    ) -> AlignedWords:
        """Find when each word of a text is spoken.

        Args:
            recording: the audio.
            text: as it was written: numbers, money and dates are read out by the normaliser, and have one time.
            language: of the text (BCP 47).
            heard: the words of a transcription with approximate times, for example those of the transcript that
                ``text`` is; None to have one made if it is necessary.
            context: each stretch of some seconds is computed under a compute permit of its own.

        Raises:
            UnsupportedLanguage: there are no phonemes for the language.
            NothingToSay: the text holds nothing that can be spoken.
            EngineFailed, ModelMissing, ModelCorrupt: of the phoneme model, or of the transcription.
            Cancelled, DeadlineExceeded: as the context says.
        """
        tokens = tokens_of(text, language)
        return self.align_tokens(recording, tokens, language, heard=heard, context=context)

    def align_tokens(
        self,
        recording: AlignableRecording,
        tokens: Sequence[Token],
        language: str,
        *,
        heard: Sequence[HeardWord] | None = None,
        context: RequestContext = UNBOUNDED,
    ) -> AlignedWords:
        """As `align`, for a text that has been normalised: the spans of its tokens are those of the words."""
        with context.permit():
            words = pronounce(tokens, language, self._pronouncer)
        run = _Run(self._model, self._second_for(language), recording, words, context)
        duration_seconds = recording.duration_samples / SAMPLE_RATE_HZ
        if heard is None and duration_seconds <= DIRECT_SECONDS:
            run.direct()
            if not run.fits and self._listen is None:
                run.drop_unspoken()
            if run.fits or self._listen is None:
                return run.result()
        if heard is None:
            if self._listen is None:
                raise ModelMissing(
                    f"A recording of more than {DIRECT_SECONDS:g} s needs a transcription for its alignment.",
                    hint="sayso models pull whisper-base",
                )
            heard = self._listen(recording, language, context)
        run.windowed(heard, language)
        return run.result()

    def _second_for(self, language: str) -> SecondAligner | None:
        return self._second if self._second is not None and self._second.speaks(language) else None


def tokens_of(text: str, language: str) -> list[Token]:
    """The words of a text as they are spoken.

    Raises:
        NothingToSay: there is none.
    """
    options = ScriptOptions(
        voice="", language=language, language_of_voice=lambda _: language, markdown=False, directives="off"
    )
    return [token for line in write_script(text, options).lines for token in line.utterance.tokens]
