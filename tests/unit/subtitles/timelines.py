"""Timelines to test with: a text spoken at an even rate, or words at given times."""

from __future__ import annotations

import re
from typing import NamedTuple

from sayso.subtitles import TimelineBuilder
from sayso.types import Boundary, Cue, CueWord, Span, Timeline, Token, TokenTime

RATE_HZ = 24_000

LIT = Cue(
    start_ms=1000,
    end_ms=3000,
    lines=("One two-three", "four"),
    words=(
        CueWord(text="One", start_ms=1000, end_ms=1204),
        CueWord(text="two-", start_ms=1309, end_ms=1700),
        CueWord(text="three", start_ms=1700, end_ms=2000, joined=True),
        CueWord(text="four", start_ms=2200, end_ms=2900, line=1),
    ),
)
"""A cue of two lines whose words have times of their own."""


class Said(NamedTuple):
    """A word and how long it lasts, in milliseconds, with the silence after it."""

    text: str
    ms: int
    pause_ms: int = 0
    boundary: Boundary = Boundary.NONE
    joined: bool = False


def timeline_of(words: list[Said], *, start_ms: int = 0, rate_hz: int = RATE_HZ) -> Timeline:
    """The words one after the other, each in an utterance of its own."""
    text = " ".join(word.text for word in words)
    builder = TimelineBuilder(text, rate_hz)
    builder.pause(start_ms * rate_hz // 1000)
    offset = 0
    for word in words:
        length = word.ms * rate_hz // 1000
        token = Token(
            spoken=word.text,
            span=Span(start=offset, end=offset + len(word.text)),
            joined=word.joined,
            boundary=word.boundary,
        )
        builder.append([token], [TokenTime(start_sample=0, end_sample=length)], length_samples=length)
        builder.pause(word.pause_ms * rate_hz // 1000)
        offset += len(word.text) + 1
    return builder.build()


def spoken(text: str, *, columns_per_second: float = 14, pause_ms: int = 350) -> Timeline:
    """The text at an even rate, with a pause after each sentence; a blank line ends a paragraph."""
    builder = TimelineBuilder(text, RATE_HZ)
    for match in re.finditer(r"(\S+)(\s*)", text):
        shown, space = match.groups()
        core = re.search(r"\w(?:.*\w)?", shown)
        assert core is not None
        boundary = _boundary(shown, space, last=match.end() == len(text))
        token = Token(
            spoken=core.group(),
            span=Span(start=match.start() + core.start(), end=match.start() + core.end()),
            lead=shown[: core.start()],
            trail=shown[core.end() :],
            boundary=boundary,
        )
        length = int((len(shown) + 1) / columns_per_second * RATE_HZ)
        builder.append([token], [TokenTime(start_sample=0, end_sample=length)], length_samples=length)
        if boundary >= Boundary.SENTENCE:
            builder.pause(pause_ms * RATE_HZ // 1000)
    return builder.build()


def _boundary(shown: str, space: str, *, last: bool) -> Boundary:
    if last or "\n\n" in space:
        return Boundary.PARAGRAPH
    if re.search(r"[.!?]\W*$", shown):
        return Boundary.SENTENCE
    return Boundary.CLAUSE if re.search(r"[,;:—]\W*$", shown) else Boundary.NONE
