"""A speech engine that computes only when it is its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.scheduling import Ticket
    from sayso.tts.base import SpeechEngine
    from sayso.types import Speech, Utterance, Voice


class ScheduledEngine:
    """A `SpeechEngine` for one request: each utterance takes a turn of the request's ticket.

    Args:
        engine: who speaks, on the caller's thread.
        ticket: the request's.
    """

    def __init__(self, engine: SpeechEngine, ticket: Ticket) -> None:
        self._engine = engine
        self._ticket = ticket
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

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`; it may raise `Cancelled` and `DeadlineExceeded` too."""
        with self._ticket.turn():
            return self._engine.synthesise(utterance, voice=voice, speed=speed)
