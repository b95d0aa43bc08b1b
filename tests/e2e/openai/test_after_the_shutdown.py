"""After OpenAI's shutdown: unchanged clients keep times, subtitles, translations and speech.

The provider is a stand-in on which the models are retired, each with another error, and ``gpt-transcribe`` answers as
documented: text and languages. `sayso run api` stands before it with its own engines.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import numpy as np
import pytest
from openai import OpenAI

from bench.server import ServerProcess
from sayso.models import open_store
from sayso.settings import load_settings
from sayso.stt import WhisperTranscriber
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer
from support.openai_server.conformance import silent_samples, spoken_words, wav

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from support.openai_server.conformance import SpokenWord

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning"),
]

SENTENCES = ("The keeper lit the lamp.", "In the morning the boats went out again.", "Nobody was left on the island.")
RETIRED = {"whisper-1": 404, "gpt-4o-transcribe": 410, "tts-1": 410, "gpt-4o-mini-tts": 404}
"""Retired without a date; those below have one in the list of models."""

DATED = {"gpt-4o-mini-transcribe": 503, "gpt-4o-transcribe-diarize": 403, "tts-1-hd": 400}
MEAN_ERROR_SECONDS = 0.08
"""More than twice what the aligner reaches on Kokoro's voices: see docs/benchmarks.md."""


@dataclass(frozen=True, kw_only=True)
class After:
    """The server after the shutdown, and the provider behind it."""

    server: ServerProcess
    provider: OpenAIServer
    client: OpenAI


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[After]:
    whisper = WhisperTranscriber(open_store(load_settings()).path("whisper-base"), threads=1)
    with OpenAIServer(speech=FakeSpeechEngine(), transcriber=whisper) as provider:
        for model, status in (RETIRED | DATED).items():
            provider.models.retire(model, status=status, is_listed=model in DATED)
        provider.models.date(*DATED, on="2026-01-01")
        settings = {
            "OPENAI_API_KEY": provider.key,
            "OPENAI_BASE_URL": provider.base_url,
            "SAYSO_OPENAI_TIMEOUT_SECONDS": "120",
        }
        with (
            ServerProcess(tmp_path_factory.mktemp("after"), settings) as server,
            OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0, timeout=240) as client,
        ):
            yield After(server=server, provider=provider, client=client)


@pytest.fixture(scope="module")
def said() -> tuple[bytes, Sequence[SpokenWord]]:
    """A recording, and when Kokoro says each word of it."""
    samples, words = spoken_words(*SENTENCES)
    return wav(np.concatenate([samples, silent_samples(0.5)])), words


def asked(after: After, model: str) -> int:
    return sum(request.fields.get("model") == model for request in after.provider.requests)


def test_words_have_the_times_of_their_sound(after: After, said: tuple[bytes, Sequence[SpokenWord]]) -> None:
    """whisper-1 with word times, from a model that gives none: within the aligner's figures; numbers are never null."""
    recording, words = said
    raw = after.client.audio.transcriptions.with_raw_response.create(
        model="whisper-1",
        file=("night.wav", recording),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert (raw.headers["x-sayso-engine"], raw.headers["x-sayso-model"]) == ("openai", "gpt-transcribe")
    answer: dict[str, Any] = json.loads(raw.content)
    assert answer["language"] == "english"
    heard = [word["word"].lower() for word in answer["words"]]
    assert len(heard) == len(words)
    assert sum(found == word.text.lower() for found, word in zip(heard, words, strict=True)) >= len(words) - 2
    errors = [abs(found["start"] - word.start_seconds) for found, word in zip(answer["words"], words, strict=True)]
    assert float(np.mean(errors)) < MEAN_ERROR_SECONDS, errors
    for segment in answer["segments"]:
        assert all(value is not None for value in segment.values())
        assert segment["avg_logprob"] > -1
    assert len(answer["segments"]) == len(SENTENCES)


@pytest.mark.parametrize(
    ("model", "response_format"),
    [
        ("whisper-1", "srt"),
        ("whisper-1", "text"),
        ("gpt-4o-transcribe", "vtt"),
        ("gpt-4o-transcribe", "verbose_json"),
        ("gpt-4o-mini-transcribe", "json"),
        ("gpt-4o-mini-transcribe", "srt"),
    ],
)
def test_every_format_of_every_name(
    after: After, said: tuple[bytes, Sequence[SpokenWord]], model: str, response_format: Any
) -> None:
    """No request fails, and one at most reaches the retired model: none if its date was in the list."""
    answer = after.client.audio.transcriptions.create(
        model=model, file=("night.wav", said[0]), response_format=response_format
    )
    text = answer if isinstance(answer, str) else answer.text
    assert "boats" in text
    assert asked(after, model) <= (0 if model in DATED else 1)
    if response_format == "srt":
        assert text.startswith("1\n00:00:00,")


def test_translations_are_made_here(after: After, french_recording: bytes) -> None:
    raw = after.client.audio.translations.with_raw_response.create(
        model="whisper-1", file=("phare.wav", french_recording), response_format="srt"
    )
    assert raw.headers["x-sayso-engine"] == "whisper-base"
    assert any(word in raw.text.lower() for word in ("lamp", "lighthouse", "keeper", "evening", "cold"))


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"])
def test_speech_goes_on(after: After, model: str) -> None:
    """With OpenAI's voices, by the next engine; a second request does not reach the provider again."""
    for _ in range(2):
        raw = after.client.audio.speech.with_raw_response.create(
            model=model, voice="alloy", input=SENTENCES[0], response_format="wav"
        )
        assert raw.headers["x-sayso-engine"] == "kokoro"
        assert len(raw.content) > 24_000
    assert asked(after, model) <= (0 if model in DATED else 1)


def test_health_and_metrics_name_what_is_retired(after: After) -> None:
    health = httpx2.get(f"{after.server.root_url}/health").json()
    entries = {entry["model"]: entry for entry in health["shutdown"]}
    assert entries["gpt-4o-mini-transcribe"]["shutdown_date"] == "2026-01-01"
    assert entries["gpt-4o-mini-transcribe"]["successor"] == "gpt-transcribe"
    metrics = httpx2.get(f"{after.server.root_url}/metrics").text
    assert 'sayso_model_shutdown_days{model="tts-1-hd",provider="openai"} -' in metrics


def test_the_node_client_is_served_after_it(after: After, node_directory: Path) -> None:
    """OpenAI's client for Node.js, unchanged: words, subtitles, a translation, speech."""
    ran = subprocess.run(
        ["node", str(node_directory / "after_the_shutdown.mjs")],  # noqa: S607 -- whichever node the developer has
        env=os.environ | {"OPENAI_BASE_URL": after.server.base_url, "OPENAI_API_KEY": after.server.key},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])["model"] == "gpt-transcribe"
