"""Directives: instructions in square brackets, which are carried out and not spoken.

``[pause 0.5s]`` or ``[pause 500ms]`` may stand anywhere; ``[voice:bm_george]`` begins a line and applies until the next
one, and ``[voice:]`` returns to the document's default voice. Any other brackets are text, as are those after a
backslash. An invalid directive is an error that names its line: it is neither spoken nor dropped. That is for authors;
where the author is unknown, invalid ones are text, too, or there are no directives at all: see `DirectiveReading`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sayso.errors import InvalidInput
from sayso.text.steps import Steps
from sayso.types import Span

DirectiveReading: TypeAlias = Literal["strict", "lenient", "off"]
"""Whether directives are carried out; and whether an invalid one is an error (strict) or text (lenient)."""

LONGEST_PAUSE_SECONDS = 60.0

_BRACKET = re.compile(r"\[")
# The lengths are bounded so that a page of unclosed brackets is read in linear time.
_CANDIDATE = re.compile(
    r"(?<!\\)\[(?:(?P<pause>pause)(?![\w-])(?P<length>[^\[\]\r\n]{0,80})|voice:(?P<voice>[^\[\]\r\n]{0,500}))(?P<end>\]?)",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,9})?|[.,][0-9]{1,9})\s*(ms|s)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """Silence at this place; pauses at one place add up."""

    span: Span
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceSwitch:
    """This voice speaks from here on; the empty name is the document's default voice."""

    span: Span
    voice: str


Directive: TypeAlias = Pause | VoiceSwitch


def find_directives(text: str, steps: Steps | None = None, *, reading: DirectiveReading = "strict") -> list[Directive]:
    """Find the directives of a text, in order.

    Raises:
        InvalidInput: read strictly, a directive is malformed or stands where it cannot; the message names the line.
    """
    found: list[Directive] = []
    if reading == "off":
        return found
    end = 0  # of the directive before, and whether only white space and directives precede it on its line
    begins_line = True
    for start in (steps or Steps()).places(_BRACKET, text, Span(start=0, end=len(text))):
        match = _CANDIDATE.match(text, start)
        if match is None:
            continue
        before, newline, last = text[end : match.start()].rpartition("\n")
        begins_line = not last.strip() and (bool(newline) or (begins_line and not before))
        try:
            found.append(_directive(match, text, begins_line=begins_line))
        except InvalidInput:
            if reading == "strict":
                raise
            begins_line = False
        end = match.end()
    return found


def _directive(match: re.Match[str], text: str, *, begins_line: bool) -> Directive:
    span = Span(start=match.start(), end=match.end())
    if match["pause"]:
        return Pause(span=span, seconds=_seconds(match, text))
    return VoiceSwitch(span=span, voice=_voice(match, text, begins_line=begins_line))


def _seconds(match: re.Match[str], text: str) -> float:
    length = _LENGTH.fullmatch(match["length"].strip()) if match["end"] else None
    if length is None:
        raise _malformed(match, text, "write [pause 0.5s] or [pause 500ms]")
    seconds = float(length[1].replace(",", ".")) / (1000 if length[2].lower() == "ms" else 1)
    if seconds > LONGEST_PAUSE_SECONDS:
        raise _malformed(match, text, f"the longest pause is {LONGEST_PAUSE_SECONDS:g} s; several in a row add up")
    return seconds


def _voice(match: re.Match[str], text: str, *, begins_line: bool) -> str:
    if not match["end"]:
        raise _malformed(match, text, "write [voice:NAME], or [voice:] for the document's own voice")
    if not begins_line:
        raise _malformed(match, text, "a voice can only change at the beginning of a line")
    return match["voice"].strip()


def _malformed(match: re.Match[str], text: str, remedy: str) -> InvalidInput:
    line = text.count("\n", 0, match.start()) + 1
    return InvalidInput(
        f"Line {line}: “{match[0][:60]}” is not a directive that can be followed.",
        hint=f"{remedy[0].upper()}{remedy[1:]}. To have the brackets read as text, put a backslash before them.",
    )
