"""Sentences that models write for noise are left out, and those that are spoken are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.scheduling import UNBOUNDED
from sayso.stt import SAMPLE_RATE_HZ, SegmentDetails, open_recording
from sayso.stt.invented import is_invented, may_be_invented
from sayso.stt.openai.answers import ProviderTranscript
from sayso.stt.openai.believed import believed
from sayso.stt.openai.parts import Part
from sayso.stt.openai.word_alignment import TimedText
from sayso.stt.vad import Chunk, SampleRange
from sayso.stt.whisper.batched_decoder import words_in_recording
from sayso.stt.whisper.decoding import DecodedChunk, TimedWord
from sayso.types import Audio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.stt import Recording

THANKS = "Thank you for watching."


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        (" Thank you for watching!", True),
        ("Thank you. Bye bye.", True),
        ("ご視聴ありがとうございました", True),
        ("Sous-titres réalisés para la communauté d'Amara.org", False),
        ("Sous-titres réalisés par la communauté d’Amara.org", True),
        ("Thank you for watching the children.", False),
        ("Thank you. He left.", False),
        ("", False),
    ],
)
def test_what_is_on_the_list(text: str, listed: bool) -> None:
    """Whole sentences only, whatever their case and punctuation."""
    assert may_be_invented(text) is listed


@pytest.mark.parametrize(
    ("no_speech", "share", "invented"),
    [
        (0.05, 0.9, False),
        (None, None, False),
        (0.5, None, False),
        (0.7, 0.9, True),
        (0.05, 0.1, True),
        (None, 0.0, True),
    ],
)
def test_evidence_decides(no_speech: float | None, share: float | None, invented: bool) -> None:
    """A sentence of the list is left out only if the model or the voice detector says that nobody speaks."""
    assert is_invented(THANKS, no_speech_probability=no_speech, speech_share=share) is invented
    assert not is_invented("The lamp burned on.", no_speech_probability=no_speech, speech_share=share)


def decoded(text: str, *, no_speech: float, start_seconds: float = 0.0) -> DecodedChunk:
    words = text.split()
    step = 2.0 / len(words)
    return DecodedChunk(
        tokens=(1,),
        temperature=0.0,
        average_log_probability=-0.4,
        compression_ratio=1.0,
        no_speech_probability=no_speech,
        words=tuple(
            TimedWord(f" {word}", start_seconds + step * number, start_seconds + step * (number + 1), (1,))
            for number, word in enumerate(words)
        ),
    )


def chunk(speech_seconds: float) -> Chunk:
    whole = SampleRange(0, 10 * SAMPLE_RATE_HZ)
    return Chunk(pieces=(whole,), speech=(SampleRange(0, round(speech_seconds * SAMPLE_RATE_HZ)),))


def test_whisper_on_laughter_writes_nothing() -> None:
    """Also where the detector takes the laughter for speech, and the model is sure of its sentence."""
    assert words_in_recording(chunk(9), decoded(THANKS, no_speech=0.7)) == []


def test_whisper_adds_no_thanks_after_the_speech() -> None:
    """What was said before it stays."""
    said = decoded("The lamp burned on.", no_speech=0.7)
    added = decoded(THANKS, no_speech=0.7, start_seconds=6.0)
    kept = words_in_recording(chunk(3), replace(said, words=(*said.words, *added.words)))
    assert "".join(word.word.text for word in kept) == " The lamp burned on."


def test_spoken_thanks_are_kept() -> None:
    """Whoever says it is heard, alone and at the end of a speech."""
    alone = words_in_recording(chunk(9), decoded(THANKS, no_speech=0.3))
    assert "".join(word.word.text for word in alone) == f" {THANKS}"
    said = decoded("The lamp burned on.", no_speech=0.7)
    added = decoded(THANKS, no_speech=0.7, start_seconds=6.0)
    kept = words_in_recording(chunk(9), replace(said, words=(*said.words, *added.words)))
    assert len(kept) == 8


@pytest.fixture
def laughing() -> Iterator[Recording]:
    """Ten seconds of bursts of noise, which the voice detector takes for no speech."""
    clock = np.arange(10 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    noise = np.random.default_rng(5).standard_normal(len(clock)) * (np.sin(2 * np.pi * 4 * clock) > 0)
    with open_recording(Audio(samples=(0.2 * noise).astype(np.float32), sample_rate_hz=SAMPLE_RATE_HZ)) as recording:
        yield recording


@pytest.mark.parametrize("has_times", [True, False])
def test_a_provider_writes_nothing_for_noise(laughing: Recording, has_times: bool) -> None:
    """A sentence of the list for a recording without speech is left out, whatever the model gives beside it."""
    spoken = TimedText(" The lamp burned on.", 0.0, 4.0)
    invented = TimedText(f" {THANKS}", 4.0, 8.0, SegmentDetails(no_speech_probability=0.1))
    made = ProviderTranscript(segments=(spoken, invented), words=(), language="en")
    part = Part(0, laughing.duration_samples)
    assert believed(made, part, laughing, UNBOUNDED, has_times=has_times).segments == (spoken,)


def test_a_provider_that_is_sure_of_no_speech_is_not_listened_against(laughing: Recording) -> None:
    """Other sentences are never left out, even with a high probability of no speech."""
    said = TimedText(" The lamp burned on.", 0.0, 4.0, SegmentDetails(no_speech_probability=0.9))
    made = ProviderTranscript(segments=(said,), words=(), language="en")
    assert believed(made, Part(0, laughing.duration_samples), laughing, UNBOUNDED, has_times=True) is made
