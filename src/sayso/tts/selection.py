"""From a voice's name to the engine that has it: the only place that decides which engine speaks."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Protocol

from sayso.errors import ModelMissing, UnknownVoice
from sayso.scheduling import UNBOUNDED
from sayso.tts.decorators import ScheduledEngine, StretchingEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.types import Voice


_VOICE_IN_BLEND = re.compile(r"[^+:()\s]+")
"""A voice by itself, or in a blend such as ``alloy(2)+nova(1)``; also a weight, which is no voice's name."""


_WEIGHT = re.compile(r"[0-9.]+")


class SpeechSource(Protocol):
    """One engine as requests use it: opened for each of them, with its voices by all of their names.

    Its model may be replaced: an engine that is open keeps its own model, and the next one has the new model. Any
    thread may use it.
    """

    name: str
    """The engine's name."""

    def voice(self, name: str) -> str:
        """The engine's own name for a voice.

        Raises:
            UnknownVoice: it has no such voice.
            ModelMissing: its model has not been pulled.
            NotInstalled: a part it needs is not installed.
        """
        ...

    def voices(self) -> Sequence[Voice]:
        """Every voice that it has; while its model is missing, those that it will have if it is pulled by itself."""
        ...

    def open(self, context: RequestContext, *, instructions: str | None = None) -> SpeechEngine:
        """The engine for one request; it takes speeds from `MINIMUM_SPEED` to `MAXIMUM_SPEED`.

        Args:
            context: the request's.
            instructions: how to speak, in words; engines that take none ignore them.

        Raises:
            ModelMissing: its model has not been pulled.
            NotInstalled: a part it needs is not installed.
        """
        ...

    def pinned(self) -> SpeechSource:
        """The same source with the model that it has now, for as long as it is kept.

        Raises:
            ModelMissing, NotInstalled: as `open`.
        """
        ...


def select(
    sources: Iterable[SpeechSource], voice: str, context: RequestContext = UNBOUNDED, *, instructions: str | None = None
) -> tuple[SpeechEngine, str]:
    """The first engine that has a voice, opened for a request, and the engine's own name for the voice.

    Args:
        sources: the engines, in order.
        voice: a voice of any of them, by any of its names.
        context: the request's.
        instructions: as `SpeechSource.open` takes them.

    Raises:
        UnknownVoice, ModelMissing: as `sources_with`.
        NotInstalled: a part that an engine needs is not installed.
    """
    source, own_name = next(sources_with(sources, voice))
    return source.open(context, instructions=instructions), own_name


def sources_with(sources: Iterable[SpeechSource], voice: str) -> Iterator[tuple[SpeechSource, str]]:
    """Every engine that has a voice, in order, each with its own name for it; an engine is looked at when it is next.

    Raises:
        UnknownVoice: no engine has it; the message is that of the first engine.
        ModelMissing: likewise, and the first engine's model has not been pulled.
        NotInstalled: a part that an engine needs is not installed.
    """
    refusals: list[UnknownVoice | ModelMissing] = []
    found = False
    for source in sources:
        try:
            own_name = source.voice(voice)
        except (UnknownVoice, ModelMissing) as error:
            refusals.append(error)
        else:
            found = True
            yield source, own_name
    if not found:
        raise refusals[0]


class LocalSpeech:
    """See `SpeechSource`: an engine of this machine, opened once, on the first thread that needs it.

    Args:
        name: the engine's name.
        open_engine: opens the engine; tried again for the next request when it raises.
        aliases: the engine's own voice names, by their other names.
        is_replaced: whether the engine may be replaced by another: ``open_engine`` keeps it, and is called each time.
        obtain: gets a model that is missing, or raises `ModelMissing`; None to get none.
        known_voices: the voices of that model, by which it is known whether a voice needs it.
    """

    def __init__(
        self,
        name: str,
        open_engine: Callable[[], SpeechEngine],
        *,
        aliases: Mapping[str, str] | None = None,
        is_replaced: bool = False,
        obtain: Callable[[], None] | None = None,
        known_voices: Sequence[Voice] = (),
    ) -> None:
        self.name = name
        self._open_engine = open_engine
        self._obtain = obtain
        self._known_voices = {voice.name: voice for voice in known_voices}
        self._aliases = aliases or {}
        self._is_replaced = is_replaced
        self._lock = threading.Lock()  # guards the engine
        self._engine: SpeechEngine | None = None

    def voice(self, name: str) -> str:
        """See `SpeechSource.voice`."""
        own_name = _VOICE_IN_BLEND.sub(lambda match: self._aliases.get(match[0], match[0]), name)
        try:
            engine = self._opened()
        except ModelMissing:
            if self._obtain is None or not self._knows(own_name):
                raise
            self._obtain()
            engine = self._opened()
        engine.language_of(own_name)
        return own_name

    def _knows(self, own_name: str) -> bool:
        """Whether a voice, or a blend of voices, is of the model that may be missing."""
        voices = [part for part in _VOICE_IN_BLEND.findall(own_name) if not _WEIGHT.fullmatch(part)]
        return bool(voices) and all(voice in self._known_voices for voice in voices)

    def voices(self) -> Sequence[Voice]:
        """See `SpeechSource.voices`."""
        try:
            return self._opened().voices()
        except ModelMissing:
            return () if self._obtain is None else tuple(self._known_voices.values())

    def open(self, context: RequestContext, *, instructions: str | None = None) -> SpeechEngine:  # noqa: ARG002 -- it takes none
        """See `SpeechSource.open`."""
        return ScheduledEngine(StretchingEngine(self._opened()), context)

    def pinned(self) -> LocalSpeech:
        """See `SpeechSource.pinned`."""
        engine = self._opened()
        return LocalSpeech(self.name, lambda: engine, aliases=self._aliases) if self._is_replaced else self

    def _opened(self) -> SpeechEngine:
        if self._is_replaced:
            return self._open_engine()
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
"""Kokoro's voices by OpenAI's names: five share their name; the others have the same register."""
