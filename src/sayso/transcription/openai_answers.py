"""Transcripts as answers of OpenAI's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sayso.providers.openai.languages import LANGUAGE_NAMES
from sayso.stt.written_words import is_spaceless

if TYPE_CHECKING:
    from collections.abc import Collection

    from sayso.stt import SegmentDetails, Task, Transcript
    from sayso.types import Segment, Word

_SEEK_FRAMES_PER_SECOND = 100
"""Whisper counts its windows in frames of 10 ms."""

_TOKENS_PER_SECOND = 10
"""OpenAI's count for a second of recorded speech."""

_UNKNOWN_LANGUAGE = "und"
_LANGUAGE_OF_SILENCE = "english"
"""OpenAI's answer for a recording without speech whose language was not named."""


def usage(transcript: Transcript) -> dict[str, Any]:
    """The usage: the length of the recording in whole seconds, rounded up."""
    samples, rate = transcript.timeline.duration_samples, transcript.timeline.sample_rate_hz
    return {"type": "duration", "seconds": -(-samples // rate)}


def token_usage(transcript: Transcript, *, prompt: str | None = None) -> dict[str, Any]:
    """The usage of a stream, which OpenAI gives in tokens.

    Audio tokens are tenths of a second, rounded up. Text tokens are the model's, or words where it gives none.

    Args:
        transcript: complete.
        prompt: the caller's, whose words are counted as input.
    """
    samples, rate = transcript.timeline.duration_samples, transcript.timeline.sample_rate_hz
    audio, text = -(-samples * _TOKENS_PER_SECOND // rate), len((prompt or "").split())
    output = sum(len(details.tokens) for details in transcript.details) or len(transcript.timeline.words)
    return {
        "type": "tokens",
        "input_tokens": audio + text,
        "input_token_details": {"audio_tokens": audio, "text_tokens": text},
        "output_tokens": output,
        "total_tokens": audio + text + output,
    }


def json_body(transcript: Transcript) -> dict[str, Any]:
    """The answer of ``response_format`` json."""
    return {"text": transcript.text, "usage": usage(transcript)}


def languages_body(transcript: Transcript) -> dict[str, Any]:
    """The languages that were detected, as ``gpt-transcribe`` answers them; none where it is not known."""
    detected = (transcript.language,) if transcript.languages is None else transcript.languages
    return {"languages": [{"code": code} for code in detected if code != _UNKNOWN_LANGUAGE]}


def verbose_body(
    transcript: Transcript, *, task: Task, granularities: Collection[str] = ("segment",)
) -> dict[str, Any]:
    """The answer of ``response_format`` verbose_json: times in seconds, of segments, words or both."""
    body: dict[str, Any] = {
        "task": task,
        **spoken_body(transcript, task=task),
        "text": transcript.text,
        "usage": usage(transcript),
    }
    if "segment" in granularities:
        body["segments"] = segments_body(transcript)
    if "word" in granularities:
        body["words"] = words_body(transcript)
    return body


def spoken_body(transcript: Transcript, *, task: Task) -> dict[str, Any]:
    """The language, by its English name, and the length in seconds."""
    timeline = transcript.timeline
    return {
        "language": _language_name(transcript, task),
        "duration": round(timeline.seconds(timeline.duration_samples), 3),
    }


def diarized_body(transcript: Transcript, *, task: Task) -> dict[str, Any]:
    """The answer of ``response_format`` diarized_json, for engines that label speakers."""
    timeline = transcript.timeline
    return {
        "task": task,
        "duration": round(timeline.seconds(timeline.duration_samples), 3),
        "text": transcript.text,
        "segments": speaker_segments(transcript),
        "usage": usage(transcript),
    }


def speaker_segments(transcript: Transcript) -> list[dict[str, Any]]:
    """The segments of diarized_json; each is also an event of its stream."""
    pairs = zip(transcript.timeline.segments, transcript.details, strict=True)
    return [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{number}",
            "start": _seconds(transcript, segment.start_sample),
            "end": _seconds(transcript, segment.end_sample),
            "text": segment.span.of(transcript.text),
            "speaker": details.speaker or "",
        }
        for number, (segment, details) in enumerate(pairs)
    ]


def segments_body(transcript: Transcript) -> list[dict[str, Any]]:
    """The segments of verbose_json.

    Their texts joined are the transcript's text. As Whisper's, each begins with the space before it, the first one too,
    where the script has spaces.
    """
    segments: list[dict[str, Any]] = []
    end = 0
    for segment, details in zip(transcript.timeline.segments, transcript.details, strict=True):
        text = transcript.text[end : segment.span.end]
        if not segments and not is_spaceless(next(filter(str.isalnum, text), " ")):
            text = f" {text}"
        segments.append(_segment(transcript, len(segments), text, segment, details))
        end = segment.span.end
    return segments


def words_body(transcript: Transcript) -> list[dict[str, Any]]:
    """The words of verbose_json, with their punctuation left out as OpenAI leaves it out."""
    return [_word(transcript, word) for word in transcript.timeline.words]


def _segment(
    transcript: Transcript, number: int, text: str, segment: Segment, details: SegmentDetails
) -> dict[str, Any]:
    start = _seconds(transcript, segment.start_sample)
    return {
        "id": number,
        "seek": round(start * _SEEK_FRAMES_PER_SECOND),
        "start": start,
        "end": _seconds(transcript, segment.end_sample),
        "text": text,
        "tokens": list(details.tokens),
        "temperature": details.temperature or 0.0,
        "avg_logprob": details.average_log_probability or 0.0,
        "compression_ratio": details.compression_ratio or 0.0,
        "no_speech_prob": details.no_speech_probability or 0.0,
    }


def _language_name(transcript: Transcript, task: Task) -> str:
    """The English name of the text's language, in lower case."""
    if task == "translate" or (transcript.language == _UNKNOWN_LANGUAGE and not transcript.text):
        return _LANGUAGE_OF_SILENCE
    return LANGUAGE_NAMES.get(transcript.language, transcript.language)


def _word(transcript: Transcript, word: Word) -> dict[str, Any]:
    return {
        "word": word.text,
        "start": _seconds(transcript, word.start_sample),
        "end": _seconds(transcript, word.end_sample),
    }


def _seconds(transcript: Transcript, sample: int) -> float:
    return round(transcript.timeline.seconds(sample), 3)
