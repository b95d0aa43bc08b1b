"""Real speech through the real protocol: spoken by Kokoro, heard by Whisper, cut into parts on the way."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.models import open_store
from sayso.providers.openai.connection import OpenAIConnection
from sayso.stt import WhisperTranscriber
from sayso.stt.openai.transcriber import OpenAITranscriber
from sayso.testing.openai_server import OpenAIServer
from sayso.types import Audio
from support.audio.transcripts import transcribed
from support.text.utterances import utterance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.settings import Settings
    from sayso.tts.engines.kokoro import KokoroEngine

pytestmark = pytest.mark.engine

SAID = (
    "The lighthouse keeper climbed the stairs before dawn, as he had done every morning.",
    "He lit the lamp, wrote the time in his book, and waited for the sun.",
    "The sea was calm, and the birds had not yet begun to cry.",
    "Far out a steamer crawled along the edge of the world, and its smoke hung behind it like a question.",
    "At six the baker's boy came up the path with two loaves under his arm.",
    "Nobody knew what the stranger wanted.",
)
PART_SECONDS = 11.0


@pytest.fixture(scope="module")
def connection(real_settings: Settings) -> Iterator[OpenAIConnection]:
    whisper = WhisperTranscriber(open_store(real_settings).path("whisper-base"))
    with (
        OpenAIServer(transcriber=whisper) as server,
        OpenAIConnection(server.key, base_url=server.base_url, timeout_seconds=250.0) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def speech(kokoro_engine: KokoroEngine) -> Audio:
    pieces = [
        kokoro_engine.synthesise(utterance(sentence), voice="af_heart", speed=1.0).audio.samples for sentence in SAID
    ]
    return Audio(samples=np.concatenate(pieces), sample_rate_hz=kokoro_engine.sample_rate_hz)


def letters(text: str) -> list[str]:
    return ["".join(filter(str.isalnum, word)) for word in text.lower().split()]


@pytest.mark.parametrize("noise_db", [None, -10.0])
def test_no_word_of_real_speech_is_lost_or_repeated_at_a_seam(
    connection: OpenAIConnection, speech: Audio, noise_db: float | None
) -> None:
    """In parts, with and without noise in the pauses, every word is there once, though a few may be misheard."""
    samples = speech.samples
    if noise_db is not None:
        hiss = np.random.default_rng(1).standard_normal(len(samples)).astype(np.float32)
        samples = samples + hiss * np.sqrt(np.mean(np.square(samples))) * np.float32(10 ** (noise_db / 20))
    audio = Audio(samples=samples, sample_rate_hz=speech.sample_rate_hz)

    made = transcribed(OpenAITranscriber(connection, part_seconds=PART_SECONDS), audio)

    said, heard = letters(" ".join(SAID)), letters(made.text)
    differences = [
        (said[first:last], heard[heard_first:heard_last])
        for kind, first, last, heard_first, heard_last in SequenceMatcher(
            None, said, heard, autojunk=False
        ).get_opcodes()
        if kind != "equal"
    ]
    assert all(len(wanted) == len(found) for wanted, found in differences), differences
    assert len(differences) <= 3
    assert made.timing == "estimated"
