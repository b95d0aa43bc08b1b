"""Open the store that the settings describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.models.sources.registry import source_openers
from sayso.models.store import ModelStore

if TYPE_CHECKING:
    from sayso.settings import EngineSettings, SpeechSettings


def installed_models(settings: EngineSettings) -> ModelStore:
    """The store at ``MODELS_BASE_PATH`` for those who look for what has been pulled, and pull nothing."""
    return ModelStore(settings.models_base_path, sources={})


def open_store(settings: SpeechSettings) -> ModelStore:
    """The store at ``MODELS_BASE_PATH``, which pulls.

    A configured directory or S3 prefix is tried before the places of the catalogue: a mirror is set up to be used.
    """
    mirrors = []
    if settings.models_dir is not None:
        mirrors.append(f"directory:{settings.models_dir}")
    if settings.models_s3 is not None:
        mirrors.append(settings.models_s3)
    return ModelStore(settings.models_base_path, sources=source_openers(settings), mirrors=mirrors)
