"""What is heard when a realtime model rewords one sentence in ten, by the engines of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import SecretStr

from sayso.bootstrap.speech import Speech
from sayso.cache import NoCache
from sayso.narration import Document, stream, to_script
from sayso.observability import Metrics
from sayso.scheduling import UNBOUNDED
from sayso.settings import ApiSettings
from sayso.stt import TranscriptionOptions, open_recording
from sayso.testing.openai_server import OpenAIServer, RealtimeFault, reworded
from sayso.tts.cache import SpeechCache
from sayso.tts.reading_check import wrong_share
from sayso.tts.selection import select
from sayso.types import Audio
from support.openai_server.conformance import kokoro

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.resilience import Failure
    from sayso.tts.selection import SpeechSource

pytestmark = pytest.mark.engine

SENTENCES = (
    "The keeper lit the lamp before the sun went down.",
    "In the morning the fishing boats went out again.",
    "Nobody was left on the island after the storm.",
    "She counted the waves until the light came back.",
    "A letter from the mainland arrived on Thursday.",
    "The old dog slept beside the stove all winter.",
    "Rain had washed the path into the harbour.",
    "They painted the tower white every second spring.",
    "His brother still sends a card at Christmas.",
    "Then the fog lifted, and the gulls returned.",
)
WORST = 0.1
"""The share of wrong words that Whisper base may hear in speech of these sentences."""


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=kokoro(), is_realtime=True) as running:
        yield running


@pytest.fixture(scope="module")
def speech(server: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Speech]:
    directory: Path = tmp_path_factory.mktemp("realtime")
    settings = ApiSettings(openai_api_key=SecretStr(server.key), openai_base_url=server.base_url)
    settings = settings.model_copy(
        update={"cache_dir": directory, "openai_timeout_seconds": 250.0, "openai_check_seconds": 0.0}
    )
    opened = Speech(settings, Metrics())
    yield opened
    opened.close()


@pytest.mark.parametrize("fault", [RealtimeFault.REWORDED, RealtimeFault.HIDDEN])
def test_what_is_heard_is_the_text(server: OpenAIServer, speech: Speech, fault: RealtimeFault) -> None:
    """Every reading of the fifth sentence goes wrong: it alone is spoken by Kokoro, and what is heard is the text."""
    assert server.realtime is not None
    server.forget()
    server.models.retire("tts-1")
    bad = SENTENCES[4]
    realtime = server.realtime
    realtime.faults_for(lambda text: fault if text == bad else None)
    failures: list[Failure] = []
    chain = speech.engines.catalogue(failures.append).speech_model("tts-1").with_voice("alloy")

    def speak(source: SpeechSource) -> Audio:
        engine, voice = select((source,), "alloy", UNBOUNDED)
        document = Document(text=" ".join(SENTENCES), name="said", markdown=False)
        script = to_script(document, engine, voice=voice)
        pieces = stream(script, engine, SpeechCache(NoCache()), speed=1.0)
        return Audio(samples=np.concatenate(list(pieces)), sample_rate_hz=engine.sample_rate_hz)

    made = chain.run(speak)
    assert (made.engine, made.model) == ("openai", "gpt-realtime-2.1-mini")
    with open_recording(made.result) as recording:
        whisper = speech.engines.whisper[speech.engines.default_whisper]
        heard = whisper.transcribe(recording, TranscriptionOptions(language="en")).text
    assert wrong_share(" ".join(SENTENCES), heard, "en-us") <= WORST, heard
    assert wrong_share(reworded(bad), heard, "en-us") > WORST
    assert [failure.reason for failure in failures if failure.reason != "model_retired"] == ["reworded"]
