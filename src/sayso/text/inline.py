"""Inline Markdown: which characters of a paragraph are markup and are not spoken.

The text of links, images, emphasis and code is spoken; their marks and targets are not. Every rule follows CommonMark
as far as it affects the visible text, which is less than what affects the HTML: for instance, the marks of emphasis are
skipped, whether they mean italics or bold. All rules are linear in the text's length.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sayso.text.steps import Steps
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

_MARK_BEGINS = re.compile(r"[\\`<&!\[\]*_~]")
_MARK = re.compile(
    r"""
      (?P<escape>\\[!-/:-@\[-`{-~])
    | (?P<code>`++)
    | <(?P<address>[a-z][a-z0-9+.-]{1,31}+:[^\s<>]*+|[^\s<>@]{1,64}+@[^\s<>@]{1,255}+)>
    | &(?P<ampersand>amp;)
    | (?P<open>!?\[)
    | \](?P<target>
        \([ \t]*+
        (?:<[^<>\n]*+>|[^\s()<>]*+(?:\([^\s()]*+\)[^\s()]*+)*+)
        (?:[ \t\n]++(?:"[^"]*+"|'[^']*+'))?+
        [ \t]*+\)
      )
    | \]\[(?P<label>[^\[\]]{0,999}+)\]
    | (?P<close>\])
    | (?P<emphasis>\*++|_++|~~)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BACKTICKS = re.compile("`++")
_SKIPPED = re.compile(b"\x01++")
_LONGEST_LABEL = 999  # CommonMark, "link reference definitions"


@dataclass(slots=True)
class _Run:
    """A run of one emphasis character; it opens from its right end and closes from its left."""

    start: int
    end: int


@dataclass(slots=True)
class _Scanner:
    """Finds the characters of a span that are not spoken; `skipped` is complete after `scan`."""

    text: str
    labels: AbstractSet[str]
    span: Span
    skipped: bytearray = field(init=False)
    """For each character of the span, whether it is not spoken."""
    brackets: list[Span] = field(default_factory=list)
    bracket_end: int = -1
    """Where the last bracket ended, whether it opened or closed."""
    openers: dict[str, list[_Run]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.skipped = bytearray(self.span.end - self.span.start)

    def scan(self, steps: Steps) -> None:
        """Collect the characters that are not spoken."""
        start, end = self.span.start, self.span.end
        code_runs = _runs_of_backticks(self.text, start, end)
        position = start
        for place in steps.places(_MARK_BEGINS, self.text, self.span):
            match = _MARK.match(self.text, place, end) if place >= position else None
            if match is None:
                continue
            position = match.end()
            kind = match.lastgroup
            if kind == "code":
                position = self._code(match, code_runs)
            elif kind == "emphasis":
                self._emphasis(match, start, end)
            elif kind == "open":
                self.brackets.append(Span(start=match.start(), end=match.end()))
                self.bracket_end = match.end()
            elif kind in {"target", "label", "close"}:
                position = self._close_bracket(match)
            else:
                self._lone_mark(match)

    def _skip(self, start: int, end: int) -> None:
        self.skipped[start - self.span.start : end - self.span.start] = b"\x01" * (end - start)

    def _lone_mark(self, match: re.Match[str]) -> None:
        start, end = match.span()
        if match["escape"]:
            self._skip(start, start + 1)
        elif match["address"]:
            self._skip(start, start + 1)
            self._skip(end - 1, end)
        else:
            self._skip(start + 1, end)  # all of "&amp;" except for the character that it stands for

    def _code(self, match: re.Match[str], runs: dict[int, deque[int]]) -> int:
        length = len(match[0])
        same = runs[length]
        while same and same[0] <= match.start():
            same.popleft()
        if not same:
            return match.end()
        closing = same.popleft()
        self._skip(*match.span())
        self._skip(closing, closing + length)
        return closing + length

    def _close_bracket(self, match: re.Match[str]) -> int:
        """Process ``]``, which may end a link or an image; returns the offset to continue from."""
        close = match.start()
        last_bracket_end, self.bracket_end = self.bracket_end, match.end()
        if not self.brackets:
            return close + 1
        opening = self.brackets.pop()
        is_link = match["target"] is not None
        end = match.end()
        if match["label"]:
            is_link = normal_label(match["label"]) in self.labels
        # No label contains a bracket, so the text between two brackets is looked up at most once.
        if not is_link and opening.end == last_bracket_end and close - opening.end <= _LONGEST_LABEL:
            is_link = normal_label(self.text[opening.end : close]) in self.labels
            end = end if match["label"] == "" else close + 1
        if not is_link:
            return close + 1
        is_footnote = self.text.startswith("^", opening.end)
        self._skip(opening.start, end if is_footnote else opening.end)
        if not is_footnote:
            self._skip(close, end)
        return end

    def _emphasis(self, match: re.Match[str], start: int, end: int) -> None:
        """Pair up delimiter runs by the flanking rules of CommonMark, "emphasis and strong emphasis"."""
        before = self.text[match.start() - 1] if match.start() > start else " "
        after = self.text[match.end()] if match.end() < end else " "
        opens = not after.isspace() and (not _is_punctuation(after) or not before.isalnum())
        closes = not before.isspace() and (not _is_punctuation(before) or not after.isalnum())
        mark = match[0][0]
        if mark == "*" and before.isdecimal() and after.isdecimal():
            return  # 2*3*4
        if mark == "_":
            opens, closes = opens and not before.isalnum(), closes and not after.isalnum()
        run = _Run(match.start(), match.end())
        openers = self.openers[mark]
        while closes and openers and run.start < run.end:
            opener = openers[-1]
            shared = min(opener.end - opener.start, run.end - run.start)
            self._skip(opener.end - shared, opener.end)
            self._skip(run.start, run.start + shared)
            opener.end -= shared
            run.start += shared
            if opener.start == opener.end:
                openers.pop()
        if opens and run.start < run.end:
            openers.append(run)


def inline_markup(text: str, span: Span, labels: AbstractSet[str], steps: Steps | None = None) -> Iterator[Span]:
    """The markup characters of a paragraph, which readers do not see, in order.

    Args:
        text: the document.
        span: the paragraph.
        labels: the document's link and footnote labels, as `normal_label` returns them.
        steps: counts the work.
    """
    scanner = _Scanner(text, labels, span)
    scanner.scan(steps or Steps())
    for run in _SKIPPED.finditer(scanner.skipped):
        yield Span(start=span.start + run.start(), end=span.start + run.end())


def normal_label(label: str) -> str:
    """A link label in the form in which CommonMark compares it: case folded, white space as one space."""
    return " ".join(label.split()).casefold()


def _runs_of_backticks(text: str, start: int, end: int) -> dict[int, deque[int]]:
    runs: dict[int, deque[int]] = defaultdict(deque)
    for match in _BACKTICKS.finditer(text, start, end):
        runs[len(match[0])].append(match.start())
    return runs


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"
