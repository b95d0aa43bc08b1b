"""``/dev/captioned_speech``: Kokoro-FastAPI's endpoint for audio with the times of words."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sayso.api.dependencies import ServedDep, SpeechCaller, admit, with_own_cache
from sayso.api.http.openapi import json_request
from sayso.api.http.responses import streamed
from sayso.api.routes.synthesis import begin_speech, read_speech, speech_model
from sayso.api.schemas.audio import CaptionedSpeechBody
from sayso.audio import STREAM_FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sayso.api.routes.synthesis import SpeechStream
    from sayso.types import Word

router = APIRouter(tags=["speech"])

_PATH = "/dev/captioned_speech"
_MEDIA_TYPES = {**STREAM_FORMATS, "opus": "audio/opus"}
_DECIMALS = 3


@router.post(
    _PATH,
    summary="Synthesise speech with the times of its words, for clients of Kokoro-FastAPI",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
    openapi_extra=json_request(CaptionedSpeechBody),
)
async def create_captioned_speech(request: Request, served: ServedDep, caller: SpeechCaller) -> Response:
    """Audio in base64 with the words whose times are new, as one JSON object for each chunk, each on a line.

    With ``stream`` false it is one object. Our own endpoint, with subtitles, is `/v1/audio/speech/captions`.
    """
    body = await read_speech(request, served, CaptionedSpeechBody, endpoint=_PATH)
    speech_model(served, body)
    slot = admit(served, caller)
    served = with_own_cache(served, caller)

    def json_of(speech: SpeechStream) -> Iterable[bytes]:
        return _lines(speech, body) if body.stream else _object(speech, body)

    return await streamed(
        request, slot, lambda context: begin_speech(served, body, context, json_of=json_of, word_times=True)
    )


def _lines(speech: SpeechStream, body: CaptionedSpeechBody) -> Iterator[bytes]:
    """An object for each chunk of audio."""
    for words, chunk in speech:
        about = _about(words, body, speech.sample_rate_hz)
        content = {"audio": base64.b64encode(chunk).decode(), **about}
        yield json.dumps(content, ensure_ascii=False).encode() + b"\n"


def _object(speech: SpeechStream, body: CaptionedSpeechBody) -> Iterator[bytes]:
    """One object, in parts; the synthesis is complete."""
    before, all_words = b'{"audio":"', list[Any]()
    for words, chunk in speech:
        all_words += words
        yield before + base64.b64encode(chunk)
        before = b""
    about = json.dumps(_about(all_words, body, speech.sample_rate_hz), ensure_ascii=False)
    yield b'",' + about.encode()[1:]


def _about(words: list[Word], body: CaptionedSpeechBody, sample_rate_hz: int) -> dict[str, Any]:
    """The members of an object beside its audio."""
    return {
        "audio_format": _MEDIA_TYPES[body.response_format],
        "timestamps": [_timed(word, sample_rate_hz) for word in words] if body.return_timestamps else None,
    }


def _timed(word: Word, sample_rate_hz: int) -> dict[str, Any]:
    """A word as it is written, with its punctuation; times in seconds."""
    return {
        "word": f"{word.lead}{word.text}{word.trail}".strip(),
        "start_time": round(word.start_sample / sample_rate_hz, _DECIMALS),
        "end_time": round(word.end_sample / sample_rate_hz, _DECIMALS),
    }
