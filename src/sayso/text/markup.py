"""Split a document into blocks: paragraphs, headings and breaks, with the markup characters in each.

Why not a CommonMark library: those are made for HTML. Their nodes have line numbers and rewritten content, but no
offsets; they give up on text below a nesting limit and do not read raw HTML and link definitions. Here every
character must have its place in the source, and every letter must either be spoken or be markup by a rule of this
module. So this is a scanner of lines that follows CommonMark where the difference could be heard, and speaks the text
in case of doubt. It departs from CommonMark on purpose in these cases:

- the text of fenced or indented code and of HTML is spoken; only the fences, comments and tags are markup, the latter
  two even within code;
- a line above ``---`` is a heading only when it is a paragraph of its own, because below several lines
  of prose an author means a break;
- the number of a numbered item is spoken, because the reader sees it; bullets are not;
- each row of a table is a paragraph, and a block of YAML at the very beginning is metadata.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from sayso.text.inline import inline_markup, normal_label
from sayso.text.rewriting import removed_spans
from sayso.text.spans import disjoint
from sayso.text.tables import ROW_END
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.text.steps import Steps

_QUOTE = re.compile(r"(?:[ \t]{0,3}>)+[ \t]?")
_FENCE = re.compile(r"^[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})(?:[ \t]+|$)")
_UNDERLINE = re.compile(r"^[ \t]{0,3}(?:=+|-+)[ \t]*$")
_BREAK = re.compile(r"^[ \t]{0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_BULLET = re.compile(r"^[ \t]*[-*+](?:[ \t]+|$)(?:\[[ xX]\][ \t]+)?")
_NUMBER = re.compile(r"^[ \t]*([0-9]{1,9})[.)][ \t]+(?=\S)")
_DEFINITION = re.compile(
    r"^[ \t]{0,3}\[([^\[\]]{1,999}+)\]:[ \t]*+(?:<[^<>]*+>|(?=[^\s/:#@]*+[/:#@])\S++)(?:[ \t]++[\"'(].*+)?+[ \t]*+$"
)
_FOOTNOTE = re.compile(r"[ \t]{0,3}\[(\^[^\[\]\s]{1,999}+)\]:[ \t]*+")
# The line breaks of `str.splitlines`.
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*+(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|\Z)")


class BlockKind(Enum):
    """The kind of a block."""

    PARAGRAPH = auto()
    HEADING = auto()
    BREAK = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A part of the document that is read without interruption.

    Attributes:
        kind: the kind; a break has nothing to speak.
        span: its place in the source.
        markup: the parts of the span that are not spoken; ordered, disjoint, within the span.
        level: 1 to 6 for a heading, else 0.
    """

    kind: BlockKind
    span: Span
    markup: tuple[Span, ...] = ()
    level: int = 0


def plain_blocks(text: str, span: Span, steps: Steps | None = None) -> Iterator[Block]:
    """The paragraphs of plain text, which blank lines separate."""
    paragraph: list[Span] = []
    for line in _lines(text, span, steps):
        if line.of(text).strip():
            paragraph.append(line)
        elif paragraph:
            yield _plain_block(text, paragraph)
            paragraph = []
    if paragraph:
        yield _plain_block(text, paragraph)


def _plain_block(text: str, lines: list[Span]) -> Block:
    span = Span(start=lines[0].start, end=lines[-1].end)
    return Block(kind=BlockKind.PARAGRAPH, span=span, markup=tuple(removed_spans(text, span)))


def find_labels(text: str, steps: Steps | None = None) -> frozenset[str]:
    """The labels of the links and footnotes that a Markdown document defines."""
    whole = Span(start=0, end=len(text))
    lines = (line.of(text) for line in _lines(text, whole, steps))
    bodies = (line.rstrip() for line in lines if "]:" in line)
    matches = (_FOOTNOTE.match(body) or _DEFINITION.match(body) for body in bodies)
    return frozenset(normal_label(match[1]) for match in matches if match)


def markdown_blocks(text: str, span: Span, labels: frozenset[str], steps: Steps | None = None) -> Iterator[Block]:
    """The blocks of a part of a Markdown document.

    Args:
        text: the document, with hidden markup and directives replaced by white space.
        span: the part.
        labels: the result of `find_labels`.
        steps: counts the work.
    """
    scanner = _Scanner(text, labels, steps)
    for line in _lines(text, span, steps):
        scanner.read(line)
        yield from scanner.finished()
    scanner.close()
    yield from scanner.finished()


@dataclass(slots=True)
class _Open:
    """The block that is being read."""

    start: int
    end: int
    markup: list[Span] = field(default_factory=list)
    lines: int = 1
    level: int = 0
    verbatim: bool = False
    item: re.Pattern[str] | None = None

    def take(self, line: Span, start: int, body: str) -> None:
        """Add a line to the block; its text begins at ``start``, after the marks of its quotation."""
        if start > line.start:
            self.markup.append(Span(start=line.start, end=start))
        self.end = start + len(body)
        self.lines += 1


@dataclass(slots=True)
class _Scanner:
    """Reads line after line, and returns finished blocks; `close` finishes the last one."""

    text: str
    labels: frozenset[str]
    steps: Steps | None
    blocks: list[Block] = field(default_factory=list)
    fence: str = ""
    quote_depth: int = 0
    block: _Open | None = None

    def read(self, line: Span) -> None:
        body = line.of(self.text).rstrip()
        quote = _QUOTE.match(body) if not self.fence or self.quote_depth else None
        depth = quote[0].count(">") if quote else 0
        prefix = quote.end() if quote else 0
        body, start = body[prefix:], line.start + prefix
        if depth > self.quote_depth or not body:
            self.close()
        if self.block is None:
            self.quote_depth = depth  # a lazy continuation line lacks the marks of its quotation
        if self.fence and body:
            self._read_code(line, start, body)
        elif body:
            self._read_text(line, start, body)
        if self.text[line.end - 1] == ROW_END:
            self.close()

    def finished(self) -> list[Block]:
        """The blocks that were finished since the last call."""
        finished, self.blocks = self.blocks, []
        return finished

    def close(self) -> None:
        """Finish the current block."""
        block, self.block = self.block, None
        if block is None:
            return
        span = Span(start=block.start, end=block.end)
        inline = () if block.verbatim else inline_markup(self.text, span, self.labels, self.steps)
        kind = BlockKind.HEADING if block.level else BlockKind.PARAGRAPH
        markup = disjoint([*block.markup, *inline, *removed_spans(self.text, span)])
        self.blocks.append(Block(kind=kind, span=span, markup=markup, level=block.level))

    def _read_code(self, line: Span, start: int, body: str) -> None:
        mark = body.strip()
        if mark.startswith(self.fence) and not mark.strip(self.fence[0]):
            self.fence = ""
            self.close()
        elif self.block is None:
            self._open(start, body, verbatim=True)
        else:
            self.block.take(line, start, body)

    def _read_text(self, line: Span, start: int, body: str) -> None:
        if self._read_structure(start, body) or self._read_definition(start, body):
            return
        if item := self._item(body):
            self.close()
            spoken_from = 0 if item.re is _NUMBER else item.end()
            self._open(start + spoken_from, body[spoken_from:], item=item.re)
        elif body.lstrip().startswith("|"):
            self.close()
            self._open(start, body)
            self.close()
        elif self.block is None:
            self._open(start, body)
        else:
            self.block.take(line, start, body)

    def _read_structure(self, start: int, body: str) -> bool:
        """Process a line that is a fence, an underline, a break or a heading; False when it is none."""
        block = self.block
        if fence := _FENCE.match(body):
            self.close()
            self.fence = fence[1]
        elif block and block.lines == 1 and block.item is None and _UNDERLINE.match(body):
            block.level = 1 if "=" in body else 2
            self.close()
        elif _BREAK.match(body):
            self.close()
            place = Span(start=start, end=start + len(body))
            self.blocks.append(Block(kind=BlockKind.BREAK, span=place, markup=(place,)))
        elif heading := _HEADING.match(body):
            self.close()
            self._open(start + heading.end(), _without_closing_marks(body[heading.end() :]), level=len(heading[1]))
            self.close()
        else:
            return False
        return True

    def _read_definition(self, start: int, body: str) -> bool:
        """Process the definition of a footnote, whose text is spoken, or of a link; False when it is neither."""
        if footnote := _FOOTNOTE.match(body):
            self.close()
            self._open(start + footnote.end(), body[footnote.end() :])
            return True
        return self.block is None and _DEFINITION.match(body) is not None

    def _item(self, body: str) -> re.Match[str] | None:
        """The mark of a list item; within a paragraph only the number 1 counts: "1986. It was" may be prose."""
        if bullet := _BULLET.match(body):
            return bullet
        number = _NUMBER.match(body)
        may_begin = self.block is None or self.block.item is _NUMBER
        return number if number and (may_begin or number[1] == "1") else None

    def _open(
        self,
        start: int,
        body: str,
        *,
        level: int = 0,
        verbatim: bool = False,
        item: re.Pattern[str] | None = None,
    ) -> None:
        if body.strip():
            end = start + len(body)
            self.block = _Open(start=start, end=end, level=level, verbatim=verbatim, item=item)


def _without_closing_marks(title: str) -> str:
    """The title of ``# title #``."""
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else title


def _lines(text: str, span: Span, steps: Steps | None) -> Iterator[Span]:
    start = span.start
    while start < span.end:
        line = _LINE.match(text, start, span.end)
        end = line.end() if line else span.end
        yield Span(start=start, end=end)
        if steps:
            steps.advance(end - start)
        start = end
