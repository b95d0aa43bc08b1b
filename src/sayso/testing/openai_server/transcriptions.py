"""``/v1/audio/transcriptions`` and ``/translations`` with a transcriber of this machine."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

from sayso.errors import NotAudio, UnsupportedLanguage
from sayso.providers.openai.languages import LANGUAGE_NAMES
from sayso.stt import TranscriptionOptions, open_recording
from sayso.subtitles import render_srt, render_vtt
from sayso.testing.openai_server.envelope import Refused, refusal
from sayso.testing.openai_server.models import SPEAKER_MODEL, SUCCESSOR_MODEL, TIMED_MODEL
from sayso.types import Cue

if TYPE_CHECKING:
    from starlette.responses import JSONResponse

    from sayso.stt import Transcriber, Transcript
    from sayso.types import Segment

Answer: TypeAlias = "dict[str, Any] | str"

_SUFFIXES = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_SHORTEST_SECONDS = 0.1
_LONGEST_UNCHUNKED_SECONDS = 30.0

_FORMATS = {
    TIMED_MODEL: ("json", "text", "srt", "vtt", "verbose_json"),
    SPEAKER_MODEL: ("json", "text", "diarized_json"),
}
_OTHER_FORMATS = ("json", "text")


class TranscriptionEndpoint:
    """Transcribes uploads; any thread may use it."""

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber

    def answer(self, data: bytes, filename: str, fields: dict[str, Any], *, translate: bool) -> Answer:
        """The text or the JSON of the response.

        Raises:
            Refused: as OpenAI would.
        """
        wanted = _checked(filename, fields)
        transcript = self._transcribe(data, filename, fields, translate=translate)
        seconds = transcript.timeline.seconds(transcript.timeline.duration_samples)
        if seconds < _SHORTEST_SECONDS:
            said = f"Audio file is too short. Minimum audio length is {_SHORTEST_SECONDS} seconds."
            raise Refused(refusal(400, said, param="file", code="audio_too_short"))
        if (
            fields["model"] == SPEAKER_MODEL
            and seconds > _LONGEST_UNCHUNKED_SECONDS
            and "chunking_strategy" not in fields
        ):
            said = "chunking_strategy is required for diarization models"
            raise Refused(refusal(400, said, param="chunking_strategy"))
        return _answer(transcript, wanted, fields, translate=translate)

    def _transcribe(self, data: bytes, filename: str, fields: dict[str, Any], *, translate: bool) -> Transcript:
        languages = tuple(fields.get("languages", ()))
        options = TranscriptionOptions(
            language=languages[0] if len(languages) == 1 else fields.get("language"),
            task="translate" if translate else "transcribe",
            prompt=fields.get("prompt"),
            temperature=float(fields.get("temperature", 0.0)),
        )
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / f"audio{PurePath(filename).suffix}"
            path.write_bytes(data)
            try:
                with open_recording(path) as recording:
                    return self._transcriber.transcribe(recording, options)
            except NotAudio:
                raise Refused(_no_file_format()) from None
            except UnsupportedLanguage as error:
                raise Refused(refusal(400, error.message, param="language", code="unsupported_language")) from error


def _checked(filename: str, fields: dict[str, Any]) -> str:
    """The requested format, if OpenAI would accept the request."""
    if PurePath(filename).suffix.removeprefix(".") not in _SUFFIXES:
        raise Refused(_no_file_format())
    model: str = fields["model"]
    wanted: str = fields.get("response_format", "json")
    if wanted not in _FORMATS.get(model, _OTHER_FORMATS):
        said = f"response_format '{wanted}' is not compatible with model '{model}'."
        raise Refused(refusal(400, said, param="response_format", code="unsupported_value"))
    if fields["timestamp_granularities"] and wanted != "verbose_json":
        said = "timestamp_granularities needs response_format verbose_json."
        raise Refused(refusal(400, said, param="timestamp_granularities"))
    _check_guidance(model, fields)
    return wanted


def _check_guidance(model: str, fields: dict[str, Any]) -> None:
    """Refuse languages and keywords that a model does not take."""
    languages, keywords = fields.get("languages", []), fields.get("keywords", [])
    if (languages or keywords) and model != SUCCESSOR_MODEL:
        param = "languages" if languages else "keywords"
        raise Refused(refusal(400, f"{param} is not supported with model '{model}'.", param=param))
    if languages and "language" in fields:
        raise Refused(refusal(400, "language and languages cannot be used together.", param="languages"))
    if any(character in keyword for keyword in keywords for character in "<>\r\n"):
        raise Refused(refusal(400, "keywords must not contain <, > or line breaks.", param="keywords"))


def _no_file_format() -> JSONResponse:
    return refusal(400, f"Invalid file format. Supported formats: {list(_SUFFIXES)}")


def _answer(transcript: Transcript, wanted: str, fields: dict[str, Any], *, translate: bool) -> Answer:
    if wanted == "text":
        return f"{transcript.text}\n"
    if wanted in {"srt", "vtt"}:
        cues = [_cue(transcript, segment) for segment in transcript.timeline.segments]
        return render_srt(cues) if wanted == "srt" else render_vtt(cues)
    if wanted == "verbose_json":
        return _verbose(transcript, fields["timestamp_granularities"] or ["segment"], translate=translate)
    if wanted == "diarized_json":
        return _diarized(transcript)
    answer: dict[str, Any] = {"text": transcript.text, "usage": _usage(transcript)}
    if fields["model"] == SUCCESSOR_MODEL:
        answer["languages"] = [{"code": transcript.language}] if transcript.text else []
    return answer


def as_events(answer: dict[str, Any]) -> bytes:
    """The answer as server-sent events, a word each."""
    words = answer["text"].split(" ")
    deltas = [f"{' ' if place else ''}{word}" for place, word in enumerate(words) if word]
    events: list[dict[str, Any]] = [{"type": "transcript.text.delta", "delta": delta} for delta in deltas]
    events.append({"type": "transcript.text.done", **answer})
    return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)


def _verbose(transcript: Transcript, granularities: list[str], *, translate: bool) -> dict[str, Any]:
    timeline = transcript.timeline
    answer: dict[str, Any] = {
        "task": "translate" if translate else "transcribe",
        "language": LANGUAGE_NAMES[transcript.language],
        "duration": round(timeline.seconds(timeline.duration_samples), 2),
        "text": transcript.text,
        "usage": _usage(transcript),
    }
    if "segment" in granularities:
        answer["segments"] = [_segment(transcript, number) for number in range(len(timeline.segments))]
    if "word" in granularities:
        answer["words"] = [
            {
                "word": word.text,
                "start": _seconds(transcript, word.start_sample),
                "end": _seconds(transcript, word.end_sample),
            }
            for word in timeline.words
        ]
    return answer


def _segment(transcript: Transcript, number: int) -> dict[str, Any]:
    segment, details = transcript.timeline.segments[number], transcript.details[number]
    start, end = _seconds(transcript, segment.start_sample), _seconds(transcript, segment.end_sample)
    return {
        "id": number,
        "seek": round(start * 100),
        "start": start,
        "end": end,
        "text": f" {segment.span.of(transcript.text)}",
        "tokens": list(details.tokens),
        "temperature": details.temperature or 0.0,
        "avg_logprob": -0.25 if details.average_log_probability is None else details.average_log_probability,
        "compression_ratio": details.compression_ratio or 1.0,
        "no_speech_prob": details.no_speech_probability or 0.0,
    }


def _diarized(transcript: Transcript) -> dict[str, Any]:
    """Segments with alternating speakers A and B."""
    segments = [
        {
            "id": f"seg_{number}",
            "type": "transcript.text.segment",
            "speaker": "AB"[number % 2],
            "start": _seconds(transcript, segment.start_sample),
            "end": _seconds(transcript, segment.end_sample),
            "text": segment.span.of(transcript.text),
        }
        for number, segment in enumerate(transcript.timeline.segments)
    ]
    seconds = _seconds(transcript, transcript.timeline.duration_samples)
    return {
        "task": "transcribe",
        "duration": seconds,
        "text": transcript.text,
        "segments": segments,
        "usage": _usage(transcript),
    }


def _usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(transcript.timeline.seconds(transcript.timeline.duration_samples))}


def _cue(transcript: Transcript, segment: Segment) -> Cue:
    start, end = (transcript.timeline.seconds(sample) for sample in (segment.start_sample, segment.end_sample))
    return Cue(start_ms=round(1000 * start), end_ms=round(1000 * end), lines=(segment.span.of(transcript.text),))


def _seconds(transcript: Transcript, sample: int) -> float:
    return round(transcript.timeline.seconds(sample), 2)
