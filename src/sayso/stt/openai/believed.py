"""Leaves out the sentences that a provider's model wrote for what is no speech."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import structlog

from sayso.stt.invented import is_invented, may_be_invented
from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.stt.vad import WINDOW_SAMPLES, SpeechDetector, prepared
from sayso.stt.vad_options import VadOptions

if TYPE_CHECKING:
    from sayso.scheduling import RequestContext
    from sayso.stt.openai.answers import ProviderTranscript
    from sayso.stt.openai.parts import Part
    from sayso.stt.openai.word_alignment import TimedText
    from sayso.stt.recording import Recording
    from sayso.types import FloatArray

_log = structlog.get_logger(__name__)

_THRESHOLD = VadOptions().threshold
_MARGIN_SECONDS = 0.5
"""A segment's times are rough: speech so near it counts."""

_LEAST_SECONDS = 1.0
"""A segment of the list with so much speech around it is spoken, however long the segment is."""


def believed(
    transcript: ProviderTranscript, part: Part, recording: Recording, context: RequestContext, *, has_times: bool
) -> ProviderTranscript:
    """The transcript without invented segments, which are logged.

    The recording is listened to only if there may be such a segment.

    Args:
        transcript: of the part.
        part: of the recording.
        recording: that was transcribed.
        context: each minute is listened to under a permit.
        has_times: whether the segments' times are the model's, and no shares of the length.

    Raises:
        Cancelled, DeadlineExceeded: as the context says.
    """
    if not any(may_be_invented(segment.text) for segment in transcript.segments):
        return transcript
    speaks = _speech(part, recording, context)
    return replace(
        transcript,
        segments=tuple(
            segment for segment in transcript.segments if not _is_invented(segment, speaks, has_times=has_times)
        ),
    )


def _is_invented(segment: TimedText, speaks: FloatArray | None, *, has_times: bool) -> bool:
    invented = is_invented(
        segment.text,
        no_speech_probability=segment.details.no_speech_probability,
        speech_share=None if speaks is None else _speech_share(segment, speaks, has_times=has_times),
    )
    if invented:
        _log.info(
            "an invented sentence is left out", text=segment.text.strip(), start_seconds=round(segment.start_seconds, 2)
        )
    return invented


def _speech_share(segment: TimedText, speaks: FloatArray, *, has_times: bool) -> float | None:
    """How much of a segment's time is speech; of a second, if the segment is longer."""
    window_seconds = WINDOW_SAMPLES / SAMPLE_RATE_HZ
    heard = speaks
    if has_times:
        first = max(0, int((segment.start_seconds - _MARGIN_SECONDS) / window_seconds))
        heard = speaks[first : int((segment.end_seconds + _MARGIN_SECONDS) / window_seconds) + 1]
    needed_seconds = min(segment.end_seconds - segment.start_seconds, _LEAST_SECONDS)
    if needed_seconds <= 0 or not len(heard):
        return None
    return min(1.0, float(np.sum(heard)) * window_seconds / needed_seconds)


def _speech(part: Part, recording: Recording, context: RequestContext) -> FloatArray | None:
    """For each window of the part, 1 if it is speech by the voice detector; None where there is no detector."""
    try:
        detector = SpeechDetector()
    except ImportError:  # an installation without local engines
        return None
    likely = [np.empty(0, np.float32)]
    for block in recording.blocks(*part):
        with context.permit():
            likely.append(detector.probabilities(prepared(recording, block)))
    speaks: FloatArray = (np.concatenate(likely) >= _THRESHOLD).astype(np.float32)
    return speaks
