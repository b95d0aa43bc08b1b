"""What the speaker of cards knows of an engine, and the text that it gives to one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sayso.cards.turns import Ticket, Turns
    from sayso.tts.selection import SpeechSource

SPEED = 1.0
"""The voices' normal speed; no setting changes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineVoice:
    """The voice of an engine for a language.

    Attributes:
        name: as the engine takes it.
        fingerprint: of the engine; changes whenever the same text would get other audio.
        source: with the model of this fingerprint, which may be replaced meanwhile; None for the engine's own.
    """

    name: str
    fingerprint: str
    source: SpeechSource | None = field(default=None, compare=False, repr=False)


class SpeechRequest:
    """A text that is to be spoken, for every job that waits for it now; for one event loop.

    Attributes:
        text: what is sent.
        language: of the text.
        voice: that speaks.
        is_kept: whether the work goes on although no job waits for it any more, because it is being paid for.
    """

    def __init__(self, text: str, language: str, voice: EngineVoice, *, job_id: str) -> None:
        self.text = text
        self.language = language
        self.voice = voice
        self.is_kept = False
        self._first_job = job_id
        self._jobs: list[str] = []
        self._waiting: tuple[Turns, Ticket] | None = None

    @property
    def job_id(self) -> str:
        """The job that the work is done for: the first that waits."""
        return self._jobs[0] if self._jobs else self._first_job

    @property
    def is_wanted(self) -> bool:
        """Whether a job waits for it."""
        return bool(self._jobs)

    def join(self, job_id: str) -> None:
        """A job waits for it."""
        self._jobs.append(job_id)
        if self._waiting is not None:
            turns, ticket = self._waiting
            turns.add(ticket, job_id)

    def leave(self, job_id: str) -> None:
        """A job waits no longer."""
        self._jobs.remove(job_id)

    @asynccontextmanager
    async def turn(self, turns: Turns) -> AsyncIterator[None]:
        """Wait for a place at the turn of any of its jobs, and hold it during the block."""
        ticket = turns.ticket(self.job_id)
        for job_id in self._jobs[1:]:
            turns.add(ticket, job_id)
        self._waiting = (turns, ticket)
        try:
            async with turns.held(ticket):
                self._waiting = None
                yield
        finally:
            self._waiting = None


class PhraseEngine(Protocol):
    """An engine that makes MP3 files of texts; belongs to one event loop."""

    async def voice(self, language: str) -> EngineVoice | None:
        """The voice for a language; None if the engine does not speak it.

        Raises:
            ModelMissing: the engine's model has not been pulled.
            NotInstalled: a part that it needs is not installed.
        """
        ...

    def check(self) -> None:
        """Return unless it is known that the engine cannot be used now.

        Raises:
            EngineUnavailable: with the reason.
        """
        ...

    async def speak(self, request: SpeechRequest) -> bytes:
        """The MP3 file of a text.

        Raises:
            InvalidInput: the engine refuses this text.
            SaysoError: it cannot speak it now.
        """
        ...
