"""What text-to-speech and transcription servers get wrong with real models: cut texts, lost digits, drift."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bench.words import plain_words
from sayso.audio import decode
from sayso.bootstrap import open_transcriber
from support.api.app_contexts import client_of, fake_served
from support.openai_server.conformance import RATE_HZ, silent_samples, speech_of, wav

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from sayso.settings import Settings
    from sayso.tts.engines.kokoro import KokoroEngine

pytestmark = pytest.mark.engine

THINGS = (
    "bucket", "window", "ladder", "bell", "candle", "blanket", "clock", "barrel", "anchor", "mirror", "kettle",
    "carpet", "basket", "compass", "lantern", "table", "feather", "bottle", "curtain", "engine", "garden", "pillow",
    "trumpet", "needle", "saddle", "button", "pencil", "marble", "shovel", "violin", "wagon", "orange", "umbrella",
    "telescope", "newspaper",
)  # fmt: skip
FEW = 7
# One sentence without any pause, of more than the 510 phonemes that the model takes at once.
LONG_SENTENCE = f"The old keeper carried up the {' and the '.join(THINGS)} and finally a purple elephant."
BEFORE = (
    "It rained all morning, and nobody came.",
    "By noon the wind had turned to the west.",
    "At last somebody opened a window, and all of them looked out at the sea.",
)


@pytest.fixture(scope="module")
def client(kokoro_engine: KokoroEngine, real_settings: Settings) -> Iterator[TestClient]:
    served = fake_served(speech=kokoro_engine, transcriber=open_transcriber("base", real_settings))
    with client_of(served) as client:
        yield client


def spoken(client: TestClient, text: str) -> bytes:
    fields = {"model": "fake", "input": text, "voice": "af_heart", "response_format": "wav"}
    answer = client.post("/v1/audio/speech", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.content


def verbose(client: TestClient, recording: bytes) -> dict[str, Any]:
    data = {
        "model": "fake",
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word", "segment"],
        "language": "en",
    }
    answer = client.post("/v1/audio/transcriptions", data=data, files={"file": recording})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture(scope="module")
def reading(client: TestClient) -> dict[str, Any]:
    """What is heard in the sentences, the long one at last: much more than half a minute."""
    return verbose(client, spoken(client, " ".join([*BEFORE, LONG_SENTENCE])))


def test_a_long_sentence_is_not_cut(client: TestClient, reading: dict[str, Any]) -> None:
    """A sentence of more than 510 phonemes is spoken to its last word, in as much more time as it is longer."""
    part = f"The old keeper carried up the {' and the '.join(THINGS[:FEW])}."
    short = decode(io.BytesIO(spoken(client, part)), sample_rate_hz=RATE_HZ)
    begins = next(word["start"] for word in reading["words"] if "keeper" in word["word"].lower())
    assert reading["words"][-1]["end"] - begins > (len(THINGS) / FEW - 1) * short.duration_seconds
    text = reading["text"].lower()
    assert "purple elephant" in text
    assert sum(thing in text for thing in THINGS) > 0.9 * len(THINGS)


def test_digits_have_times(client: TestClient) -> None:
    """A word that is written in digits has its time, like any other."""
    answer = verbose(client, spoken(client, "In 1984 there were 25 boats, and 1,200 gulls, in the harbour."))
    digits = [word for word in answer["words"] if any(letter.isdigit() for letter in word["word"])]
    assert len(digits) >= 3
    for word in digits:
        assert 0 < word["start"] < word["end"] < answer["duration"]


def test_a_long_silence_moves_nothing(client: TestClient) -> None:
    """After half a minute of silence words are where they are said, and the silence has none."""
    first = speech_of("The lamp was lit.")
    after = speech_of("The boats came home.")
    silence_seconds = 30.0
    pieces = [_samples(first), silent_samples(silence_seconds), _samples(after)]
    answer = verbose(client, wav(np.concatenate(pieces)))
    begins_seconds = pieces[0].size / RATE_HZ + silence_seconds
    boats = next(word for word in answer["words"] if "boats" in word["word"].lower())
    assert begins_seconds < boats["start"] < boats["end"] < begins_seconds + 2
    ends_seconds = pieces[0].size / RATE_HZ
    assert not [word for word in answer["words"] if ends_seconds < word["start"] < begins_seconds - 0.5]


def test_segments_are_good_subtitles(reading: dict[str, Any]) -> None:
    """Segments are sentences or parts of them, not windows of half a minute."""
    assert reading["duration"] > 35
    assert max(segment["end"] - segment["start"] for segment in reading["segments"]) < 12
    joined = " ".join(segment["text"] for segment in reading["segments"])
    assert plain_words([joined], "en") == plain_words([reading["text"]], "en")


def _samples(data: bytes) -> Any:
    return decode(io.BytesIO(data), sample_rate_hz=RATE_HZ).samples
