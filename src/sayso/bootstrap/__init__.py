"""Settings in, parts out: the one place where engines, models and services are wired together."""

from sayso.bootstrap.engines import (
    ENGINES,
    engine_for,
    installed_voices,
    open_engine,
    open_speech_cache,
    open_transcriber,
)

__all__ = [
    "ENGINES",
    "engine_for",
    "installed_voices",
    "open_engine",
    "open_speech_cache",
    "open_transcriber",
]
