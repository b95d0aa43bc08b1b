"""Where speech can be asked for: an engine that is opened for each request, and the voices it has by whatever name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from sayso.errors import ModelMissing
from sayso.scheduling import FREE
from sayso.tts.engines.openai import OpenAISpeechEngine
from sayso.tts.scheduled import ScheduledEngine
from sayso.tts.stretch import StretchingEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.types import Voice


class SpeechSource(Protocol):
    """Speech from one engine; any thread may use it."""

    name: str
    """The engine's name."""

    def voice(self, wanted: str) -> str:
        """The engine's own name for a voice.

        Raises:
            UnknownVoice: it has no such voice.
        """
        ...

    def voices(self) -> Sequence[Voice]:
        """Every voice that it has; none while its model is missing."""
        ...

    def open(self, ticket: RequestContext, *, instructions: str | None = None) -> SpeechEngine:
        """The engine for one request; it speaks at 0.25 to 4 times the voice's pace.

        Args:
            ticket: the request's.
            instructions: how to speak, in words; engines that cannot be told so leave them aside.

        Raises:
            ModelMissing: its model has not been pulled.
            NotInstalled: a part it needs is not installed.
        """
        ...


class LocalSpeech:
    """See `SpeechSource`: an engine of this machine, opened once, by the thread that asks first.

    Args:
        name: the engine's name.
        open_engine: opens the engine; tried again for the next request when it raises.
        aliases: the engine's voices by other names.
    """

    def __init__(
        self, name: str, open_engine: Callable[[], SpeechEngine], *, aliases: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._open_engine = open_engine
        self._aliases = aliases or {}
        self._lock = threading.Lock()  # guards the engine
        self._engine: SpeechEngine | None = None

    def voice(self, wanted: str) -> str:
        """See `SpeechSource.voice`."""
        own = self._aliases.get(wanted, wanted)
        self._opened().language_of(own)
        return own

    def voices(self) -> Sequence[Voice]:
        """See `SpeechSource.voices`."""
        try:
            return self._opened().voices()
        except ModelMissing:
            return ()

    def open(self, ticket: RequestContext, *, instructions: str | None = None) -> SpeechEngine:  # noqa: ARG002 -- cannot be told
        """See `SpeechSource.open`."""
        return ScheduledEngine(StretchingEngine(self._opened()), ticket)

    def _opened(self) -> SpeechEngine:
        with self._lock:
            if self._engine is None:
                self._engine = self._open_engine()
            return self._engine


OPENAI_VOICES_OF_KOKORO: Mapping[str, str] = {
    "alloy": "af_alloy",
    "ash": "am_michael",
    "ballad": "bm_george",
    "cedar": "am_fenrir",
    "coral": "af_bella",
    "echo": "am_echo",
    "fable": "bm_fable",
    "marin": "af_heart",
    "nova": "af_nova",
    "onyx": "am_onyx",
    "sage": "af_sarah",
    "shimmer": "af_sky",
    "verse": "am_puck",
}
"""Kokoro's voices for OpenAI's names: the five that share a name, and for the others one of the same register."""


class OpenAISpeech:
    """See `SpeechSource`: one of OpenAI's models.

    Args:
        connection: to OpenAI.
        model: the model's name.
    """

    def __init__(self, connection: OpenAIConnection, model: str) -> None:
        self.name = "openai"
        self._connection = connection
        self._model = model

    def voice(self, wanted: str) -> str:
        """See `SpeechSource.voice`."""
        self.open(FREE).language_of(wanted)
        return wanted

    def voices(self) -> Sequence[Voice]:
        """See `SpeechSource.voices`."""
        return self.open(FREE).voices()

    def open(self, ticket: RequestContext, *, instructions: str | None = None) -> SpeechEngine:
        """See `SpeechSource.open`."""
        return OpenAISpeechEngine(self._connection, model=self._model, ticket=ticket, instructions=instructions)
