"""429: a server without room, and a client who asks too often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest
from openai import OpenAI

from bench.server import ServerProcess
from support.openai_server.conformance import problem, silent_samples, wav

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine

LONG_TEXT = "The lamp burned on. " * 500


@pytest.fixture(scope="module")
def small_server(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with one place, that may be asked 30 times a minute."""
    if not target.is_ours:
        pytest.skip("how much room another server has is not ours to set")
    settings = {"SAYSO_PLACES": "1", "SAYSO_RATE_LIMIT": "30/minute"}
    with ServerProcess(tmp_path_factory.mktemp("small"), settings) as server:
        yield server


@pytest.fixture
def guest(small_server: ServerProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=small_server.base_url, api_key=small_server.key, max_retries=0, timeout=60) as opened:
        yield opened


def test_a_full_server_says_when_to_come_again(guest: OpenAI) -> None:
    """While the only place is taken others get 429 with Retry-After; a client that goes away frees it at once."""
    with guest.audio.speech.with_streaming_response.create(
        model="kokoro", input=LONG_TEXT, voice="af_heart", response_format="pcm"
    ) as held:
        pieces = held.iter_bytes(1024)  # kept: an iterator that is dropped closes the connection
        next(pieces)
        with pytest.raises(openai.RateLimitError) as raised:
            guest.audio.speech.create(model="tts-1", input="It is late.", voice="alloy")
        assert int(raised.value.response.headers["retry-after"]) >= 1
        problem(raised.value)
        with pytest.raises(openai.RateLimitError) as raised:
            guest.audio.transcriptions.create(model="whisper-1", file=("quiet.wav", wav(silent_samples(1.0))))
        assert int(raised.value.response.headers["retry-after"]) >= 1
    patient = guest.with_options(max_retries=2)  # the server sees that a connection closes when its loop comes round
    assert patient.audio.speech.create(model="tts-1", input="It is late.", voice="alloy").content


def test_asking_too_often_is_429(guest: OpenAI) -> None:
    """Above the rate of a key, requests are 429 with the seconds to wait."""

    def ask_often() -> None:
        for _ in range(31):
            guest.models.list()

    with pytest.raises(openai.RateLimitError) as raised:
        ask_often()
    assert int(raised.value.response.headers["retry-after"]) >= 1
    problem(raised.value)
