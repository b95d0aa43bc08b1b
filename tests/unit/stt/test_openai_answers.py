"""The answers of services with OpenAI's protocol: what is read of those that leave numbers out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sayso.providers.openai import Answer
from sayso.stt.openai.answers import read_answer


def answer(**body: Any) -> Answer:
    return Answer(body=json.dumps(body).encode(), content_type="application/json")


FIGURES = ("tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob", "speaker")


@pytest.mark.parametrize("figure", FIGURES)
def test_figures_that_are_null_are_unknown(figure: str) -> None:
    """A segment without one of its figures is used; it is no failure of the service."""
    segment = {"text": " It was late.", "start": 0.0, "end": 1.5, figure: None}
    read = read_answer(answer(text="It was late.", segments=[segment], words=None), duration_seconds=2.0)
    assert [(one.text, one.start_seconds, one.end_seconds) for one in read.segments] == [(" It was late.", 0.0, 1.5)]
    assert read.words == ()


@pytest.mark.parametrize("missing", [{"start": None}, {"end": None}, {"start": None, "end": None}])
def test_segments_without_times_share_the_recording(missing: dict[str, None]) -> None:
    """The text is not lost: its sentences get their characters' share of the time."""
    segments = [{"text": " It was late.", "start": 0.0, "end": 1.0} | missing]
    read = read_answer(answer(text="It was late.", segments=segments), duration_seconds=2.0)
    assert [(one.text, one.start_seconds, one.end_seconds) for one in read.segments] == [("It was late.", 0.0, 2.0)]


def test_words_without_times_are_left_out() -> None:
    """The words that have times are used."""
    words = [{"word": "It", "start": 0.0, "end": 0.2}, {"word": "was", "start": None, "end": None}]
    read = read_answer(answer(text="It was", words=words), duration_seconds=1.0)
    assert [word.text for word in read.words] == ["It"]
