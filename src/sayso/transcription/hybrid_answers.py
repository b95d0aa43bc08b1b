"""The answers of ``/api/v1/hybrid``: a text, the engine that made it, and figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sayso.resilience import ChainResult
    from sayso.stt import Transcript

_DECIMALS = 3
_LOCAL, _FALLBACK, _OPENAI = "local", "fallback", "openai"


def confidence(transcript: Transcript) -> float:
    """The confidence in a text, 0 to 1: the mean probability of its tokens, segments weighted by their length.

    Where the engine gives none for its tokens, the probability of the language; 0 for silence.
    """
    known = [
        (segment.end_sample - segment.start_sample, details.average_log_probability)
        for segment, details in zip(transcript.timeline.segments, transcript.details, strict=True)
        if details.average_log_probability is not None
    ]
    length = sum(samples for samples, _ in known)
    if length:
        return sum(samples * math.exp(min(logarithm, 0.0)) for samples, logarithm in known) / length
    return transcript.language_probability if transcript.text else 0.0


def hybrid_body(made: ChainResult[Transcript], *, model: str, processing_seconds: float, debug: bool) -> dict[str, Any]:
    """The answer of ``/api/v1/hybrid/stt``.

    Args:
        made: the transcript, and the engine that made it.
        model: the model that made it.
        processing_seconds: how long it took.
        debug: whether to add the reasons of failures, and the segments.
    """
    body: dict[str, Any] = {
        "source": source_of(made),
        "text": made.result.text,
        "metadata": _metadata(made, model, processing_seconds),
    }
    if debug:
        body["debug"] = {
            "fallback_reason": made.failures[-1].reason if made.failures else None,
            "failures": [{"engine": failure.engine, "reason": failure.reason} for failure in made.failures],
            "chunk_details": _chunks(made.result),
        }
    return body


def translation_body(
    original: ChainResult[Transcript], translated: ChainResult[Transcript], *, model: str, processing_seconds: float
) -> dict[str, Any]:
    """The answer of ``/api/v1/hybrid/translate``."""
    return {
        "source": source_of(translated),
        "original_text": original.result.text,
        "translated_text": translated.result.text,
        "source_language": original.result.language,
        "target_language": "en",
        "metadata": _metadata(original, model, processing_seconds),
    }


def source_of(made: ChainResult[Transcript]) -> str:
    """The source: the provider that came first, another engine because that failed, or a local engine from the start.

    A model that succeeds a retired one at the same provider is no other engine.
    """
    if made.fell_back:
        return _FALLBACK
    return _OPENAI if made.model or made.engine == _OPENAI else _LOCAL


def _metadata(made: ChainResult[Transcript], model: str, processing_seconds: float) -> dict[str, Any]:
    transcript = made.result
    return {
        "confidence": round(confidence(transcript), _DECIMALS),
        "duration": round(transcript.timeline.seconds(transcript.timeline.duration_samples), _DECIMALS),
        "language": transcript.language,
        "fallback_used": made.fell_back,
        "chunks_processed": transcript.chunks,
        "model_used": model,
        "processing_time": round(processing_seconds, _DECIMALS),
    }


def _chunks(transcript: Transcript) -> list[dict[str, Any]]:
    """The time, text and probability of each segment."""
    timeline = transcript.timeline
    return [
        {
            "start": round(timeline.seconds(segment.start_sample), _DECIMALS),
            "end": round(timeline.seconds(segment.end_sample), _DECIMALS),
            "text": segment.span.of(transcript.text),
            "avg_logprob": details.average_log_probability,
        }
        for segment, details in zip(timeline.segments, transcript.details, strict=True)
    ]
