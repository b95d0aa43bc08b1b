"""``/v1/audio/speech/captions``: sound, the time of every word, and subtitles, at once or as they are made."""

from __future__ import annotations

import base64
import json
import tempfile
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sayso.api import sse
from sayso.api.bodies import CaptionsBody
from sayso.api.deps import ServedDep, SpeechCaller, checked, take_place
from sayso.api.documentation import json_request
from sayso.api.speaking import ENGINE_HEADER, audio_delta, begin_speech, speech_model
from sayso.api.uploads import read_json
from sayso.api.work import done, streamed
from sayso.audio import AudioFormat
from sayso.narration import MAXIMUM_BYTES, Document, NarrationOptions, narrate
from sayso.subtitles import style_named, words_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.api.served import Served
    from sayso.api.speaking import Speaking
    from sayso.scheduling import Ticket
    from sayso.tts.source import SpeechSource

router = APIRouter(tags=["speech"])

_NAME = "speech"


@router.post(
    "/v1/audio/speech/captions",
    summary="Speak a text, with subtitles and the time of every word",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, sse.MEDIA_TYPE: {}}}},
    openapi_extra=json_request(CaptionsBody),
)
async def create_captions(request: Request, served: ServedDep, caller: SpeechCaller) -> Response:
    """The sound of a text in base64, its words with their times and places in the text, and subtitle files.

    With ``stream_format`` sse they come as they are made, words before the sound that holds them, without the files.
    """
    body = checked(CaptionsBody, await read_json(request, maximum_bytes=MAXIMUM_BYTES))
    speech_model(served, body)
    place = take_place(served, caller)
    if body.stream_format == "sse":
        return await streamed(request, place, lambda ticket: begin_speech(served, body, ticket, events=_events))
    return await done(request, place, lambda ticket: _whole(served, body, ticket))


def _events(speaking: Speaking, engine: str) -> Iterator[dict[str, Any]]:
    for words, chunk in speaking:
        if words:
            yield {"type": "speech.words.delta", "words": words_json(words, speaking.sample_rate_hz)}
        yield audio_delta(chunk)
    yield {
        "type": "speech.audio.done",
        "usage": speaking.usage,
        "duration": speaking.seconds,
        "timing": speaking.timing,
        "engine": engine,
    }


def _whole(served: Served, body: CaptionsBody, ticket: Ticket) -> Response:
    """Narrate into a directory that is thrown away, with the first engine that can."""

    def captions(source: SpeechSource) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="sayso-captions-") as directory:
            return _narrated(served, body, source, ticket, Path(directory))

    made = speech_model(served, body).with_voice(body.voice_name).run(captions)
    return JSONResponse(made.result, headers={ENGINE_HEADER: made.engine})


def _narrated(
    served: Served, body: CaptionsBody, source: SpeechSource, ticket: Ticket, directory: Path
) -> dict[str, Any]:
    is_bare = body.response_format == "pcm"
    audio = AudioFormat.WAV if is_bare else AudioFormat(body.response_format)
    options = NarrationOptions(
        voice=source.voice(body.voice_name),
        speed=body.speed,
        language=body.language,
        audio=(audio,),
        subtitles=("json", *dict.fromkeys(body.subtitles)),
        style=style_named(body.style),
        keep_speed=body.keep_speed,
    )
    document = Document(text=body.input, name=_NAME, markdown=False)
    engine = source.open(ticket, instructions=body.instructions)
    narrate(document, engine, served.cache, options, directory)
    sound = directory / f"{_NAME}.{audio}"
    content: dict[str, Any] = json.loads((directory / f"{_NAME}.json").read_text(encoding="utf-8"))
    return {
        "audio": base64.b64encode(_frames(sound) if is_bare else sound.read_bytes()).decode(),
        "response_format": body.response_format,
        **content,
        "subtitles": {
            form: (directory / f"{_NAME}.{form}").read_text(encoding="utf-8") for form in dict.fromkeys(body.subtitles)
        },
    }


def _frames(sound: Path) -> bytes:
    with wave.open(str(sound), "rb") as file:
        return file.readframes(file.getnframes())
