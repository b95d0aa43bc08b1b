"""OpenAI's speech models, without word times."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.errors import InvalidInput, UnsupportedLanguage, UtteranceTooLong
from sayso.providers.openai.errors import bad_response
from sayso.providers.openai.languages import code_of_language
from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS
from sayso.scheduling import UNBOUNDED
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED
from sayso.tts.errors import unknown_voice
from sayso.types import Audio, Speech, Voice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai import AsyncOpenAI

    from sayso.providers.openai.calls import Answer
    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.types import Utterance

VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip

REVISION = 1
"""Raised whenever this module sends another text for the same utterance."""

_WITHOUT_INSTRUCTIONS = ("tts-1", "tts-1-hd")
_FULL_SCALE = 32768  # of the 16-bit samples in the answer
_SILENCE_SECONDS = 0.25


class OpenAISpeechEngine:
    """See `SpeechEngine`: the voices of one of OpenAI's models, for one request or for many.

    An instance holds only its arguments, so that each request may have its own. Speech has no times. The same utterance
    does not give the same audio every time: the models have no seed.

    Args:
        connection: sends the requests.
        model: OpenAI's name of the model.
        context: of the request that the speech is for.
        instructions: how to speak, in words; models that take none ignore them.
        language: the result of `language_of` for every voice; the models take the language from the text.
        workers: how many requests to send at once.
    """

    name = "openai"
    sample_rate_hz = 24_000  # of the format "pcm"

    def __init__(
        self,
        connection: OpenAIConnection,
        *,
        model: str = "gpt-4o-mini-tts",
        context: RequestContext = UNBOUNDED,
        instructions: str | None = None,
        language: str = "en-us",
        workers: int = 4,
    ) -> None:
        self._connection = connection
        self._model = model
        self._context = context
        self._instructions = None if model in _WITHOUT_INSTRUCTIONS else instructions
        self._language = language
        self.workers = workers

    @property
    def fingerprint(self) -> str:
        """The model's name, and a digest of the instructions."""
        digest = hashlib.sha256((self._instructions or "").encode()).hexdigest()[:16]
        return f"openai r{REVISION} {self._model} {digest}"

    def voices(self) -> Sequence[Voice]:
        """See `SpeechEngine.voices`."""
        return [Voice(name=name, language=self._language, engine=self.name) for name in VOICES]

    def language_of(self, voice: str) -> str:
        """See `SpeechEngine.language_of`: every voice speaks every language."""
        if voice not in VOICES:
            raise unknown_voice(voice, VOICES, engine="OpenAI")
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
            raise UnsupportedLanguage(f"OpenAI's voices do not speak {utterance.language!r}")
        text = written(utterance)
        if len(text) > MAXIMUM_SPEECH_CHARACTERS:
            raise UtteranceTooLong(f"{len(text)} characters are more than OpenAI's {MAXIMUM_SPEECH_CHARACTERS}")
        if not any(map(str.isalnum, text)):
            silence = np.zeros(round(_SILENCE_SECONDS * self.sample_rate_hz), np.float32)
            return Speech(audio=Audio(samples=silence, sample_rate_hz=self.sample_rate_hz), times=None)
        return self._connection.call(self._send(text, voice, speed), self._read, context=self._context)

    def _send(self, text: str, voice: str, speed: float) -> Any:
        async def send(client: AsyncOpenAI) -> Any:
            from openai import omit

            return await client.audio.speech.with_raw_response.create(
                model=self._model,
                input=text,
                voice=voice,
                speed=speed,
                response_format="pcm",
                instructions=self._instructions or omit,
            )

        return send

    def _read(self, answer: Answer) -> Speech:
        kind = answer.content_type
        if not (kind.startswith("audio/") or kind == "application/octet-stream"):
            raise bad_response(f"{kind or 'something without a type'} is no audio")
        if not answer.body or len(answer.body) % 2:
            raise bad_response(f"{len(answer.body)} bytes are no 16-bit samples")
        samples = np.frombuffer(answer.body, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
        return Speech(audio=Audio(samples=samples, sample_rate_hz=self.sample_rate_hz), times=None)


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

    def voice(self, name: str) -> str:
        """See `SpeechSource.voice`."""
        self.open(UNBOUNDED).language_of(name)
        return name

    def voices(self) -> Sequence[Voice]:
        """See `SpeechSource.voices`."""
        return self.open(UNBOUNDED).voices()

    def open(self, context: RequestContext, *, instructions: str | None = None) -> SpeechEngine:
        """See `SpeechSource.open`."""
        return OpenAISpeechEngine(self._connection, model=self._model, context=context, instructions=instructions)

    def pinned(self) -> OpenAISpeech:
        """See `SpeechSource.pinned`: what OpenAI serves cannot be kept."""
        return self


def written(utterance: Utterance) -> str:
    """An utterance as text: its spoken words with their punctuation, and spaces where there were some."""
    words = [
        f"{'' if token.joined or not place else ' '}{token.lead}{token.spoken}{token.trail}"
        for place, token in enumerate(utterance.tokens)
    ]
    return "".join(words)
