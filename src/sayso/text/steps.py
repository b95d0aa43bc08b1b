"""Process a text of any length in steps, and allow cancellation between them.

A pattern holds the interpreter for the duration of one call, and the script of a book takes many seconds. So whole
documents are processed a few thousand characters at a time, with a call of the checkpoint in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    from sayso.types import Span

STEP_CHARACTERS = 4096
"""This much of the densest text takes a fraction of a second."""

Checkpoint: TypeAlias = "Callable[[], None]"
"""Called between steps, on the working thread; an exception that it raises ends the work."""


def never_cancel() -> None:
    """A checkpoint that never cancels."""


class Steps:
    """Counts the characters that were processed, and calls the checkpoint after each step; for one thread."""

    def __init__(self, checkpoint: Checkpoint = never_cancel) -> None:
        self._checkpoint = checkpoint
        self._characters = 0

    def advance(self, characters: int) -> None:
        """Count so many more characters as processed.

        Raises:
            Exception: raised by the checkpoint.
        """
        self._characters += characters
        if self._characters >= STEP_CHARACTERS:
            self._characters = 0
            self._checkpoint()

    def places(self, characters: re.Pattern[str], text: str, span: Span) -> Iterator[int]:
        """The offsets, within a span of a text, at which a pattern of a single character matches."""
        for start in range(span.start, span.end, STEP_CHARACTERS):
            end = min(start + STEP_CHARACTERS, span.end)
            for match in characters.finditer(text, start, end):
                yield match.start()
            self.advance(end - start)
