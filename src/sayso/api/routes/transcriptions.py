"""``/v1/audio/transcriptions`` and ``/v1/audio/translations``: transcripts of recordings."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from sayso.api.dependencies import ServedDep, TranscriptionCaller, admit, checked_form, uploaded
from sayso.api.http import sse
from sayso.api.http.errors import Problem
from sayso.api.http.openapi import form_request
from sayso.api.http.responses import StartedResponse, done, streamed
from sayso.api.http.uploads import errors_named, read_form
from sayso.api.routes.synthesis import ENGINE_HEADER, FINGERPRINT_HEADER, MODEL_HEADER
from sayso.api.schemas.catalogue import SPEAKERS
from sayso.api.schemas.recordings import SUBTITLE_TYPES, TranscriptionForm, TranslationForm
from sayso.stt import with_placed_words
from sayso.subtitles import compile_cues, render, style_named
from sayso.transcription import (
    TextStream,
    diarized_body,
    json_body,
    languages_body,
    opened,
    segments_body,
    speaker_segments,
    spoken_body,
    token_usage,
    transcribe,
    verbose_body,
    words_body,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.api.context import AppContext
    from sayso.api.http.form_reader import Upload
    from sayso.api.http.uploads import Form
    from sayso.api.schemas.catalogue import TranscriptionModel
    from sayso.resilience import ChainResult
    from sayso.scheduling import RequestContext
    from sayso.stt import Listener, Progress, Transcript
    from sayso.subtitles import CueFormat
    from sayso.transcription import Position

router = APIRouter(tags=["transcription"])

_IN_NAMES = "@ ._-"
"""What a model's name has besides letters and digits; the rest is percent-encoded in the header."""

_LISTS_LANGUAGES = "gpt-transcribe"

_STYLE = "netflix"
"""The subtitle style of srt, vtt and ttml."""

_TIMED = frozenset({"verbose_json", "diarized_json", "srt", "vtt", "ttml"})
"""The formats with times."""

TIMING_HEADER = "x-sayso-timing"
"""Where the times come from: an aligner, the engine's estimate, or a share of the length."""

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, **{each: {} for each in SUBTITLE_TYPES.values()}, sse.MEDIA_TYPE: {}}}
}


@router.post(
    "/v1/audio/transcriptions",
    summary="Transcribe a recording",
    response_class=Response,
    responses=_ANSWERS,
    openapi_extra=form_request(TranscriptionForm, file="file"),
)
async def create_transcription(request: Request, served: ServedDep, caller: TranscriptionCaller) -> Response:
    """The transcript of a recording in the requested format; the header ``x-sayso-engine`` names the engine.

    Of a model that may be replaced while it serves, ``x-sayso-model`` and ``x-sayso-fingerprint`` name the one that did
    it.
    """
    form = await read_form(request, maximum_bytes=served.settings.max_upload_bytes, file_field="file")
    fields = checked_form(TranscriptionForm, form, request=request, endpoint="/v1/audio/transcriptions")
    work = _Work(served, fields, form)
    slot = admit(served, caller)
    return await (streamed(request, slot, work.begin) if fields.stream else done(request, slot, work.answer))


@router.post(
    "/v1/audio/translations",
    summary="Translate a recording to English",
    response_class=Response,
    responses=_ANSWERS,
    openapi_extra=form_request(TranslationForm, file="file"),
)
async def create_translation(request: Request, served: ServedDep, caller: TranscriptionCaller) -> Response:
    """An English transcript of a recording in any language."""
    form = await read_form(request, maximum_bytes=served.settings.max_upload_bytes, file_field="file")
    fields = checked_form(TranslationForm, form, request=request, endpoint="/v1/audio/translations")
    work = _Work(served, fields, form)
    slot = admit(served, caller)
    return await (streamed(request, slot, work.begin) if fields.stream else done(request, slot, work.answer))


class _Work:
    """The transcription of a recording: checked on the loop, done on the request's thread, which closes the form.

    Raises:
        Problem: the fields contradict one another, the recording, or the model.
    """

    def __init__(self, served: AppContext, fields: TranslationForm, form: Form) -> None:
        self._served = served
        self._fields = fields
        self._options = fields.options
        self._form = form
        self._model = served.catalogue.transcription_model(fields.model)
        self._upload = uploaded(form, "file")
        self._shows_progress = isinstance(fields, TranscriptionForm) and fields.progress
        self._began = time.monotonic()
        _require_size(self._model, self._upload)
        _require_format(self._model, fields)

    def answer(self, context: RequestContext) -> Response:
        """The complete response."""
        with self._form:
            made = self._transcribe(context, None)
        return _answer(made, self._fields, self._model)

    def begin(self, context: RequestContext) -> StartedResponse:
        """The response as events, from the first words on."""
        listening = TextStream(lambda listener, progress: self._transcribe(context, listener, progress))
        pieces = iter(listening)
        first = next((piece for piece in pieces if isinstance(piece, str)), None)  # before it, nothing may be sent

        def contents() -> Iterator[dict[str, Any]]:
            with self._form:
                if first is not None:
                    yield {"type": "transcript.text.delta", "delta": first}
                for piece in pieces:
                    if isinstance(piece, str):
                        yield {"type": "transcript.text.delta", "delta": piece}
                    elif self._shows_progress:
                        yield _progress_event(piece)
                if self._fields.response_format == "diarized_json":
                    yield from speaker_segments(listening.result.result)
                yield self._done_event(listening.result)

        events = sse.events(contents())
        return StartedResponse(first=next(events), rest=events, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)

    def _transcribe(
        self, context: RequestContext, listener: Listener | None, progress: Progress | None = None
    ) -> ChainResult[Transcript]:
        maximum_seconds = self._served.settings.max_audio_seconds
        with (
            errors_named(self._upload.path, self._upload.name),
            opened(self._upload.path, context, maximum_seconds=maximum_seconds) as recording,
        ):
            chain = self._model.chain
            if self._fields.response_format == "diarized_json":
                chain = chain.able(SPEAKERS)
            made = transcribe(chain, recording, self._options, listener=listener, progress=progress, context=context)
            if _has_times(self._fields) and self._options.task == "transcribe":
                placed = with_placed_words(made.result, recording, self._served.aligner, context=context)
                made = replace(made, result=placed)
        timeline = made.result.timeline
        self._served.metrics.transcribed(
            made.engine,
            audio_seconds=timeline.seconds(timeline.duration_samples),
            elapsed_seconds=time.monotonic() - self._began,
        )
        return made

    def _done_event(self, made: ChainResult[Transcript]) -> dict[str, Any]:
        """The last event; with the engine and the requested times, which OpenAI's event does not have."""
        transcript = made.result
        content: dict[str, Any] = {
            "type": "transcript.text.done",
            "text": transcript.text,
            "usage": token_usage(transcript, prompt=self._options.prompt),
            "engine": made.engine,
        }
        granularities: tuple[str, ...] = ()
        if self._fields.response_format == "verbose_json":
            granularities = _granularities(self._fields)
            content |= spoken_body(transcript, task=self._options.task)
        if "segment" in granularities:
            content["segments"] = segments_body(transcript)
        if "word" in granularities:
            content["words"] = words_body(transcript)
        return content | _languages(transcript, self._model) | _subtitles(transcript, self._fields)


def _require_size(model: TranscriptionModel, upload: Upload) -> None:
    if model.maximum_upload_bytes is not None and upload.size_bytes > model.maximum_upload_bytes:
        raise Problem(
            status=413,
            message=f"The file has {upload.size_bytes} bytes; {model.id} takes {model.maximum_upload_bytes}. "
            "Our own model names have no such limit.",
            param="file",
            code="too_large",
        )


def _require_format(model: TranscriptionModel, fields: TranslationForm) -> None:
    diarized = fields.response_format == "diarized_json"
    if diarized and (fields.options.task == "translate" or not model.can_tell_speakers_apart):
        raise Problem(
            status=400,
            message=f"{model.id} does not distinguish speakers.",
            param="response_format",
            code="unsupported",
        )
    if not isinstance(fields, TranscriptionForm):
        return
    if "word" in (fields.timestamp_granularities or ()) and fields.response_format != "verbose_json":
        raise Problem(
            status=400,
            message="timestamp_granularities with word need response_format verbose_json.",
            param="timestamp_granularities",
        )
    if fields.subtitles and not fields.stream and fields.response_format not in {"json", "verbose_json"}:
        raise Problem(
            status=400, message="subtitles need response_format json or verbose_json, or a stream.", param="subtitles"
        )
    if fields.include:
        raise Problem(
            status=400,
            message=f"{model.id} does not return the probabilities of its tokens.",
            param="include",
            code="unsupported",
        )


def _granularities(fields: TranslationForm) -> tuple[str, ...]:
    asked = fields.timestamp_granularities if isinstance(fields, TranscriptionForm) else None
    return tuple(asked or ("segment",))


def _has_times(fields: TranslationForm) -> bool:
    """Whether the answer holds times."""
    return fields.response_format in _TIMED or bool(isinstance(fields, TranscriptionForm) and fields.subtitles)


def _headers(made: ChainResult[Transcript], fields: TranslationForm) -> dict[str, str]:
    """The engine, and the model where the engine's name does not say which one it was."""
    headers = {ENGINE_HEADER: made.engine}
    if _has_times(fields):
        headers[TIMING_HEADER] = made.result.timing
    model = made.result.model or made.model
    if model:
        headers[MODEL_HEADER] = quote(model, safe=_IN_NAMES)
    if made.result.fingerprint:
        headers[FINGERPRINT_HEADER] = made.result.fingerprint
    return headers


def _answer(made: ChainResult[Transcript], fields: TranslationForm, model: TranscriptionModel) -> Response:
    transcript, headers = made.result, _headers(made, fields)
    match fields.response_format:
        case "json":
            body = json_body(transcript) | _languages(transcript, model)
            return JSONResponse(body | _subtitles(transcript, fields), headers=headers)
        case "verbose_json":
            body = verbose_body(transcript, task=fields.options.task, granularities=_granularities(fields))
            return JSONResponse(body | _subtitles(transcript, fields), headers=headers)
        case "diarized_json":
            return JSONResponse(diarized_body(transcript, task=fields.options.task), headers=headers)
        case "text":
            return PlainTextResponse(f"{transcript.text}\n", headers=headers)
        case "srt" | "vtt" | "ttml" as form:
            return PlainTextResponse(
                _rendered(transcript, (form,))[form], media_type=SUBTITLE_TYPES[form], headers=headers
            )


def _languages(transcript: Transcript, model: TranscriptionModel) -> dict[str, Any]:
    """The detected languages, of the model whose answers have them."""
    return languages_body(transcript) if model.id == _LISTS_LANGUAGES else {}


def _subtitles(transcript: Transcript, fields: TranslationForm) -> dict[str, Any]:
    """The subtitles beside the text, if they were requested."""
    forms = fields.subtitles if isinstance(fields, TranscriptionForm) else []
    return {"subtitles": _rendered(transcript, forms)} if forms else {}


def _rendered(transcript: Transcript, forms: Sequence[CueFormat]) -> dict[CueFormat, str]:
    """The transcript's subtitles in these formats."""
    style = style_named(_STYLE)
    cues = compile_cues(transcript.timeline, style, language=transcript.language)
    return {form: render(cues, form, style=style, language=transcript.language) for form in forms}


def _progress_event(position: Position) -> dict[str, Any]:
    """An event that OpenAI does not have, and that is sent only if requested."""
    return {
        "type": "transcript.progress",
        "seconds": round(position.seconds, 3),
        "duration": round(position.duration_seconds, 3),
    }
