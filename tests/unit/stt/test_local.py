"""A local transcriber whose model is replaced while it serves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sayso.errors import ModelReplaced
from sayso.stt import LocalTranscriber, open_recording
from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.testing import FakeTranscriber
from sayso.types import Audio

HUM = Audio(samples=np.full(SAMPLE_RATE_HZ, 0.1, np.float32), sample_rate_hz=SAMPLE_RATE_HZ)


class Stale(FakeTranscriber):
    """One that is not in memory, and whose files are others now."""

    def transcribe(self, *_args: Any, **_options: Any) -> Any:
        raise ModelReplaced("The model was replaced.")


def heard(transcriber: LocalTranscriber) -> str:
    with open_recording(HUM) as recording:
        return transcriber.transcribe(recording).text


def test_each_request_has_the_current_model() -> None:
    now = [FakeTranscriber("The first.")]
    transcriber = LocalTranscriber("local", lambda: now[0], reopen=lambda stale: stale)
    assert heard(transcriber) == "The first."
    now[0] = FakeTranscriber("The second.")
    assert heard(transcriber) == "The second."


def test_a_model_whose_files_are_gone_is_opened_again() -> None:
    """The request that finds it so is answered by what is there now."""
    stale = Stale()
    given: list[object] = []

    def reopen(old: object) -> FakeTranscriber:
        given.append(old)
        return FakeTranscriber("What is there now.")

    assert heard(LocalTranscriber("local", lambda: stale, reopen=reopen)) == "What is there now."
    assert given == [stale]


def test_a_model_of_the_catalogue_is_opened_once() -> None:
    opened: list[FakeTranscriber] = []

    def open_transcriber() -> FakeTranscriber:
        opened.append(FakeTranscriber())
        return opened[-1]

    transcriber = LocalTranscriber("local", open_transcriber)
    assert heard(transcriber) == heard(transcriber)
    assert len(opened) == 1
    with pytest.raises(ModelReplaced):
        heard(LocalTranscriber("local", Stale))
