"""Builds the application from the settings: the only place where engines, models and services are wired together."""

from sayso.bootstrap.engines import (
    ENGINES,
    installed_voices,
    open_engine,
    open_speech_cache,
    open_transcriber,
    speech_source,
    speech_sources,
)

__all__ = [
    "ENGINES",
    "installed_voices",
    "open_engine",
    "open_speech_cache",
    "open_transcriber",
    "speech_source",
    "speech_sources",
]
