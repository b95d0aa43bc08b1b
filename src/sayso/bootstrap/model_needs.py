"""Which models the local engines need, and how they get those that are missing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from sayso.bootstrap.local_engines import has_local_engines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.models import ModelPulls
    from sayso.settings import EngineSettings, SpeechSettings
    from sayso.types import Voice

    Obtain: TypeAlias = Callable[[Sequence[str]], None]
    """Gets models that are missing, or raises `ModelMissing`."""

KOKORO = "kokoro"
PIPER = "piper"

MODELS: Mapping[str, Sequence[str]] = {
    KOKORO: ("kokoro-82m-int8", "kokoro-voices"),
    PIPER: ("piper-en_US-joe-medium",),
}
"""The models of the catalogue that each engine of speech needs."""


def known_voices(engine: str) -> Sequence[Voice]:
    """The voices that an engine has once its models are here; none of an engine that needs none."""
    from sayso.types import Voice

    if engine not in MODELS:
        return []
    if engine == PIPER:
        return [Voice(name="en_US-joe-medium", language="en-us", engine=PIPER)]
    from sayso.models.kokoro_voices import KOKORO_VOICES
    from sayso.tts.engines.kokoro.voices import language_of_voice

    return [Voice(name=name, language=language_of_voice(name), engine=KOKORO) for name in KOKORO_VOICES]


def obtaining(obtain: Obtain | None, models: Sequence[str]) -> Callable[[], None] | None:
    """The function that gets these models; None where none are got, or none are needed."""
    return None if obtain is None or not models else partial(obtain, models)


def open_pulls(settings: SpeechSettings) -> ModelPulls | None:
    """The pulls of a service; None where models are not pulled by themselves, or no engine could use them."""
    if not settings.pull_models or not has_local_engines():
        return None
    from sayso.models import ModelPulls, open_store

    return ModelPulls(open_store(settings), offline=settings.offline)


def models_of_the_start(settings: EngineSettings, default_whisper: str) -> Sequence[str]:
    """The models of the catalogue that a service with the default voice and the default Whisper needs."""
    speaking = () if settings.kokoro_model is not None else MODELS[KOKORO]
    from sayso.models.hub_whispers import REPOSITORIES

    is_elsewhere = settings.whisper_directory is not None or settings.whisper_model in REPOSITORIES
    return (*speaking, *(() if is_elsewhere else (default_whisper,)))
