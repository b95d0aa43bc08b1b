"""``/v1/audio/alignments``: when each word of a known text is spoken in a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from sayso.api.dependencies import ServedDep, TranscriptionCaller, admit, checked_form, uploaded
from sayso.api.http.errors import Problem
from sayso.api.http.openapi import form_request
from sayso.api.http.responses import done
from sayso.api.http.uploads import errors_named, read_form
from sayso.api.routes.synthesis import ENGINE_HEADER
from sayso.api.schemas.recordings import SUBTITLE_TYPES, AlignmentForm
from sayso.errors import NothingToSay
from sayso.narration import Document, align_document, aligned_content, aligned_files
from sayso.subtitles import style_named
from sayso.text import language_of_text
from sayso.transcription import opened

if TYPE_CHECKING:
    from sayso.alignment import Aligner
    from sayso.narration import AlignedDocument
    from sayso.scheduling import RequestContext

router = APIRouter(tags=["transcription"])

MAXIMUM_TEXT_BYTES = 512 * 1024
"""The longest text: about ten hours of speech."""

_NAME = "recording"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, **{each: {} for each in SUBTITLE_TYPES.values()}}}
}


@router.post(
    "/v1/audio/alignments",
    summary="Place a text on a recording of it",
    response_class=Response,
    responses=_ANSWERS,
    openapi_extra=form_request(AlignmentForm, file="file"),
)
async def create_alignment(request: Request, served: ServedDep, caller: TranscriptionCaller) -> Response:
    """The times of a text's words in a recording by any voice, as the JSON of a narration.

    Each word has a ``confidence`` from 0 to 1. ``gaps`` are parts of the text that are not spoken, ``insertions`` is
    speech that is not in the text.
    """
    form = await read_form(
        request,
        maximum_bytes=served.settings.max_upload_bytes,
        file_field="file",
        maximum_field_bytes=MAXIMUM_TEXT_BYTES,
        text_fields=("text",),
    )
    fields = checked_form(AlignmentForm, form)
    upload = uploaded(form, "file")
    _require_consistent(fields)
    language = _language(fields)
    slot = admit(served, caller)

    def work(context: RequestContext) -> Response:
        maximum_seconds = served.settings.max_audio_seconds
        with (
            form,
            errors_named(upload.path, upload.name),
            opened(upload.path, context, maximum_seconds=maximum_seconds) as recording,
        ):
            aligner: Aligner = served.aligner()
            document = Document(text=fields.text, name=_NAME, markdown=fields.markdown, directives="lenient")
            try:
                aligned = align_document(document, recording, aligner, language=language, context=context)
            except NothingToSay as error:
                raise Problem(status=400, message=error.for_callers(), param="text") from None
        return _answer(aligned, fields)

    return await done(request, slot, work)


def _require_consistent(fields: AlignmentForm) -> None:
    if fields.subtitles and fields.response_format != "json":
        raise Problem(status=400, message="subtitles need response_format json.", param="subtitles")


def _language(fields: AlignmentForm) -> str:
    """The language of the text.

    Raises:
        Problem: it is to be detected, and the text does not show it.
    """
    language = fields.language or language_of_text(fields.text)
    if language is None:
        raise Problem(status=400, message="The text does not show its language: name it.", param="language")
    return language


def _answer(aligned: AlignedDocument, fields: AlignmentForm) -> Response:
    headers = {ENGINE_HEADER: aligned.model}
    style = style_named(fields.style)
    if fields.response_format != "json":
        content = aligned_files(aligned, (fields.response_format,), style)[fields.response_format]
        return PlainTextResponse(content, media_type=SUBTITLE_TYPES[fields.response_format], headers=headers)
    body = aligned_content(aligned)
    if fields.subtitles:
        body["subtitles"] = aligned_files(aligned, tuple(dict.fromkeys(fields.subtitles)), style)
    return JSONResponse(body, headers=headers)
