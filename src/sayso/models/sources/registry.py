"""The kinds of sources, by the name that a place begins with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sayso.models.sources.directory import DirectorySource
from sayso.models.sources.hub import HubSource
from sayso.models.sources.npm import NpmSource
from sayso.models.sources.pypi import PypiSource
from sayso.models.sources.s3 import S3Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sayso.models.sources.base import Source
    from sayso.settings import SpeechSettings


def source_openers(settings: SpeechSettings) -> Mapping[str, Callable[[], Source]]:
    """How to open each kind of source; a new kind is one more line."""
    return {
        "directory": DirectorySource,
        "hub": HubSource,
        "npm": NpmSource,
        "pypi": PypiSource,
        "s3": partial(S3Source, settings),
    }
