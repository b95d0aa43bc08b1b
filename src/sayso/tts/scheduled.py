"""A speech engine that computes only when it is its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.tts.wrapper import EngineWrapper

if TYPE_CHECKING:
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.types import Speech, Utterance


class ScheduledEngine(EngineWrapper):
    """A `SpeechEngine` for one request: each utterance takes a turn of the request's ticket.

    Args:
        engine: who speaks, on the caller's thread.
        ticket: the request's.
    """

    def __init__(self, engine: SpeechEngine, ticket: RequestContext) -> None:
        super().__init__(engine)
        self._ticket = ticket

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`; it may raise `Cancelled` and `DeadlineExceeded` too."""
        with self._ticket.turn():
            return self._engine.synthesise(utterance, voice=voice, speed=speed)
