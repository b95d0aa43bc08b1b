"""Work on a text of any length, in steps between which it can be stopped.

A pattern holds the interpreter for as long as one call of it takes, and a script of a book takes many seconds. So
whatever is done to a whole document here is done a few thousand characters at a time, and says so in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    from sayso.types import Span

STEP_CHARACTERS = 4096
"""So much of the densest text takes a fraction of a second."""

Checkpoint: TypeAlias = "Callable[[], None]"
"""Called between steps, on the thread that works; what it raises ends the work."""


def go_on() -> None:
    """The checkpoint of work that nobody stops."""


class Steps:
    """Counts the characters that were worked on, and calls the checkpoint after each step; for one thread."""

    def __init__(self, checkpoint: Checkpoint = go_on) -> None:
        self._checkpoint = checkpoint
        self._characters = 0

    def passed(self, characters: int) -> None:
        """So many more have been worked on.

        Raises:
            Exception: what the checkpoint raises.
        """
        self._characters += characters
        if self._characters >= STEP_CHARACTERS:
            self._characters = 0
            self._checkpoint()

    def places(self, characters: re.Pattern[str], text: str, span: Span) -> Iterator[int]:
        """Where, within a span of a text, a pattern of a single character matches."""
        for start in range(span.start, span.end, STEP_CHARACTERS):
            end = min(start + STEP_CHARACTERS, span.end)
            for match in characters.finditer(text, start, end):
                yield match.start()
            self.passed(end - start)
