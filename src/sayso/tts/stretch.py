"""Speech faster or slower than a model can: it speaks at its own limit, and the sound is stretched for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.audio import stretch
from sayso.errors import InvalidInput
from sayso.tts.base import MAXIMUM_MODEL_SPEED, MAXIMUM_SPEED, MINIMUM_MODEL_SPEED, MINIMUM_SPEED
from sayso.tts.wrapper import EngineWrapper
from sayso.types import Speech, TokenTime

if TYPE_CHECKING:
    from sayso.types import Utterance


class StretchingEngine(EngineWrapper):
    """A `SpeechEngine` that takes speeds from `MINIMUM_SPEED` to `MAXIMUM_SPEED`; see the module.

    Args:
        engine: who speaks, at speeds from `MINIMUM_MODEL_SPEED` to `MAXIMUM_MODEL_SPEED`.
    """

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        if not MINIMUM_SPEED <= speed <= MAXIMUM_SPEED:
            raise InvalidInput(f"The speed {speed} is not between {MINIMUM_SPEED} and {MAXIMUM_SPEED}.")
        own = min(max(speed, MINIMUM_MODEL_SPEED), MAXIMUM_MODEL_SPEED)
        speech = self._engine.synthesise(utterance, voice=voice, speed=own)
        return speech if own == speed else _stretched(speech, speed / own)


def _stretched(speech: Speech, factor: float) -> Speech:
    times = speech.times
    return Speech(
        audio=stretch(speech.audio, factor),
        times=None
        if times is None
        else tuple(
            TokenTime(start_sample=int(time.start_sample / factor), end_sample=int(time.end_sample / factor))
            for time in times
        ),
    )
