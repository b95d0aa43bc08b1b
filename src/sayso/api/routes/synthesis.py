"""Speech synthesis for the routes of speech and of captions."""

from __future__ import annotations

import base64
import math
import tempfile
import time
from itertools import chain as joined
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import numpy as np

from sayso.api.dependencies import accepted, checked, model_of_path
from sayso.api.http import sse
from sayso.api.http.errors import Problem
from sayso.api.http.responses import StartedResponse
from sayso.api.http.uploads import read_json
from sayso.audio import STREAM_FORMATS, encode_stream, encode_whole, resample_blocks
from sayso.errors import ModelMissing, NotInstalled, TooLarge
from sayso.json_objects import MAXIMUM_OUTSIDE_BYTES
from sayso.narration import (
    MAXIMUM_BYTES,
    Document,
    NarrationSpec,
    Stream,
    estimated_seconds,
    require_length,
    to_script,
)
from sayso.observability import span
from sayso.tts.aligned import AligningEngine
from sayso.tts.base import gives_times
from sayso.tts.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from starlette.requests import Request

    from sayso.api.context import AppContext
    from sayso.api.schemas.audio import SpokenText
    from sayso.api.schemas.catalogue import SpeechModel
    from sayso.scheduling import RequestContext
    from sayso.subtitles import Timing
    from sayso.tts.base import SpeechEngine
    from sayso.tts.selection import SpeechSource
    from sayso.types import FloatArray, Timeline, Word

ENGINE_HEADER = "x-sayso-engine"
MODEL_HEADER = "x-sayso-model"
FINGERPRINT_HEADER = "x-sayso-fingerprint"

_OUTPUT_TOKENS_PER_SECOND = 20
"""Roughly OpenAI's count for a second of speech."""


_MAXIMUM_BYTES_PER_SECOND = 300
"""More JSON than the text that any voice speaks in a second at speed 4, with each character escaped."""

PCM_RATE_HZ = 24_000
"""The rate of pcm, which has no header to state another one."""

_SENT_AT_ONCE_BYTES = 3 * 2**16
"""A multiple of three: chunks in base64 join without padding."""

_IN_MEMORY_BYTES = 2**22
"""A complete response that is larger is in a temporary file."""

Fields = TypeVar("Fields", bound="SpokenText")


async def read_speech(
    request: Request, served: AppContext, fields: type[Fields], *, endpoint: str | None = None
) -> Fields:
    """The fields of a request whose text is within the limit.

    Args:
        request: whose body has not been read.
        served: the parts.
        fields: of the endpoint.
        endpoint: its path, if it takes the fields of other servers' clients.

    Raises:
        Problem: names the first invalid field.
        SaysoError: as for `read_json`.
    """
    text_bytes = min(MAXIMUM_BYTES, math.ceil(served.settings.max_speech_seconds * _MAXIMUM_BYTES_PER_SECOND))
    try:
        values = await read_json(request, maximum_bytes=text_bytes + MAXIMUM_OUTSIDE_BYTES)
    except TooLarge as error:
        hint = "Send it in parts, or narrate it as a job: POST /v1/narrations."
        message = f"The input is too long. {error.message} {hint}"
        raise Problem(status=400, message=message, param="input", code="string_above_max_length") from None
    if endpoint is None:
        return checked(fields, values)
    named = model_of_path(request)
    found = accepted(request, endpoint, values if named is None else {"model": named, **values})
    return checked(fields, found.kept, sent_as=found.sent_as)


def speech_model(served: AppContext, body: SpokenText) -> SpeechModel:
    """The model of a request, whose limit the text keeps.

    Raises:
        Problem: the model is unknown, or the text is too long for it.
    """
    model = served.catalogue.speech_model(body.model)
    if model.maximum_characters is not None and len(body.input) > model.maximum_characters:
        raise Problem(
            status=400,
            message=f"The input has {len(body.input)} characters; {model.id} takes {model.maximum_characters}. "
            "Our own model names have no such limit.",
            param="input",
            code="string_above_max_length",
        )
    return model


class SpeechStream:
    """One engine's synthesis of one text; can be iterated once, by one thread at a time.

    When the constructor returns, the beginning is synthesised.

    Args:
        served: the parts.
        body: the text and its options.
        source: the engine with its voice.
        context: of the request.

    Raises:
        SaysoError: the engine fails, or the text cannot be spoken, or its speech is too long.
    """

    def __init__(
        self,
        served: AppContext,
        body: SpokenText,
        source: SpeechSource,
        context: RequestContext,
        *,
        word_times: bool = False,
    ) -> None:
        engine, voice = select((source,), body.voice_name, context, instructions=body.instructions)
        if word_times:
            engine = with_word_times(served, engine, context)
        document = Document(
            text=body.input, name="speech", markdown=body.is_markdown, directives=body.directive_reading
        )
        spec = NarrationSpec(language=body.language, lexicon=body.pronunciations, citations=body.citation_reading)
        script = to_script(document, engine, voice=voice, spec=spec, context=context)
        require_length(estimated_seconds(script, speed=body.speed), served.settings.max_speech_seconds)
        self._context = context
        self.sample_rate_hz = engine.sample_rate_hz
        self.fingerprint = engine.fingerprint
        self._spoken_words = sum(len(line.utterance.tokens) for line in script.lines)
        self._samples = 0
        self._words: list[Word] = []
        self._stream = Stream(
            script,
            engine,
            served.cache,
            speed=body.speed,
            is_awaited=body.delivery.is_streamed,
            is_contended=context.others_wait,
        )
        self.content_bytes: int | None = None
        """The length of the response; None while it is made."""
        self._chunks = self._encoded(body)
        self._first = next(self._chunks)

    def __iter__(self) -> Iterator[tuple[list[Word], bytes]]:
        """Encoded bytes, none empty, each with the words whose times are new: they precede their sound."""
        for chunk in joined((self._first,), self._chunks):
            words, self._words = self._words, []
            yield words, chunk

    @property
    def timeline(self) -> Timeline:
        """The timeline so far."""
        return self._stream.timeline

    @property
    def timing(self) -> Timing:
        """The origin of the word times."""
        return self._stream.timing

    @property
    def seconds(self) -> float:
        """The length so far."""
        return self._samples / self.sample_rate_hz

    @property
    def usage(self) -> dict[str, int]:
        """The usage in OpenAI's terms; input tokens are words, output tokens twentieths of a second of audio."""
        output = round(self.seconds * _OUTPUT_TOKENS_PER_SECOND)
        words = self._spoken_words
        return {"input_tokens": words, "output_tokens": output, "total_tokens": words + output}

    def _encoded(self, body: SpokenText) -> Iterator[bytes]:
        """The audio as it is delivered; a response that is not streamed is complete before its first bytes."""
        delivery, audio_format = body.delivery, body.response_format
        rate_hz = delivery.sample_rate_hz or (PCM_RATE_HZ if audio_format == "pcm" else self.sample_rate_hz)
        gain = np.float32(delivery.volume)
        louder = self._blocks() if delivery.volume == 1.0 else (block * gain for block in self._blocks())
        blocks = resample_blocks(louder, self.sample_rate_hz, rate_hz)
        if delivery.is_streamed:
            yield from encode_stream(blocks, audio_format, sample_rate_hz=rate_hz)
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
            encode_whole(blocks, audio_format, cast("BinaryIO", file), sample_rate_hz=rate_hz)
            self.content_bytes = file.tell()
            file.seek(0)
            while chunk := file.read(_SENT_AT_ONCE_BYTES):
                yield chunk

    def _blocks(self) -> Iterator[FloatArray]:
        for piece in self._stream:
            self._context.check()
            self._samples += piece.samples.size
            self._words += piece.words
            yield piece.samples


def with_word_times(served: AppContext, engine: SpeechEngine, context: RequestContext) -> SpeechEngine:
    """The engine with word times: its own, or those of the aligner if there is one here; otherwise without."""
    if gives_times(engine):
        return engine
    try:
        return AligningEngine(engine, served.aligner(), context)
    except (ModelMissing, NotInstalled):
        return engine


def begin_speech(
    served: AppContext,
    body: SpokenText,
    context: RequestContext,
    *,
    events: Callable[[SpeechStream, str], Iterable[dict[str, Any]]] | None = None,
    json_of: Callable[[SpeechStream], Iterable[bytes]] | None = None,
    word_times: bool = False,
) -> StartedResponse:
    """Start the synthesis with the first engine that succeeds; on the request's thread.

    Args:
        served: the parts.
        body: the text and its options.
        context: of the request.
        events: makes events from the speech, given the engine's name; None for bare audio.
        json_of: makes the parts of a JSON body from the speech, instead of events.
        word_times: whether the speech of an engine without word times gets those of the aligner.

    Raises:
        SaysoError: no engine succeeds, or the text cannot be spoken.
    """
    began = time.monotonic()

    def speak(source: SpeechSource) -> SpeechStream:
        with span("first audio", engine=source.name):
            return SpeechStream(served, body, source, context, word_times=word_times)

    made = speech_model(served, body).with_voice(body.voice_name).run(speak)
    speech = made.result
    served.metrics.first_audio(made.engine, time.monotonic() - began)

    def measured(chunks: Iterable[bytes]) -> Iterator[bytes]:
        yield from chunks
        elapsed_seconds = time.monotonic() - began
        served.metrics.synthesised(made.engine, audio_seconds=speech.seconds, elapsed_seconds=elapsed_seconds)

    headers = {ENGINE_HEADER: made.engine, FINGERPRINT_HEADER: speech.fingerprint}
    if made.model:
        headers[MODEL_HEADER] = made.model
    if events is not None:
        chunks = measured(sse.events(events(speech, made.engine)))
        return StartedResponse(
            first=next(chunks), rest=chunks, media_type=sse.MEDIA_TYPE, headers=headers | sse.HEADERS
        )
    if json_of is not None:
        chunks = measured(json_of(speech))
        return StartedResponse(first=next(chunks), rest=chunks, media_type="application/json", headers=headers)
    if speech.content_bytes is not None:
        headers["content-length"] = str(speech.content_bytes)
    chunks = measured(chunk for _, chunk in speech)
    return StartedResponse(
        first=next(chunks), rest=chunks, media_type=STREAM_FORMATS[body.response_format], headers=headers
    )


def audio_delta(chunk: bytes) -> dict[str, Any]:
    """The event of a chunk of audio."""
    return {"type": "speech.audio.delta", "audio": base64.b64encode(chunk).decode()}
