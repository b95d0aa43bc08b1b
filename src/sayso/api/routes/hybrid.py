"""``/api/v1/hybrid``: transcription by the first engine that succeeds, with a report of the engines that were tried."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request

from sayso.api.dependencies import ServedDep, TranscriptionCaller, admit, checked_form, uploaded
from sayso.api.http.errors import Problem
from sayso.api.http.openapi import form_request
from sayso.api.http.responses import done
from sayso.api.http.uploads import errors_named, read_form
from sayso.api.schemas.recordings import HybridTranscriptionForm, HybridTranslationForm
from sayso.net import fetch
from sayso.transcription import hybrid_body, opened, transcribe, translation_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.api.context import AppContext
    from sayso.api.http.uploads import Form
    from sayso.resilience import ChainResult
    from sayso.scheduling import RequestContext
    from sayso.stt import Recording, Transcript, TranscriptionOptions

router = APIRouter(prefix="/api/v1/hybrid", tags=["hybrid"])

_MODEL = "hybrid"
_FILE = "audio_file"
_ENGLISH = "en"


@router.post(
    "/stt",
    summary="Transcribe a recording with the first engine that succeeds",
    openapi_extra=form_request(HybridTranscriptionForm, file=_FILE, file_required=False),
)
async def hybrid_stt(request: Request, served: ServedDep, caller: TranscriptionCaller) -> dict[str, Any]:
    """The transcript of a file, or of the recording at ``audio_url``, by OpenAI or, if that fails, by this machine."""
    form = await read_form(request, maximum_bytes=served.settings.max_upload_bytes, file_field=_FILE)
    fields = checked_form(HybridTranscriptionForm, form)
    if (form.file is None) == (fields.audio_url is None):
        raise Problem(
            status=400, message=f"Send either a file in {_FILE!r}, or an address in 'audio_url'.", param=_FILE
        )
    if form.file is not None:
        uploaded(form, _FILE)
    began = time.monotonic()

    def work(context: RequestContext) -> dict[str, Any]:
        with form, _recording(served, form, fields.audio_url, context) as recording:
            made = _transcribed(served, recording, fields.options, context)
        elapsed_seconds = time.monotonic() - began
        return hybrid_body(
            made, model=_model_of(served, made), processing_seconds=elapsed_seconds, debug=fields.return_debug
        )

    return await done(request, admit(served, caller), work)


@router.post(
    "/translate",
    summary="Transcribe a recording, and translate it to English",
    openapi_extra=form_request(HybridTranslationForm, file=_FILE),
)
async def hybrid_translate(request: Request, served: ServedDep, caller: TranscriptionCaller) -> dict[str, Any]:
    """The transcript of a recording in its own language and in English."""
    form = await read_form(request, maximum_bytes=served.settings.max_upload_bytes, file_field=_FILE)
    fields = checked_form(HybridTranslationForm, form)
    uploaded(form, _FILE)
    if fields.target_language.lower().split("-")[0] != _ENGLISH:
        raise Problem(status=400, message="Recordings are translated to English: use en.", param="target_language")
    began = time.monotonic()

    def work(context: RequestContext) -> dict[str, Any]:
        with form, _recording(served, form, None, context) as recording:
            original = _transcribed(served, recording, fields.options, context)
            translated = original
            if original.result.language != _ENGLISH and original.result.text:
                options = replace(fields.options, language=original.result.language, task="translate")
                translated = _transcribed(served, recording, options, context)
        elapsed_seconds = time.monotonic() - began
        return translation_body(
            original, translated, model=_model_of(served, original), processing_seconds=elapsed_seconds
        )

    return await done(request, admit(served, caller), work)


def _transcribed(
    served: AppContext, recording: Recording, options: TranscriptionOptions, context: RequestContext
) -> ChainResult[Transcript]:
    began = time.monotonic()
    made = transcribe(served.catalogue.transcription_model(_MODEL).chain, recording, options, context=context)
    timeline = made.result.timeline
    served.metrics.transcribed(
        made.engine,
        audio_seconds=timeline.seconds(timeline.duration_samples),
        elapsed_seconds=time.monotonic() - began,
    )
    return made


def _model_of(served: AppContext, made: ChainResult[Transcript]) -> str:
    """The model that made the transcript; an engine's name may have its library's before it."""
    if made.result.model or made.model:
        return made.result.model or made.model
    links = served.catalogue.transcription_model(_MODEL).chain.links
    return next(link.engine.name for link in links if link.name == made.engine).rpartition(":")[2]


@contextmanager
def _recording(served: AppContext, form: Form, audio_url: str | None, context: RequestContext) -> Iterator[Recording]:
    """The file that was sent, or the one at an address, decoded for the length of the block."""
    maximum_seconds = served.settings.max_audio_seconds
    with (
        _file(served, form, audio_url, context) as path,
        opened(path, context, maximum_seconds=maximum_seconds) as recording,
    ):
        yield recording


@contextmanager
def _file(served: AppContext, form: Form, audio_url: str | None, context: RequestContext) -> Iterator[Path]:
    """The file that was sent, or the one at an address, which is deleted at the end of the block."""
    if form.file is not None:
        with errors_named(form.file.path, form.file.name):
            yield form.file.path
        return
    with tempfile.TemporaryDirectory(prefix="sayso-fetch-") as directory:
        path = fetch(
            audio_url or "",
            Path(directory),
            maximum_bytes=served.settings.max_upload_bytes,
            timeout_seconds=served.settings.fetch_seconds,
            private_hosts=served.settings.private_hosts,
            context=context,
        )
        with errors_named(path, "The file at audio_url"):
            yield path
