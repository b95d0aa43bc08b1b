"""A script of any text is made in short steps, and can be stopped after each."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

import pytest

from sayso.errors import Cancelled
from sayso.text import ScriptOptions, check_script, write_script
from sayso.text.paragraphs import LONGEST_PIECE
from sayso.text.steps import STEP_CHARACTERS
from sayso.types import Boundary, Script

if TYPE_CHECKING:
    from collections.abc import Callable

MARKDOWN = ScriptOptions(voice="a", language="en-us", language_of_voice=lambda _: "en-us")
LINK = "the *lamp* is [lit](https://example.com/{number})"
SENTENCES = [f"In room {number} {LINK.format(number=number)}, and it is late." for number in range(400)]

UNITS = ["The lamp is lit, and it is late. ", "a ", "a.\n\n", "1", "[", "*a", "<b>", "漢", "[pause 1s]", "&amp;", "\n"]


def longest_step(text: str) -> float:
    """The longest processor time between two checkpoints, in seconds."""
    steps: list[float] = []
    last = time.thread_time()

    def checkpoint() -> None:
        nonlocal last
        now = time.thread_time()
        steps.append(now - last)
        last = now

    gc.collect()
    gc.disable()  # which takes its time whenever it likes
    try:
        write_script(text, MARKDOWN, checkpoint)
        checkpoint()
    finally:
        gc.enable()
    return max(steps)


@pytest.mark.parametrize("unit", UNITS)
def test_the_longest_step_does_not_grow_with_the_text(unit: str) -> None:
    """Four times as much text has steps as short, in one paragraph as in many."""
    short, long = (unit * (size // len(unit)) + "\n\nThe end." for size in (2 * STEP_CHARACTERS, 8 * STEP_CHARACTERS))
    enough = max(2 * longest_step(short), 0.05)
    assert longest_step(long) < enough or longest_step(long) < enough


class Stopper:
    """A checkpoint that stops the work when it has been called this often."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> None:
        assert self.left > 0, "the work went on after it was stopped"
        self.left -= 1
        if not self.left:
            raise Cancelled("The request was cancelled.")


@pytest.mark.parametrize("work", [write_script, check_script])
@pytest.mark.parametrize("unit", UNITS)
def test_the_work_ends_where_it_is_stopped(work: Callable[..., object], unit: str) -> None:
    """At the first checkpoint as at a later one."""
    text = unit * (40 * STEP_CHARACTERS // len(unit)) + "\n\nThe end."
    for after in (1, 5):
        with pytest.raises(Cancelled):
            work(text, MARKDOWN, Stopper(after))


def said(script: Script) -> list[str]:
    return [token.spoken for line in script.lines for token in line.utterance.tokens]


def test_a_paragraph_longer_than_a_piece_is_read_as_its_sentences_are() -> None:
    """Nothing is lost or cut where one piece ends and the next begins, and no markup is spoken there."""
    together = write_script(" ".join(SENTENCES), MARKDOWN)
    disjoint = write_script("\n\n".join(SENTENCES), MARKDOWN)
    assert len(" ".join(SENTENCES)) > 4 * LONGEST_PIECE
    assert said(together) == said(disjoint)
    ends = [line.utterance.tokens[-1].boundary for line in together.lines]
    assert ends == [Boundary.SENTENCE] * (len(ends) - 1) + [Boundary.PARAGRAPH]
    assert {line.pause_after_seconds for line in together.lines[:-1]} == {MARKDOWN.pauses.sentence}


def test_a_sentence_longer_than_a_piece_loses_no_word() -> None:
    """It is cut between words, and the pause there is one within a sentence."""
    words = [f"w{'abc'[number % 3]}" for number in range(4 * LONGEST_PIECE)]
    script = write_script(" ".join(words), MARKDOWN)
    assert said(script) == words
    assert {line.pause_after_seconds for line in script.lines[:-1]} == {MARKDOWN.pauses.clause}


def test_a_text_without_spaces_has_none_where_it_is_cut() -> None:
    """Subtitles show such a text as it was written."""
    script = write_script("灯" * (3 * LONGEST_PIECE), MARKDOWN)
    tokens = [token for line in script.lines for token in line.utterance.tokens]
    assert "".join(token.span.of(script.text) for token in tokens) == script.text
    assert all(token.joined for token in tokens[1:])
