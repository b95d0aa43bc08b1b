"""From a document to a script: who says what, and how long the silence after it is."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from sayso.errors import NothingToSay
from sayso.text.directives import Pause, VoiceSwitch, find_directives
from sayso.text.hidden import find_hidden
from sayso.text.lexicon import Lexicon
from sayso.text.markup import Block, BlockKind, find_labels, markdown_blocks, plain_blocks
from sayso.text.normalise import NormaliseOptions, normalise
from sayso.text.segments import mark_boundaries, utterances, with_boundary
from sayso.text.sentences import sentence_ends
from sayso.text.spans import blank
from sayso.text.visible import Visible
from sayso.types import Boundary, Script, ScriptLine, Span, Token, Utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_LOWEST_CHAPTER_LEVEL = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Pauses:
    """The silence between two lines, in seconds; where several apply it is the longest.

    Attributes:
        clause: where a long sentence was cut.
        sentence: between sentences of a paragraph.
        paragraph: between paragraphs, list items and voices.
        heading: around a heading.
        chapter: before a heading that begins a chapter.
        thematic_break: where the author drew a line.
    """

    clause: float = 0.15
    sentence: float = 0.35
    paragraph: float = 0.7
    heading: float = 0.9
    chapter: float = 1.2
    thematic_break: float = 1.2


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptOptions:
    """How a document is to be read.

    Attributes:
        voice: the voice of everything before the first ``[voice:…]`` line.
        language: the document's language, a BCP 47 tag such as "en-us".
        language_of_voice: the language of a voice that a ``[voice:…]`` line names; may raise `UnknownVoice`.
        markdown: headings, emphasis, links and lists are structure, not text.
        emoji: whether emoji are said by their names.
        lexicon: how the author wants words to be said.
        pauses: the silences.
    """

    voice: str
    language: str
    language_of_voice: Callable[[str], str]
    markdown: bool = True
    emoji: Literal["name", "drop"] = "drop"
    lexicon: Lexicon = field(default_factory=Lexicon.empty)
    pauses: Pauses = field(default_factory=Pauses)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A part of the document that one voice reads."""

    span: Span
    voice: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """A line whose pauses in the text have not been counted yet."""

    utterance: Utterance
    voice: str
    gap_before_seconds: float
    chapter_title: str | None

    @property
    def start(self) -> int:
        return self.utterance.tokens[0].span.start


def write_script(text: str, options: ScriptOptions) -> Script:
    """Make the script of a document.

    A ``[pause …]`` in the text takes the place of the silence that would be there; several at one place add up.

    Args:
        text: the author's text, to which every span of the script refers.
        options: how to read it.

    Raises:
        NothingToSay: the text holds nothing that can be spoken.
        InvalidInput: a directive in the text is malformed.
        UnknownVoice: as `ScriptOptions.language_of_voice` raises it.
    """
    blanked = blank(text, find_hidden(text) if options.markdown else ())
    directives = find_directives(blanked)
    blanked = blank(blanked, [directive.span for directive in directives])
    switches = [directive for directive in directives if isinstance(directive, VoiceSwitch)]
    pauses = [directive for directive in directives if isinstance(directive, Pause)]
    writer = _Writer(blanked, options, [pause.span.start for pause in pauses])
    for part in _parts(len(text), switches, options):
        writer.write(part)
    if not writer.drafts:
        raise NothingToSay("The text holds nothing that can be spoken.", hint="It needs a letter or a digit at least.")
    return _script(text, options, writer.drafts, pauses)


class _Writer:
    """Writes the drafts of a document, part by part."""

    def __init__(self, text: str, options: ScriptOptions, pause_starts: Sequence[int]) -> None:
        self.drafts: list[_Draft] = []
        self._text = text
        self._options = options
        self._pause_starts = pause_starts
        self._labels = find_labels(text) if options.markdown else frozenset()
        self._gap_seconds = 0.0

    def write(self, part: _Part) -> None:
        """Add the drafts of a part."""
        if self._options.markdown:
            blocks: Iterable[Block] = markdown_blocks(self._text, part.span, self._labels)
        else:
            blocks = plain_blocks(self._text, part.span)
        for block in blocks:
            self._write_block(block, part)

    def _write_block(self, block: Block, part: _Part) -> None:
        pauses = self._options.pauses
        if block.kind is BlockKind.BREAK:
            self._widen_gap(pauses.thematic_break)
            return
        visible = Visible.of(self._text, block.span, block.markup)
        tokens = self._tokens(block, visible, part.language)
        if not tokens:
            return
        is_heading = block.kind is BlockKind.HEADING
        title = None
        if is_heading:
            begins_chapter = block.level <= _LOWEST_CHAPTER_LEVEL
            title = " ".join(visible.text.split()) if begins_chapter else None
            self._widen_gap(pauses.chapter if begins_chapter else pauses.heading)
        for stretch in self._between_pauses(tokens):
            for spoken in utterances(stretch, part.language):
                self._add(spoken, part, title)
                title = None
        self._gap_seconds = pauses.heading if is_heading else pauses.paragraph

    def _tokens(self, block: Block, visible: Visible, language: str) -> list[Token]:
        emoji = NormaliseOptions(emoji=self._options.emoji)
        tokens = normalise(self._text, block.span, language=language, options=emoji, skip=block.markup)
        if not tokens:
            return []
        tokens = self._options.lexicon.apply(self._text, tokens, language)
        ends = [visible.source_end(end) for end in sentence_ends(visible.text, language)]
        return mark_boundaries(tokens, ends)

    def _between_pauses(self, tokens: Sequence[Token]) -> Iterator[list[Token]]:
        """The tokens of a block, parted where the text has a pause; one within a word waits for its end."""
        starts = [token.span.start for token in tokens]
        first = bisect_left(self._pause_starts, starts[0])
        last = bisect_left(self._pause_starts, starts[-1])
        cuts = {bisect_left(starts, pause) for pause in self._pause_starts[first:last]}
        for start, stop in pairwise(sorted({0, *cuts, len(tokens)})):
            stretch = list(tokens[start:stop])
            stretch[-1] = with_boundary(stretch[-1], Boundary.CLAUSE)
            yield stretch

    def _add(self, tokens: tuple[Token, ...], part: _Part, title: str | None) -> None:
        utterance = Utterance(tokens=tokens, language=part.language)
        draft = _Draft(utterance=utterance, voice=part.voice, gap_before_seconds=self._gap_seconds, chapter_title=title)
        self.drafts.append(draft)
        is_sentence = tokens[-1].boundary >= Boundary.SENTENCE
        self._gap_seconds = self._options.pauses.sentence if is_sentence else self._options.pauses.clause

    def _widen_gap(self, seconds: float) -> None:
        self._gap_seconds = max(self._gap_seconds, seconds)


def _parts(length: int, switches: Sequence[VoiceSwitch], options: ScriptOptions) -> Iterator[_Part]:
    """The document from voice to voice."""
    start, voice, language = 0, options.voice, options.language
    for switch in switches:
        yield _Part(span=Span(start=start, end=switch.span.start), voice=voice, language=language)
        start = switch.span.end
        voice = switch.voice or options.voice
        language = options.language_of_voice(voice) if switch.voice else options.language
    yield _Part(span=Span(start=start, end=length), voice=voice, language=language)


def _script(text: str, options: ScriptOptions, drafts: Sequence[_Draft], pauses: Iterable[Pause]) -> Script:
    """Put the author's pauses between the lines."""
    starts = [draft.start for draft in drafts]
    wanted: dict[int, float] = defaultdict(float)
    for pause in pauses:
        wanted[bisect_left(starts, pause.span.start)] += pause.seconds
    gaps = [draft.gap_before_seconds for draft in drafts[1:]] + [0.0]
    lines = tuple(
        ScriptLine(
            utterance=draft.utterance,
            voice=draft.voice,
            pause_after_seconds=wanted.get(index, gap),
            chapter_title=draft.chapter_title,
        )
        for index, (draft, gap) in enumerate(zip(drafts, gaps, strict=True), start=1)
    )
    return Script(text=text, language=options.language, lines=lines, lead_in_seconds=wanted.get(0, 0.0))
