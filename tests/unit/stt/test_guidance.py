"""Which languages, keywords and prompts each model is sent."""

from __future__ import annotations

from typing import Any

import pytest

from sayso.stt import TranscriptionOptions
from sayso.stt.openai.guidance import cleaned, guidance
from sayso.stt.openai.transcriber import openai_transcription


def sent(model: str, **options: Any) -> dict[str, Any]:
    return guidance(openai_transcription(model), TranscriptionOptions(**options))


@pytest.mark.parametrize(
    ("model", "options", "fields"),
    [
        ("gpt-transcribe", {"language": "en"}, {"languages": ["en"]}),
        ("gpt-transcribe", {"languages": ("en", "fr", "en")}, {"languages": ["en", "fr"]}),
        ("gpt-transcribe", {}, {}),
        ("gpt-transcribe", {"keywords": ("Sayso",), "prompt": "A talk."}, {"keywords": ["Sayso"], "prompt": "A talk."}),
        ("whisper-1", {"language": "en"}, {"language": "en"}),
        ("whisper-1", {"languages": ("fr",)}, {"language": "fr"}),
        ("whisper-1", {"languages": ("en", "fr")}, {}),
        ("whisper-1", {"keywords": ("Sayso", "Kokoro"), "prompt": "A talk."}, {"prompt": "A talk., Sayso, Kokoro"}),
        ("whisper-1", {"language": "fr", "task": "translate"}, {}),
        ("gpt-4o-transcribe-diarize", {"prompt": "A talk.", "keywords": ("Sayso",)}, {}),
    ],
)
def test_a_model_gets_what_it_takes(model: str, options: dict[str, Any], fields: dict[str, Any]) -> None:
    """The language in one field and never in both, and keywords in their field or in the prompt."""
    assert sent(model, **options) == fields


@pytest.mark.parametrize(
    ("keyword", "shown"),
    [
        ("<b>Sayso</b>", "b Sayso /b"),
        ("two\r\nlines", "two lines"),
        ("next\x85line\u2028and\u2029another", "next line and another"),
        ("  much   space\t", "much space"),
        ("<>", None),
        ("\n", None),
        ("Ångström", "Ångström"),
    ],
)
def test_no_keyword_has_what_openai_rejects(keyword: str, shown: str | None) -> None:
    assert cleaned([keyword]) == ([] if shown is None else [shown])


def test_a_keyword_is_sent_once() -> None:
    assert cleaned(["Sayso", "Sayso ", "<Sayso>"]) == ["Sayso"]
