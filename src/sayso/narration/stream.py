"""Speech as it is made, for a listener who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sayso.narration.render import render
from sayso.tts.shape import LEVEL_LUFS, silence_samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.types import FloatArray, Script

STREAM_LUFS = -18.0
"""As loud as a voice can be without its peaks being clipped, nearly always."""

PEAK_LIMIT = 10 ** (-1 / 20)


def stream(script: Script, engine: SpeechEngine, cache: SpeechCache, *, speed: float) -> Iterator[FloatArray]:
    """The audio of a script in order, utterance by utterance, as each is spoken; nothing before the first is.

    Its loudness cannot be measured before it is heard, so every utterance is brought to `STREAM_LUFS`, less where its
    peaks would exceed -1 dBFS.

    Yields:
        float32 samples of shape (n,) at the engine's rate: utterances and the pauses between them.

    Raises:
        SaysoError: as `sayso.tts.speak.speak`.
    """
    gain = 10 ** ((STREAM_LUFS - LEVEL_LUFS) / 20)
    rate = engine.sample_rate_hz
    pause = np.zeros(round(script.lead_in_seconds * rate), np.float32)
    speeds = [speed] * len(script.lines)
    for line, parts in render(script, engine, cache, speeds=speeds, workers=engine.workers):
        yield pause
        for part in parts:
            peak = float(np.abs(part.audio.samples).max(initial=0.0))
            yield part.audio.samples * np.float32(min(gain, PEAK_LIMIT / peak) if peak else gain)
        pause = np.zeros(silence_samples(line.pause_after_seconds, rate), np.float32)
    yield pause
