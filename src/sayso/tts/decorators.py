"""Engines around an engine: compute permits for each utterance, and speeds beyond a model's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sayso.audio import stretch
from sayso.errors import InvalidInput
from sayso.tts.base import MAXIMUM_MODEL_SPEED, MAXIMUM_SPEED, MINIMUM_MODEL_SPEED, MINIMUM_SPEED, gives_times
from sayso.tts.planned import can_plan, plan_of
from sayso.types import Speech, TokenTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.tts.planned import Cut, PlannedSpeech
    from sayso.types import Utterance, Voice


class EngineDecorator:
    """Delegating base class for engine decorators: all of a `SpeechEngine` but `synthesise`, and the plans.

    The fingerprint is delegated too, so a decorator may change the audio only by what the cache's key holds besides
    the fingerprint, such as the speed.

    Args:
        engine: the engine that is decorated.
    """

    def __init__(self, engine: SpeechEngine) -> None:
        self._engine = engine
        self.name = engine.name
        self.sample_rate_hz = engine.sample_rate_hz
        self.has_times = gives_times(engine)

    @property
    def fingerprint(self) -> str:
        """See `SpeechEngine.fingerprint`."""
        return self._engine.fingerprint

    @property
    def workers(self) -> int:
        """See `SpeechEngine.workers`."""
        return self._engine.workers

    def plans_at(self, speed: float) -> bool:
        """See `PlanningEngine.plans_at`."""
        return can_plan(self._engine, speed=speed)

    def plan(self, utterance: Utterance, *, voice: str, speed: float) -> PlannedSpeech | None:
        """See `PlanningEngine.plan`."""
        return plan_of(self._engine, utterance, voice=voice, speed=speed)

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return self._engine.voices()

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`."""
        return self._engine.language_of(voice)


class ScheduledEngine(EngineDecorator):
    """A `SpeechEngine` for one request: it holds a compute permit of the request while it synthesises an utterance.

    Args:
        engine: computes on the caller's thread.
        context: the request's.
    """

    def __init__(self, engine: SpeechEngine, context: RequestContext) -> None:
        super().__init__(engine)
        self._context = context

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`.

        Raises:
            Cancelled, DeadlineExceeded: as the context says.
        """
        with self._context.permit():
            return self._engine.synthesise(utterance, voice=voice, speed=speed)

    def plan(self, utterance: Utterance, *, voice: str, speed: float) -> PlannedSpeech | None:
        """See `PlanningEngine.plan`; the plan holds a permit, too, while it computes.

        Raises:
            Cancelled, DeadlineExceeded: as the context says.
        """
        with self._context.permit():
            planned = super().plan(utterance, voice=voice, speed=speed)
        return None if planned is None else _ScheduledPlan(planned, self._context)


class _ScheduledPlan:
    """A `PlannedSpeech` for one request."""

    def __init__(self, planned: PlannedSpeech, context: RequestContext) -> None:
        self._planned = planned
        self._context = context
        self.begin, self.cuts, self.end = planned.begin, planned.cuts, planned.end
        self.overlap_samples = planned.overlap_samples

    def synthesise(self, begin: Cut, end: Cut) -> Speech:
        """See `PlannedSpeech.synthesise`.

        Raises:
            Cancelled, DeadlineExceeded: as the context says.
        """
        with self._context.permit():
            return self._planned.synthesise(begin, end)


class StretchingEngine(EngineDecorator):
    """A `SpeechEngine` that takes speeds from `MINIMUM_SPEED` to `MAXIMUM_SPEED`.

    Beyond its own bounds the engine synthesises at the nearer one, and the audio is stretched or compressed in time at
    the same pitch.

    Args:
        engine: the engine.
        slowest: its own lower bound.
        fastest: its own upper bound.
    """

    def __init__(
        self, engine: SpeechEngine, *, slowest: float = MINIMUM_MODEL_SPEED, fastest: float = MAXIMUM_MODEL_SPEED
    ) -> None:
        super().__init__(engine)
        self._slowest, self._fastest = slowest, fastest

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        if not MINIMUM_SPEED <= speed <= MAXIMUM_SPEED:
            raise InvalidInput(f"The speed {speed} is not between {MINIMUM_SPEED} and {MAXIMUM_SPEED}.")
        model_speed = min(max(speed, self._slowest), self._fastest)
        speech = self._engine.synthesise(utterance, voice=voice, speed=model_speed)
        return speech if model_speed == speed else _stretched(speech, speed / model_speed)

    def plans_at(self, speed: float) -> bool:
        """See `PlanningEngine.plans_at`; not beyond the engine's own speeds, since only a whole can be stretched."""
        return self._slowest <= speed <= self._fastest and super().plans_at(speed)


def _stretched(speech: Speech, factor: float) -> Speech:
    """Speech that is ``factor`` times as fast."""
    times = None
    if speech.times is not None:
        times = tuple(
            TokenTime(start_sample=int(time.start_sample / factor), end_sample=int(time.end_sample / factor))
            for time in speech.times
        )
    return replace(speech, audio=stretch(speech.audio, factor), times=times)
