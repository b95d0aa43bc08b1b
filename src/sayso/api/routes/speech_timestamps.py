"""``/v1/audio/speech/timestamps``: where a recording holds speech, as speaches answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from sayso.api.dependencies import ServedDep, TranscriptionCaller, admit, checked_form, uploaded
from sayso.api.http.openapi import form_request
from sayso.api.http.responses import done
from sayso.api.http.uploads import errors_named, read_form
from sayso.api.schemas.recordings import TimestampsForm
from sayso.stt import SAMPLE_RATE_HZ
from sayso.stt.speech_ranges import speech_ranges
from sayso.transcription import opened

if TYPE_CHECKING:
    from sayso.scheduling import RequestContext

router = APIRouter(tags=["transcription"])

_PATH = "/v1/audio/speech/timestamps"
_FILE = "file"
_MILLISECONDS = 1000


@router.post(_PATH, summary="Find the speech in a recording", openapi_extra=form_request(TimestampsForm, file=_FILE))
async def find_speech(request: Request, served: ServedDep, caller: TranscriptionCaller) -> list[dict[str, int]]:
    """The ranges of speech in milliseconds, in order, by a detector of voice activity."""
    form = await read_form(request, maximum_bytes=served.settings.max_upload_bytes, file_field=_FILE)
    fields = checked_form(TimestampsForm, form, request=request, endpoint=_PATH)
    upload = uploaded(form, _FILE)

    def work(context: RequestContext) -> list[dict[str, int]]:
        with (
            form,
            errors_named(upload.path, upload.name),
            opened(upload.path, context, maximum_seconds=served.settings.max_audio_seconds) as recording,
        ):
            found = speech_ranges(recording, fields.options, context)
        return [
            {
                "start": each.start * _MILLISECONDS // SAMPLE_RATE_HZ,
                "end": each.end * _MILLISECONDS // SAMPLE_RATE_HZ,
            }
            for each in found
        ]

    return await done(request, admit(served, caller), work)
