"""Word times for engines that give none: an aligner finds the words in their sound."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sayso.alignment import SAMPLE_RATE_HZ
from sayso.audio import resample
from sayso.errors import UnsupportedLanguage
from sayso.tts.decorators import EngineDecorator
from sayso.types import TokenTime

if TYPE_CHECKING:
    from sayso.alignment import Aligner
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.types import Speech, Utterance

REVISION = 2
"""Raised whenever the aligner gives other times for the same sound."""


class AligningEngine(EngineDecorator):
    """A `SpeechEngine` whose speech has the times of an aligner where the engine gives none.

    Speech in which the aligner does not find the text stays without times.

    Args:
        engine: synthesises.
        aligner: finds the words.
        context: the request's.
    """

    def __init__(self, engine: SpeechEngine, aligner: Aligner, context: RequestContext) -> None:
        super().__init__(engine)
        self.has_times = True
        self._aligner = aligner
        self._context = context

    @property
    def fingerprint(self) -> str:
        """The engine's, and the aligner's: the cache keeps the times with the sound."""
        return f"{self._engine.fingerprint} aligned r{REVISION} {self._aligner.name}"

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`.

        Raises:
            EngineFailed, ModelCorrupt: of the aligner.
            Cancelled, DeadlineExceeded: as the context says.
        """
        speech = self._engine.synthesise(utterance, voice=voice, speed=speed)
        if speech.times is not None:
            return speech
        samples = resample(speech.audio, SAMPLE_RATE_HZ).samples
        try:
            found = self._aligner.align_utterance(samples, utterance.tokens, utterance.language, context=self._context)
        except UnsupportedLanguage:  # the engine speaks more languages than there are phonemes for
            return speech
        if found is None:
            return speech
        scale, size = speech.audio.sample_rate_hz / SAMPLE_RATE_HZ, speech.audio.samples.size
        times = tuple(
            TokenTime(
                start_sample=min(round(time.start_sample * scale), size),
                end_sample=min(round(time.end_sample * scale), size),
            )
            for time in found
        )
        return replace(speech, times=times, is_aligned=True)
