"""The speech models of OpenAI and of other providers with its protocol, without word times."""

from __future__ import annotations

import hashlib
import io
import wave
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.audio import resample
from sayso.errors import InvalidInput, UnsupportedLanguage, UtteranceTooLong
from sayso.providers.openai.errors import bad_response
from sayso.providers.openai.languages import code_of_language
from sayso.providers.parsing import preset
from sayso.providers.provider import OPENAI, SpeechFacts
from sayso.scheduling import UNBOUNDED
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED
from sayso.tts.decorators import StretchingEngine
from sayso.tts.errors import unknown_voice
from sayso.types import Audio, Speech, Voice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai import AsyncOpenAI

    from sayso.providers.openai.calls import Answer
    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.types import FloatArray, Utterance

VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip

REVISION = 1
"""Raised whenever this module sends another text for the same utterance."""

_FULL_SCALE = 32768  # of the 16-bit samples in the answer
_SAMPLE_BYTES = 2
_SILENCE_SECONDS = 0.25


class OpenAISpeechEngine:
    """See `SpeechEngine`: the voices of one of a provider's models, for one request or for many.

    An instance holds only its arguments, so that each request may have its own. Speech has no times. The same utterance
    does not give the same audio every time: the models have no seed.

    Args:
        connection: sends the requests.
        model: OpenAI's name of the model, where no facts are given.
        facts: the model, and what it takes and gives.
        provider: its provider's name.
        context: of the request that the speech is for.
        instructions: how to speak, in words; models that take none ignore them.
        language: the result of `language_of` for every voice; the models take the language from the text.
        workers: how many requests to send at once.
    """

    has_times = False

    def __init__(
        self,
        connection: OpenAIConnection,
        *,
        model: str = "gpt-4o-mini-tts",
        facts: SpeechFacts | None = None,
        provider: str = OPENAI,
        context: RequestContext = UNBOUNDED,
        instructions: str | None = None,
        language: str = "en-us",
        workers: int = 4,
    ) -> None:
        self._connection = connection
        self._facts = facts or openai_speech(model)
        self._model = self._facts.model
        self.name = provider
        self.sample_rate_hz = self._facts.sample_rate_hz
        self._context = context
        self._instructions = instructions if self._facts.takes_instructions else None
        self._language = language
        self.workers = workers

    @property
    def fingerprint(self) -> str:
        """The model's name, and a digest of the instructions."""
        digest = hashlib.sha256((self._instructions or "").encode()).hexdigest()[:16]
        return f"{self.name} r{REVISION} {self._model} {digest}"

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return [Voice(name=name, language=self._language, engine=self.name) for name in self._facts.voices]

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`: every voice speaks every language."""
        if voice not in self._facts.voices:
            raise unknown_voice(voice, self._facts.voices, engine=self._connection.label)
        return self._language

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`; the speed may be 0.25 to 4.0, and there are no times.

        An utterance without a letter or digit becomes a short silence; nothing is sent for it.

        Raises:
            EngineUnavailable: OpenAI cannot be reached or refuses.
            Cancelled, DeadlineExceeded: as the context says.
        """
        self.language_of(voice)
        if not MINIMUM_SPEED <= speed <= MAXIMUM_SPEED:
            raise InvalidInput(f"The speed {speed} is not between {MINIMUM_SPEED} and {MAXIMUM_SPEED}")
        if code_of_language(utterance.language) is None:
            raise UnsupportedLanguage(f"{self._connection.label}'s voices do not speak {utterance.language!r}")
        text = written(utterance)
        limit = self._facts.maximum_characters
        if len(text) > limit:
            raise UtteranceTooLong(f"{len(text)} characters are more than {self._connection.label}'s {limit}")
        if not any(map(str.isalnum, text)):
            silence = np.zeros(round(_SILENCE_SECONDS * self.sample_rate_hz), np.float32)
            return Speech(audio=Audio(samples=silence, sample_rate_hz=self.sample_rate_hz), times=None)
        return self._connection.call(
            self._send(text, voice, speed), self._read, context=self._context, model=self._model
        )

    def _send(self, text: str, voice: str, speed: float) -> Any:
        async def send(client: AsyncOpenAI) -> Any:
            from openai import omit

            return await client.audio.speech.with_raw_response.create(
                model=self._model,
                input=text,
                voice=voice,
                speed=speed,
                response_format=self._facts.response_format,
                instructions=self._instructions or omit,
            )

        return send

    def _read(self, answer: Answer) -> Speech:
        kind, label = answer.content_type, self._connection.label
        if not (kind.startswith("audio/") or kind == "application/octet-stream"):
            raise bad_response(f"{kind or 'something without a type'} is no audio", label=label)
        if self._facts.response_format == "wav":
            return Speech(audio=self._of_wav(answer.body), times=None)
        if not answer.body or len(answer.body) % 2:
            raise bad_response(f"{len(answer.body)} bytes are no 16-bit samples", label=label)
        return Speech(audio=Audio(samples=_samples(answer.body), sample_rate_hz=self.sample_rate_hz), times=None)

    def _of_wav(self, body: bytes) -> Audio:
        """The sound of a WAV file, in this engine's rate."""
        try:
            with wave.open(io.BytesIO(body)) as file:
                channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
                frames = file.readframes(len(body))  # streams give a length of their own invention
        except (wave.Error, EOFError):
            raise bad_response("it is no WAV file", label=self._connection.label) from None
        if width != _SAMPLE_BYTES or channels != 1 or not frames:
            raise bad_response("it is no sound of 16 bits in one channel", label=self._connection.label)
        return resample(Audio(samples=_samples(frames), sample_rate_hz=rate), self.sample_rate_hz)


def _samples(data: bytes) -> FloatArray:
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(_FULL_SCALE)


def openai_speech(model: str) -> SpeechFacts:
    """What is known of one of OpenAI's models; one that is not known takes instructions."""
    known = preset(OPENAI).speech.named(model)
    return known or SpeechFacts(model=model, voices=VOICES, takes_instructions=True)


class OpenAISpeech:
    """See `SpeechSource`: one of a provider's models.

    Args:
        connection: to the provider.
        facts: the model, and what it takes and gives.
        provider: its provider's name.
    """

    def __init__(self, connection: OpenAIConnection, facts: SpeechFacts, *, provider: str = OPENAI) -> None:
        self.name = provider
        self._connection = connection
        self._facts = facts

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
        engine = self._engine(context, instructions)
        return engine if self._facts.takes_speed else StretchingEngine(engine, slowest=1.0, fastest=1.0)

    def pinned(self) -> OpenAISpeech:
        """See `SpeechSource.pinned`: what a provider serves cannot be kept."""
        return self

    def _engine(self, context: RequestContext, instructions: str | None = None) -> OpenAISpeechEngine:
        return OpenAISpeechEngine(
            self._connection, facts=self._facts, provider=self.name, context=context, instructions=instructions
        )


def written(utterance: Utterance) -> str:
    """An utterance as text: its spoken words with their punctuation, and spaces where there were some."""
    words = [
        f"{'' if token.joined or not place else ' '}{token.lead}{token.spoken}{token.trail}"
        for place, token in enumerate(utterance.tokens)
    ]
    return "".join(words)
