"""Other names of models: those of model hubs, of other servers, and OpenAI's with a date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

_DATED = re.compile(r"(?P<name>(?:gpt|tts|whisper)-.+?)-(?:\d{4}-\d{2}-\d{2}|\d{4})")
"""OpenAI's names of one state of a model, as ``gpt-4o-mini-tts-2025-12-15`` and ``tts-1-1106``."""

_HUB_WHISPER = re.compile(
    r"(?:systran|guillaumekln|openai|deepdml|mobiuslabsgmbh)/(?:faster-)?(?P<name>(?:distil-)?whisper-.+?)(?:-ct2)?"
)
_PLAIN_WHISPER = re.compile(
    r"(?:faster-whisper-)?(?P<size>(?:tiny|base|small|medium)(?:\.en)?|large(?:-v[123])?|turbo)"
)
_KOKORO = re.compile(
    r"(?:hexgrad/|onnx-community/|speaches-ai/)?kokoro(?:-82m)?(?:-v1(?:\.[01])?)?(?:-onnx)?(?:-(?:int8|fp16|q8|fp32))?"
)

_LONGEST_NAME = 200


def model_named(name: str, models: Container[str]) -> str | None:
    """The model that a name stands for: of this name, or else the first that one of its other forms names.

    A name never stands for a model of another size: the result would not be what the client asked for.

    Args:
        name: as a client sends it.
        models: the names of the models.
    """
    if name in models:
        return name
    if len(name) > _LONGEST_NAME:
        return None
    plain = name.strip().lower()
    forms = (*_forms(plain), *_forms(plain.removeprefix("openai/")))
    return next((form for form in forms if form in models), None)


def _forms(name: str) -> Iterator[str]:
    """The names of models that a name in lower case may stand for."""
    yield name
    if match := _DATED.fullmatch(name):
        yield match["name"]
    if match := _HUB_WHISPER.fullmatch(name):
        yield match["name"]
    if match := _PLAIN_WHISPER.fullmatch(name):
        yield f"whisper-{match['size']}"
    if _KOKORO.fullmatch(name):
        yield "kokoro"
