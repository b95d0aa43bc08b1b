"""What an engine around another engine leaves to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.tts.base import SpeechEngine
    from sayso.types import Voice


class EngineWrapper:
    """All of a `SpeechEngine` but `synthesise`, as the engine inside has it.

    The fingerprint too: what is spoken differently must differ in what the cache's key holds besides it.

    Args:
        engine: the engine inside.
    """

    def __init__(self, engine: SpeechEngine) -> None:
        self._engine = engine
        self.name = engine.name
        self.sample_rate_hz = engine.sample_rate_hz

    @property
    def fingerprint(self) -> str:
        """See `SpeechEngine.fingerprint`."""
        return self._engine.fingerprint

    @property
    def workers(self) -> int:
        """See `SpeechEngine.workers`."""
        return self._engine.workers

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return self._engine.voices()

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`."""
        return self._engine.language_of(voice)
