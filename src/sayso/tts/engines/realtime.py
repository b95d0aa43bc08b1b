"""Speech from a provider's realtime models, an utterance at a time, each compared with its text."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from sayso.audio import resample
from sayso.errors import EngineUnavailable, InvalidInput, SaysoError, UtteranceTooLong
from sayso.providers.openai.realtime import SAMPLE_RATE_HZ, read_aloud
from sayso.scheduling import UNBOUNDED
from sayso.tts.decorators import StretchingEngine
from sayso.tts.engines.openai import written
from sayso.tts.errors import unknown_voice
from sayso.tts.reading_check import TRANSCRIPT_ONLY
from sayso.types import Audio, Speech, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai import AsyncOpenAI

    from sayso.providers.openai.calls import Answer
    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.providers.openai.realtime import Reading
    from sayso.providers.provider import SpeechFacts
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.tts.reading_check import ReadingCheck
    from sayso.tts.selection import SpeechSource
    from sayso.types import Utterance

_log = structlog.get_logger(__name__)

REVISION = 1
"""Raised whenever this module asks for another reading of the same utterance."""

REWORDED = "reworded"
"""The reason when a model did not say the text."""

_READINGS = 2
"""How often a text is read before another engine speaks it."""

_FULL_SCALE = 32768
_SILENCE_SECONDS = 0.25


class RealtimeSpeechEngine:
    """See `SpeechEngine`: the voices of a realtime model, for one request.

    Each utterance is compared with what was said. What was reworded is read once more, and then spoken by a substitute:
    that utterance only. Once an utterance was spoken, a substitute also takes over where the provider fails, since the
    answer of the request has begun.

    Args:
        connection: sends the requests.
        facts: the model.
        provider: its provider's name.
        context: of the request.
        instructions: how to speak, in words.
        check: compares speech with its text.
        substitutes: the engines after this one; they have the same voices by their own names.
        on_tokens: called with the input and the output tokens of each reading.
        on_substitute: called with the reason of each utterance that a substitute speaks.
    """

    sample_rate_hz = SAMPLE_RATE_HZ
    workers = 4

    def __init__(
        self,
        connection: OpenAIConnection,
        facts: SpeechFacts,
        *,
        provider: str,
        context: RequestContext = UNBOUNDED,
        instructions: str | None = None,
        check: ReadingCheck = TRANSCRIPT_ONLY,
        substitutes: Sequence[SpeechSource] = (),
        on_tokens: Callable[[int, int], None] = lambda _input, _output: None,
        on_substitute: Callable[[SaysoError], None] = lambda _: None,
    ) -> None:
        self.name = provider
        self._connection = connection
        self._facts = facts
        self._context = context
        self._instructions = instructions if facts.takes_instructions else None
        self._check = check
        self._substitutes = substitutes
        self._on_tokens = on_tokens
        self._on_substitute = on_substitute
        self._has_spoken = False

    @property
    def fingerprint(self) -> str:
        """The model's name, and a digest of the instructions."""
        digest = hashlib.sha256((self._instructions or "").encode()).hexdigest()[:16]
        return f"{self.name} realtime r{REVISION} {self._facts.model} {digest}"

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return [Voice(name=name, language="en-us", engine=self.name) for name in self._facts.voices]

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`: every voice speaks every language."""
        if voice not in self._facts.voices:
            raise unknown_voice(voice, self._facts.voices, engine=self._connection.label)
        return "en-us"

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`; at normal speed, without times.

        Raises:
            EngineUnavailable: the provider cannot be used, before it has spoken anything; or no substitute has the
                voice.
            Cancelled, DeadlineExceeded: as the context says.
        """
        self.language_of(voice)
        text = written(utterance)
        if len(text) > self._facts.maximum_characters:
            raise UtteranceTooLong(f"{len(text)} characters are more than {self._facts.maximum_characters}.")
        if not any(map(str.isalnum, text)):
            silence = np.zeros(round(_SILENCE_SECONDS * SAMPLE_RATE_HZ), np.float32)
            return Speech(audio=Audio(samples=silence, sample_rate_hz=SAMPLE_RATE_HZ), times=None)
        try:
            speech = self._checked(text, utterance.language, voice)
        except EngineUnavailable as error:
            if error.reason != REWORDED and not self._has_spoken:
                raise
            speech = self._substituted(utterance, voice, speed, error)
        self._has_spoken = True
        return speech

    def _checked(self, text: str, language: str, voice: str) -> Speech:
        for _ in range(_READINGS):
            reading = self._read(text, voice)
            samples = np.frombuffer(reading.content, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
            audio = Audio(samples=samples, sample_rate_hz=SAMPLE_RATE_HZ)
            if self._check.accepts(audio, text, reading.transcript, language=language, context=self._context):
                return Speech(audio=audio, times=None)
            _log.warning("a model did not say the text", engine=self.name, model=self._facts.model)
        raise EngineUnavailable(
            f"{self._connection.label}'s {self._facts.model} did not say the text, {_READINGS} times.", reason=REWORDED
        )

    def _read(self, text: str, voice: str) -> Reading:
        readings: list[Reading] = []

        async def send(client: AsyncOpenAI) -> Any:
            reading = await read_aloud(
                client, model=self._facts.model, voice=voice, text=text, instructions=self._instructions
            )
            readings.append(reading)
            return reading

        def read(_answer: Answer) -> Reading:
            return readings[-1]

        reading = self._connection.call(send, read, context=self._context, model=self._facts.model)
        self._on_tokens(reading.input_tokens, reading.output_tokens)
        return reading

    def _substituted(self, utterance: Utterance, voice: str, speed: float, error: EngineUnavailable) -> Speech:
        """The utterance by the first engine after this one that speaks it, in this engine's rate."""
        for source in self._substitutes:
            try:
                own_name = source.voice(voice)
                speech = source.open(self._context).synthesise(utterance, voice=own_name, speed=speed)
            except (InvalidInput, EngineUnavailable) as refusal:
                _log.info("a substitute does not speak", engine=source.name, reason=refusal.message)
                continue
            self._on_substitute(error)
            return replace(
                speech, audio=resample(speech.audio, SAMPLE_RATE_HZ), times=None, is_aligned=False, is_substitute=True
            )
        raise error


class RealtimeSpeech:
    """See `SpeechSource`: a provider's realtime model.

    Args:
        connection: to the provider.
        facts: the model.
        provider: its provider's name.
        check: compares speech with its text.
        substitutes: gives the engines after this one.
        on_tokens: called with the input and the output tokens of each reading.
        on_substitute: called with the reason of each utterance that a substitute speaks.
    """

    def __init__(
        self,
        connection: OpenAIConnection,
        facts: SpeechFacts,
        *,
        provider: str,
        check: ReadingCheck,
        substitutes: Callable[[], Sequence[SpeechSource]],
        on_tokens: Callable[[int, int], None] = lambda _input, _output: None,
        on_substitute: Callable[[SaysoError], None] = lambda _: None,
    ) -> None:
        self.name = provider
        self._connection = connection
        self._facts = facts
        self._check = check
        self._substitutes = substitutes
        self._on_tokens = on_tokens
        self._on_substitute = on_substitute

    def voice(self, name: str) -> str:
        """See `SpeechSource.voice`."""
        own_name = self._facts.voice_aliases.get(name, name)
        self._engine(UNBOUNDED).language_of(own_name)
        return own_name

    def voices(self) -> Sequence[Voice]:
        """See `SpeechSource.voices`."""
        return self._engine(UNBOUNDED).voices()

    def open(self, context: RequestContext, *, instructions: str | None = None) -> SpeechEngine:
        """See `SpeechSource.open`."""
        return StretchingEngine(self._engine(context, instructions), slowest=1.0, fastest=1.0)

    def pinned(self) -> RealtimeSpeech:
        """See `SpeechSource.pinned`: what a provider serves cannot be kept."""
        return self

    def _engine(self, context: RequestContext, instructions: str | None = None) -> RealtimeSpeechEngine:
        return RealtimeSpeechEngine(
            self._connection,
            self._facts,
            provider=self.name,
            context=context,
            instructions=instructions,
            check=self._check,
            substitutes=self._substitutes(),
            on_tokens=self._on_tokens,
            on_substitute=self._on_substitute,
        )
