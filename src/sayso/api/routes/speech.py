"""``/v1/audio/speech``: a text becomes sound, which flows as it is made."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from itertools import chain as joined
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sayso.api import sse
from sayso.api.bodies import SpeechBody
from sayso.api.deps import ServedDep, SpeechCaller, checked, take_place
from sayso.api.documentation import json_request
from sayso.api.errors import Problem
from sayso.api.uploads import read_json
from sayso.api.work import Begun, streamed
from sayso.audio import STREAM_FORMATS, encode_stream
from sayso.narration import MAXIMUM_BYTES, Document, stream, to_script
from sayso.observability import span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.api.catalogue import SpeechModel
    from sayso.api.served import Served
    from sayso.scheduling import Ticket
    from sayso.tts.source import SpeechSource
    from sayso.types import FloatArray, Script

router = APIRouter(tags=["speech"])

ENGINE_HEADER = "x-sayso-engine"

_OUTPUT_TOKENS_PER_SECOND = 20
"""About what OpenAI counts for a second of speech."""


@router.post(
    "/v1/audio/speech",
    summary="Speak a text",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in (*STREAM_FORMATS.values(), sse.MEDIA_TYPE)}}},
    openapi_extra=json_request(SpeechBody),
)
async def create_speech(request: Request, served: ServedDep, caller: SpeechCaller) -> Response:
    """The sound of a text, sent as it is made; the header ``x-sayso-engine`` names the engine that speaks.

    The answer begins when the first sentence is spoken. What is wrong with the request is said before that.
    """
    body = checked(SpeechBody, await read_json(request, maximum_bytes=MAXIMUM_BYTES))
    model = speech_model(served, body)
    place = take_place(served, caller)
    began = time.monotonic()
    return await streamed(request, place, lambda ticket: _begin(served, model, body, ticket, began))


def speech_model(served: Served, body: SpeechBody) -> SpeechModel:
    """The model of a request whose text it takes.

    Raises:
        Problem: there is no such model, or the text is too long for it.
    """
    model = served.catalogue.speech_model(body.model)
    if model.maximum_characters is not None and len(body.input) > model.maximum_characters:
        raise Problem(
            status=400,
            message=f"The input has {len(body.input)} characters; {model.id} takes {model.maximum_characters}. "
            "The model names that are our own have no such limit.",
            param="input",
            code="string_above_max_length",
        )
    return model


@dataclass(kw_only=True, slots=True)
class Heard:
    """How much sound there has been; one thread at a time counts."""

    script: Script
    sample_rate_hz: int
    samples: int = 0

    def counted(self, blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        """The same blocks."""
        for block in blocks:
            self.samples += block.size
            yield block

    @property
    def seconds(self) -> float:
        """The length so far."""
        return self.samples / self.sample_rate_hz

    @property
    def usage(self) -> dict[str, int]:
        """What OpenAI calls tokens: for us the words that were spoken, and twentieths of a second of sound."""
        words = sum(len(line.utterance.tokens) for line in self.script.lines)
        output = round(self.seconds * _OUTPUT_TOKENS_PER_SECOND)
        return {"input_tokens": words, "output_tokens": output, "total_tokens": words + output}


def _begin(served: Served, model: SpeechModel, body: SpeechBody, ticket: Ticket, began: float) -> Begun:
    """Have the first engine that can speak the beginning; on the request's thread."""

    def speak(source: SpeechSource) -> tuple[Heard, bytes, Iterator[bytes]]:
        with span("first audio", engine=source.name):
            return _speak(served, body, source, ticket)

    made = model.with_voice(body.voice_name).run(speak)
    heard, first, rest = made.result
    served.metrics.first_audio(made.engine, time.monotonic() - began)

    def all_chunks() -> Iterator[bytes]:
        yield from joined((first,), rest)
        served.metrics.spoken(made.engine, audio_seconds=heard.seconds, elapsed_seconds=time.monotonic() - began)

    headers = {ENGINE_HEADER: made.engine}
    if body.stream_format == "sse":
        chunks = sse.events(_events(all_chunks(), heard))
        return Begun(first=next(chunks), rest=chunks, media_type=sse.MEDIA_TYPE, headers=headers | sse.HEADERS)
    chunks = all_chunks()
    return Begun(first=next(chunks), rest=chunks, media_type=STREAM_FORMATS[body.response_format], headers=headers)


def _speak(
    served: Served, body: SpeechBody, source: SpeechSource, ticket: Ticket
) -> tuple[Heard, bytes, Iterator[bytes]]:
    """Speak until there is sound to send: what is heard, the first bytes, and the rest."""
    engine = source.open(ticket, instructions=body.instructions)
    document = Document(text=body.input, name="speech", markdown=False)
    with ticket.turn():
        script = to_script(document, engine, voice=source.voice(body.voice_name), language=body.language)
    heard = Heard(script=script, sample_rate_hz=engine.sample_rate_hz)
    blocks = heard.counted(stream(script, engine, served.cache, speed=body.speed))
    chunks = encode_stream(blocks, body.response_format, sample_rate_hz=engine.sample_rate_hz)
    return heard, next(chunks), chunks


def _events(chunks: Iterator[bytes], heard: Heard) -> Iterator[dict[str, Any]]:
    for chunk in chunks:
        yield {"type": "speech.audio.delta", "audio": base64.b64encode(chunk).decode()}
    yield {"type": "speech.audio.done", "usage": heard.usage}
