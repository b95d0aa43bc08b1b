"""Opens the narrator of stories from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.narration import MAXIMUM_BYTES
from sayso.net import fetch
from sayso.stories import Narrator, check_prose_type

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sayso.scheduling import RequestContext
    from sayso.settings import NarratingSettings
    from sayso.tts.cache import SpeechCache
    from sayso.tts.selection import SpeechSource


def open_narrator(settings: NarratingSettings, *, sources: Sequence[SpeechSource], cache: SpeechCache) -> Narrator:
    """The narrator.

    Args:
        settings: the default voice, limits, and how texts are fetched.
        sources: the available engines.
        cache: of speech.
    """

    def fetched(url: str, directory: Path, context: RequestContext) -> Path:
        return fetch(
            url,
            directory,
            maximum_bytes=MAXIMUM_BYTES,
            timeout_seconds=settings.fetch_seconds,
            private_hosts=settings.private_hosts,
            check_type=check_prose_type,
            context=context,
        )

    return Narrator(
        sources=sources,
        cache=cache,
        voice=settings.kokoro_voice,
        fetch=fetched,
        maximum_seconds=settings.max_narration_seconds,
    )
