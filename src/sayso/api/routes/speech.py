"""``/v1/audio/speech``: speech from text, streamed while it is synthesised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sayso.api.dependencies import ServedDep, SpeechCaller, admit, with_own_cache
from sayso.api.http import sse
from sayso.api.http.openapi import json_request
from sayso.api.http.responses import streamed
from sayso.api.routes.synthesis import audio_delta, begin_speech, read_speech, speech_model
from sayso.api.schemas.audio import SpeechBody
from sayso.audio import STREAM_FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.api.routes.synthesis import SpeechStream

router = APIRouter(tags=["speech"])


@router.post(
    "/v1/audio/speech",
    summary="Synthesise speech from a text",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in (*STREAM_FORMATS.values(), sse.MEDIA_TYPE)}}},
    openapi_extra=json_request(SpeechBody),
)
async def create_speech(request: Request, served: ServedDep, caller: SpeechCaller) -> Response:
    """The speech of a text, streamed while it is synthesised; the header ``x-sayso-engine`` names the engine.

    The response begins when up to a second of speech is synthesised. An invalid request is refused before that.
    """
    body = await read_speech(request, served, SpeechBody, endpoint="/v1/audio/speech")
    speech_model(served, body)
    events = _events if body.stream_format == "sse" else None
    slot = admit(served, caller)
    served = with_own_cache(served, caller)
    return await streamed(request, slot, lambda context: begin_speech(served, body, context, events=events))


def _events(speech: SpeechStream, _engine: str) -> Iterator[dict[str, Any]]:
    for _, chunk in speech:
        yield audio_delta(chunk)
    yield {"type": "speech.audio.done", "usage": speech.usage}
