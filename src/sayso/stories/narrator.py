"""Make the files of a story in a directory: the part that computes, on the caller's thread."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sayso.errors import FetchRefused, ModelMissing, NotInstalled, OutputFailed, ServiceUnavailable
from sayso.files import PROSE_HINT, decode_prose
from sayso.narration import MARKDOWN_SUFFIXES, Document, narrate
from sayso.tts.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sayso.narration import Narration, Progress
    from sayso.scheduling import RequestContext
    from sayso.stories.messages import Story
    from sayso.tts.cache import SpeechCache
    from sayso.tts.selection import SpeechSource

_STEM = "story"

_NO_PROSE = re.compile(
    r"text/(html|xml|css|rtf|javascript)|application/(xhtml\+xml|xml|pdf|rtf|json|zip|gzip|javascript|msword|vnd\..*)"
    r"|(audio|font|image|model|video)/.*"
)
"""Media types that are not texts to read aloud."""


def check_prose_type(kind: str) -> None:
    """Refuse a media type of anything but a text to read aloud.

    Raises:
        FetchRefused: it is one.
    """
    if _NO_PROSE.fullmatch(kind):
        raise FetchRefused(f"The URL gives {kind}, not a text to read aloud.", hint=PROSE_HINT)


class Maker(Protocol):
    """Makes the files of stories; threads share it."""

    def make(
        self, story: Story, directory: Path, context: RequestContext, on_progress: Callable[[Progress], None]
    ) -> Narration:
        """See `Narrator.make`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Narrator:
    """Makes the files of stories; threads share it.

    Attributes:
        sources: the available engines; the first that has a story's voice is used.
        cache: of speech.
        voice: the default voice.
        fetch: downloads the text of a story that names a URL, into a directory.
        maximum_seconds: the longest audio of one story; None for any length.
    """

    sources: Sequence[SpeechSource]
    cache: SpeechCache
    voice: str
    fetch: Callable[[str, Path, RequestContext], Path]
    maximum_seconds: float | None = None

    def make(
        self, story: Story, directory: Path, context: RequestContext, on_progress: Callable[[Progress], None]
    ) -> Narration:
        """Narrate a story into ``directory/story.mp3`` and so on, one file for each format of its spec.

        Raises:
            Cancelled: the context says so.
            ServiceUnavailable: this machine has no disk space, or lacks a model; another may do the job.
            SaysoError: as for `narrate`.
        """
        try:
            engine, voice = select(self.sources, story.spec.voice or self.voice, context)
            return narrate(
                self._document(story, directory, context),
                engine,
                self.cache.of(story.owner),
                story.spec,
                directory,
                voice=voice,
                maximum_seconds=self.maximum_seconds,
                on_progress=on_progress,
                context=context,
            )
        except (ModelMissing, NotInstalled, OutputFailed) as error:
            raise ServiceUnavailable(f"This worker cannot narrate: {error.message}", hint=error.hint) from error

    def _document(self, story: Story, directory: Path, context: RequestContext) -> Document:
        is_markdown = story.spec.markdown
        if story.text is not None:
            return Document(text=story.text, name=_STEM, markdown=bool(is_markdown))
        file = self.fetch(story.url or "", directory, context)
        if is_markdown is None:
            is_markdown = file.suffix in MARKDOWN_SUFFIXES
        text = decode_prose(file.read_bytes(), "What the URL gives")
        file.unlink()
        return Document(text=text, name=_STEM, markdown=is_markdown)
