"""A fake engine that plans, for tests of streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.testing import FakeSpeechEngine
from sayso.tts.planned import Cut
from sayso.types import Audio, Boundary, Speech, TokenTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.tts.planned import PlannedSpeech
    from sayso.types import Utterance


class PlanningFakeEngine(FakeSpeechEngine):
    """See `PlanningEngine`; its utterances can be cut between any two words.

    Args:
        on_made: called with the seconds of each piece or whole utterance that is made, before it is given.
        workers: as `FakeSpeechEngine` has it.

    Attributes:
        made: what was made, in that order: the seconds, and whether it was a piece.
    """

    def __init__(self, on_made: Callable[[float], object] = lambda _: None, *, workers: int = 1) -> None:
        super().__init__(workers=workers)
        self._on_made = on_made
        self.made: list[tuple[float, bool]] = []

    def plans_at(self, _speed: float) -> bool:
        """See `PlanningEngine.plans_at`."""
        return True

    def plan(self, utterance: Utterance, *, voice: str, speed: float) -> PlannedSpeech | None:
        """See `PlanningEngine.plan`."""
        return _Plan(self, utterance, super().synthesise(utterance, voice=voice, speed=speed))

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        speech = super().synthesise(utterance, voice=voice, speed=speed)
        self.give(speech.audio.duration_seconds, is_piece=False)
        return speech

    def give(self, seconds: float, *, is_piece: bool) -> None:
        """Note that something was made."""
        self.made.append((seconds, is_piece))
        self._on_made(seconds)


class _Plan:
    """See `PlannedSpeech`."""

    overlap_samples = 240

    def __init__(self, engine: PlanningFakeEngine, utterance: Utterance, speech: Speech) -> None:
        assert speech.times is not None
        tokens, self._times = utterance.tokens, speech.times
        self._engine, self._audio = engine, speech.audio
        self.begin = Cut(token=0, sample=self._times[0].start_sample, boundary=Boundary.SENTENCE, level_db=-90)
        self.end = Cut(token=len(tokens), sample=self._times[-1].end_sample, boundary=Boundary.SENTENCE, level_db=-90)
        self.cuts = tuple(
            Cut(
                token=index,
                sample=self._times[index].start_sample,
                boundary=tokens[index - 1].boundary,
                level_db=-80 if tokens[index - 1].boundary else -30,
            )
            for index in range(1, len(tokens))
            if tokens[index].span != tokens[index - 1].span
        )

    def synthesise(self, begin: Cut, end: Cut) -> Speech:
        """See `PlannedSpeech.synthesise`."""
        half, size = self.overlap_samples // 2, self._audio.samples.size
        start = 0 if begin is self.begin else begin.sample - half
        stop = size if end is self.end else end.sample + half
        self._engine.give((stop - start) / self._audio.sample_rate_hz, is_piece=True)
        times = tuple(
            TokenTime(start_sample=time.start_sample - start, end_sample=min(time.end_sample, stop) - start)
            for time in self._times[begin.token : end.token]
        )
        samples = self._audio.samples[start:stop]
        return Speech(audio=Audio(samples=samples, sample_rate_hz=self._audio.sample_rate_hz), times=times)
