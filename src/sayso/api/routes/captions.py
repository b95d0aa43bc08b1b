"""``/v1/audio/speech/captions``: audio, word times and subtitles, at once or as a stream."""

from __future__ import annotations

import base64
import json
import os
import tempfile
import wave
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sayso.api.dependencies import ServedDep, SpeechCaller, admit, with_own_cache
from sayso.api.http import sse
from sayso.api.http.openapi import json_request
from sayso.api.http.responses import StartedResponse, streamed
from sayso.api.routes.synthesis import (
    ENGINE_HEADER,
    PCM_RATE_HZ,
    audio_delta,
    begin_speech,
    read_speech,
    speech_model,
    with_word_times,
)
from sayso.api.schemas.audio import CaptionsBody
from sayso.audio import AudioFormat, decode_blocks, encode_whole
from sayso.narration import Document, NarrationSpec, narrate
from sayso.subtitles import words_json
from sayso.tts.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sayso.api.context import AppContext
    from sayso.api.routes.synthesis import SpeechStream
    from sayso.narration import FileFormat
    from sayso.scheduling import RequestContext
    from sayso.tts.selection import SpeechSource

router = APIRouter(tags=["speech"])

_NAME = "speech"

_BEFORE_AUDIO = b'{"audio":"'
_ENCODED_AT_ONCE_BYTES = 3 * 2**16
"""Base64 makes four characters of three bytes, so blocks of a multiple of three join without padding."""


@router.post(
    "/v1/audio/speech/captions",
    summary="Speak a text, with subtitles and the time of every word",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, sse.MEDIA_TYPE: {}}}},
    openapi_extra=json_request(CaptionsBody),
)
async def create_captions(request: Request, served: ServedDep, caller: SpeechCaller) -> Response:
    """The audio of a text in base64, its words with their times and places in the text, and subtitle files.

    With ``stream_format`` sse the response is a stream: words are sent before the audio that contains them; there are
    no files.
    """
    body = await read_speech(request, served, CaptionsBody)
    speech_model(served, body)
    slot = admit(served, caller)
    served = with_own_cache(served, caller)

    def begin(context: RequestContext) -> StartedResponse:
        if body.stream_format == "sse":
            return begin_speech(served, body, context, events=_events, word_times=True)
        return _whole(served, body, context)

    return await streamed(request, slot, begin)


def _events(speech: SpeechStream, engine: str) -> Iterator[dict[str, Any]]:
    for words, chunk in speech:
        if words:
            yield {"type": "speech.words.delta", "words": words_json(words, speech.sample_rate_hz)}
        yield audio_delta(chunk)
    yield {
        "type": "speech.audio.done",
        "usage": speech.usage,
        "duration": speech.seconds,
        "timing": speech.timing,
        "engine": engine,
    }


def _whole(served: AppContext, body: CaptionsBody, context: RequestContext) -> StartedResponse:
    """Narrate into a directory, with the first engine that succeeds; it is deleted when the response has been sent."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sayso-captions-")))
        chain = speech_model(served, body).with_voice(body.voice_name)
        made = chain.run(lambda source: _narrated(served, body, source, context, directory))
        audio = made.result[_audio_format(body)]
        is_bare = body.response_format == "pcm"
        if is_bare and _rate_of(audio) != PCM_RATE_HZ:
            audio = _at_pcm_rate(audio)
            is_bare = False
        sound = stack.enter_context(audio.open("rb"))
        audio_bytes = audio.stat().st_size
        if is_bare:
            with wave.open(str(audio), "rb") as file:
                audio_bytes = file.getnframes() * file.getsampwidth()
            sound.seek(-audio_bytes, os.SEEK_END)
        rest = _json_after_audio(made.result, body)
        chunks = _answer(sound, rest, stack.pop_all())
    length = len(_BEFORE_AUDIO) + 4 * -(-audio_bytes // 3) + len(rest)
    headers = {ENGINE_HEADER: made.engine, "content-length": str(length)}
    return StartedResponse(first=next(chunks), rest=chunks, media_type="application/json", headers=headers)


def _rate_of(audio: Path) -> int:
    """The sample rate of a WAV file."""
    with wave.open(str(audio), "rb") as file:
        return file.getframerate()


def _at_pcm_rate(audio: Path) -> Path:
    """A file beside this one, with its bare samples at the rate of pcm."""
    bare = audio.with_suffix(".pcm")
    with bare.open("wb") as target:
        encode_whole(decode_blocks(audio, sample_rate_hz=PCM_RATE_HZ), "pcm", target, sample_rate_hz=PCM_RATE_HZ)
    return bare


def _answer(sound: BinaryIO, rest: bytes, files: ExitStack) -> Iterator[bytes]:
    """The JSON of a complete response in blocks, so that the audio of hours is never in memory."""
    with files:
        yield _BEFORE_AUDIO
        while block := sound.read(_ENCODED_AT_ONCE_BYTES):
            yield base64.b64encode(block)
        yield rest


def _narrated(
    served: AppContext, body: CaptionsBody, source: SpeechSource, context: RequestContext, directory: Path
) -> Mapping[FileFormat, Path]:
    """Narrate, and return the file of each format."""
    engine, voice = select((source,), body.voice_name, context, instructions=body.instructions)
    engine = with_word_times(served, engine, context)
    spec = NarrationSpec(
        speed=body.speed,
        language=body.language,
        audio=(_audio_format(body),),
        subtitles=("json", *dict.fromkeys(body.subtitles)),
        style=body.style,
        lexicon=body.lexicon,
        citations=body.citations,
        keep_speed=body.keep_speed,
    )
    document = Document(text=body.input, name=_NAME, markdown=body.is_markdown, directives=body.directive_reading)
    maximum_seconds = served.settings.max_speech_seconds
    narration = narrate(
        document, engine, served.cache, spec, directory, voice=voice, maximum_seconds=maximum_seconds, context=context
    )
    return narration.files


def _audio_format(body: CaptionsBody) -> AudioFormat:
    """The format of the audio file: bare samples are taken from a WAV."""
    return AudioFormat.WAV if body.response_format == "pcm" else AudioFormat(body.response_format)


def _json_after_audio(files: Mapping[FileFormat, Path], body: CaptionsBody) -> bytes:
    """The part of the JSON after the audio."""
    content: dict[str, Any] = json.loads(files["json"].read_text(encoding="utf-8"))
    after_audio = {
        "response_format": body.response_format,
        **content,
        "subtitles": {form: files[form].read_text(encoding="utf-8") for form in dict.fromkeys(body.subtitles)},
    }
    return b'",' + json.dumps(after_audio, ensure_ascii=False, separators=(",", ":")).encode()[1:]
