"""What is made ready before the first request: the default voice, whichever engine has it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from sayso.bootstrap.api import _warm_up
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine, FakeTranscriber
from sayso.tts.selection import LocalSpeech
from sayso.types import Voice


@pytest.mark.parametrize(("voice", "warnings"), [("fake_en", 0), ("second_en", 0), ("nobody", 1)])
def test_the_default_voice_may_be_any_engines(voice: str, warnings: int) -> None:
    """It is made ready without a warning; one that no engine has is said once."""
    second = FakeSpeechEngine(voices=[Voice(name="second_en", language="en-us", engine="second")])
    engines: Any = SimpleNamespace(
        asks_local=True,
        speech={
            "kokoro": LocalSpeech("kokoro", FakeSpeechEngine),
            "piper": LocalSpeech("piper", lambda: second),
        },
        whisper={"whisper-base": FakeTranscriber()},
        default_whisper="whisper-base",
    )
    with capture_logs() as logs:
        _warm_up(engines, Settings(kokoro_voice=voice))
    assert [entry["log_level"] for entry in logs].count("warning") == warnings
    assert ("ready to listen" in {entry["event"] for entry in logs}) is not bool(warnings)
