"""The aligner: a text and a recording in, the words with their times out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from statistics import mean
from typing import TYPE_CHECKING

from sayso.alignment.base import SAMPLE_RATE_HZ, AlignedWords
from sayso.alignment.placing import place, pronounce
from sayso.alignment.run import LEAST_CONFIDENCE, AlignmentRun
from sayso.errors import ModelMissing, UnsupportedLanguage
from sayso.scheduling import UNBOUNDED
from sayso.text import ScriptOptions, variety_of, write_script
from sayso.types import TokenTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sayso.alignment.base import (
        AlignableRecording,
        HeardWord,
        PhonemeModel,
        Progress,
        Pronouncer,
        SecondAligner,
    )
    from sayso.alignment.placing import Pronounced
    from sayso.scheduling import RequestContext
    from sayso.types import FloatArray, Token

    Listen = Callable[[AlignableRecording, str, RequestContext, Progress], Sequence[HeardWord]]

_ENGLISH = "en-us"
"""English without a variety is American, as the models are."""

_SHARE_OF_LISTENING = 0.8
"""How much of the time a transcription takes; the rest is the placing of its words."""

DIRECT_SECONDS = 60.0
"""A recording up to this length is aligned in one piece if the text fits; a longer one needs a transcription."""


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


class Aligner:
    """Places texts on recordings. It may be used from many threads at once; each recording has one.

    Args:
        model: hears the phonemes.
        pronouncer: gives the phonemes of the text.
        second: another aligner, for the languages that it speaks; None for none.
        listen: makes a quick transcription of a recording in a language, for recordings that are long, or that do not
            have the whole text and nothing else, and reports its progress; None where there is no engine for it.
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
        progress: Progress = lambda _done, _total: None,
        context: RequestContext = UNBOUNDED,
    ) -> AlignedWords:
        """Find when each word of a text is spoken.

        Args:
            recording: the audio.
            text: as it was written: numbers, money and dates are read out by the normaliser, and have one time.
            language: of the text (BCP 47).
            heard: the words of a transcription with approximate times, for example those of the transcript that
                ``text`` is; None to have one made if it is necessary.
            progress: called while a long recording is transcribed and placed, also on other threads.
            context: each stretch of some seconds is computed under a compute permit of its own.

        Raises:
            UnsupportedLanguage: there are no phonemes for the language.
            NothingToSay: the text holds nothing that can be spoken.
            EngineFailed, ModelMissing, ModelCorrupt: of the phoneme model, or of the transcription.
            Cancelled, DeadlineExceeded: as the context says.
        """
        tokens = tokens_of(text, language)
        return self.align_tokens(recording, tokens, language, heard=heard, progress=progress, context=context)

    def align_tokens(
        self,
        recording: AlignableRecording,
        tokens: Sequence[Token],
        language: str,
        *,
        heard: Sequence[HeardWord] | None = None,
        progress: Progress = lambda _done, _total: None,
        context: RequestContext = UNBOUNDED,
    ) -> AlignedWords:
        """As `align`, for a text that has been normalised: the spans of its tokens are those of the words."""
        with context.permit():
            words = self._pronounced(tokens, language)
        run = AlignmentRun(self._model, self._second_for(language), recording, words, context)
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
            share = _SHARE_OF_LISTENING
            heard = self._listen(recording, language, context, lambda done, total: progress(share * done, total))
        else:
            share = 0.0
        run.windowed(heard, language, lambda done, total: progress(share * total + (1 - share) * done, total))
        return run.result()

    def align_utterance(
        self, samples: FloatArray, tokens: Sequence[Token], language: str, *, context: RequestContext = UNBOUNDED
    ) -> tuple[TokenTime, ...] | None:
        """The time of each token of an utterance that a voice has spoken, in samples at `SAMPLE_RATE_HZ`.

        Synthetic speech is clean and has exactly the text: the phoneme model alone is best there.

        Args:
            samples: of the utterance.
            tokens: of the utterance, all of them.
            language: of the utterance (BCP 47).
            context: grants the compute permit.

        Returns:
            Times in order, within the samples; None if the sound does not seem to be this utterance.

        Raises:
            UnsupportedLanguage: there are no phonemes for the language.
            EngineFailed, ModelMissing, ModelCorrupt: of the phoneme model.
            Cancelled, DeadlineExceeded: as the context says.
        """
        with context.permit():
            placement = place(samples, self._pronounced(tokens, language), self._model)
        if placement is None or mean(word.confidence for word in placement.words) < LEAST_CONFIDENCE:
            return None
        edges = [round(edge * SAMPLE_RATE_HZ) for word in placement.words for edge in (word.start, word.end)]
        ordered = [min(edge, len(samples)) for edge in accumulate(edges, max)]
        return tuple(
            TokenTime(start_sample=start, end_sample=end)
            for start, end in zip(ordered[::2], ordered[1::2], strict=True)
        )

    @property
    def name(self) -> str:
        """The phoneme model's name."""
        return self._model.name

    def _pronounced(self, tokens: Sequence[Token], language: str) -> list[Pronounced]:
        try:
            return pronounce(tokens, variety_of(language, _ENGLISH), self._pronouncer)
        except UnsupportedLanguage as error:
            raise UnsupportedLanguage(
                f"Words in “{language}” cannot be placed, because there are no phonemes for them: {error.message}",
                hint=error.hint,
            ) from error

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
