"""Captions are of the author's words: numbers and curly apostrophes as they were written, each with its place."""

from __future__ import annotations

import base64
import io
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from sayso.audio import decode
from sayso.testing import FakeSpeechEngine
from support.api.app_contexts import client_of, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

TEXT = "On March 3rd Dr. Green’s boat didn’t sail: it cost £3.50, or 1,250 “old” pennies… Don't ask why."

FIELDS = {"model": "fake", "input": TEXT, "voice": "fake_en"}

WRITTEN = ("3rd", "Dr.", "Green’s", "didn’t", "£3.50", "1,250", "old", "Don't", "why")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served()) as client:
        yield client


def whole(client: TestClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/audio/speech/captions", json=FIELDS | {"response_format": "wav"} | fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def streamed(client: TestClient) -> list[dict[str, Any]]:
    fields = FIELDS | {"response_format": "pcm", "stream_format": "sse"}
    answer = client.post("/v1/audio/speech/captions", json=fields)
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]


def streamed_words(client: TestClient) -> list[dict[str, Any]]:
    return [word for event in streamed(client) for word in event.get("words", [])]


@pytest.fixture(scope="module", params=["whole", "streamed"])
def words(request: pytest.FixtureRequest, client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = whole(client)["words"] if request.param == "whole" else streamed_words(client)
    return found


def test_words_are_the_authors(words: list[dict[str, Any]]) -> None:
    """A word is what was written, however it is said: what a page lights up is what stands there."""
    places = [TEXT[word["char_start"] : word["char_end"]] for word in words]
    for written in WRITTEN:
        assert any(written in place for place in places), (written, places)
    assert "three" not in " ".join(word["text"] for word in words).lower()


def test_every_letter_and_digit_has_a_time(words: list[dict[str, Any]]) -> None:
    """No letter and no digit of the text is without a word, and no word without a time."""
    covered = {place for word in words for place in range(word["char_start"], word["char_end"])}
    assert [TEXT[place] for place in range(len(TEXT)) if TEXT[place].isalnum() and place not in covered] == []
    assert all(0 <= word["start"] < word["end"] for word in words)
    assert all(before["end"] <= after["start"] + 0.001 for before, after in pairwise(words))
    assert all(before["char_end"] <= after["char_start"] for before, after in pairwise(words))


def test_the_last_word_ends_with_the_sound(client: TestClient) -> None:
    """No word and no cue outlives the audio."""
    answer = whole(client, subtitles=["srt", "vtt"])
    sound = decode(io.BytesIO(base64.b64decode(answer["audio"])), sample_rate_hz=24_000)
    assert answer["words"][-1]["end"] <= sound.duration_seconds
    for form in ("srt", "vtt"):
        assert "£3.50" in answer["subtitles"][form]
        assert "didn’t" in answer["subtitles"][form]


def test_streamed_words_come_before_their_sound(client: TestClient) -> None:
    """While they stream, a word is told before the sound that holds its beginning, so that it can be lit in time."""
    sounded_seconds = 0.0
    for event in streamed(client):
        for word in event.get("words", []):
            assert word["start"] >= sounded_seconds
        if event["type"] == "speech.audio.delta":
            sounded_seconds += len(base64.b64decode(event["audio"])) / 2 / 24_000


def test_an_engine_without_times_says_so() -> None:
    """Where the engine gives no times, they are shared out by sentence, and the answer says that they are."""
    with client_of(fake_served(speech=FakeSpeechEngine(timed=False))) as client:
        assert whole(client)["timing"] == "naive"
    with client_of(fake_served()) as client:
        assert whole(client)["timing"] == "exact"
