"""Write the script of a document: which voice speaks each utterance, and how long the pause after it is."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from sayso.errors import NothingToSay
from sayso.text.directives import DirectiveReading, Pause, VoiceSwitch, find_directives
from sayso.text.hidden import find_hidden
from sayso.text.lexicon import Lexicon
from sayso.text.markup import Block, BlockKind, find_labels, markdown_blocks, plain_blocks
from sayso.text.normalise import NormaliseOptions
from sayso.text.paragraphs import TokenReader
from sayso.text.pauses import Pauses
from sayso.text.rewriting import CONTINUED, REMOVED, drop_citations, join_divided_words, rewrite_markdown
from sayso.text.segments import utterances, with_boundary
from sayso.text.spans import blank
from sayso.text.steps import Steps, never_cancel
from sayso.text.tables import separate_rows
from sayso.text.visible import Visible
from sayso.types import Boundary, Script, ScriptLine, Span, Token, Utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sayso.text.normalise import EmojiReading
    from sayso.text.steps import Checkpoint

_LOWEST_CHAPTER_LEVEL = 2

CitationReading: TypeAlias = Literal["read", "drop"]
"""Whether the marks of notes and citations are spoken, or only shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptOptions:
    """The options of a script.

    Attributes:
        voice: the voice of everything before the first ``[voice:…]`` line.
        language: the document's language, a BCP 47 tag such as "en-us".
        language_of_voice: the language of a voice that a ``[voice:…]`` line names; may raise `UnknownVoice`.
        markdown: headings, emphasis, links and lists are structure, not text.
        directives: whether the text's directives are carried out, and what becomes of invalid ones.
        emoji: whether emoji are spoken by their names.
        citations: whether the marks of notes and citations ("[15]", "true.¹") are spoken.
        lexicon: the author's pronunciations.
        pauses: the lengths of the pauses.
    """

    voice: str
    language: str
    language_of_voice: Callable[[str], str]
    markdown: bool = True
    directives: DirectiveReading = "strict"
    emoji: EmojiReading = "drop"
    citations: CitationReading = "read"
    lexicon: Lexicon = field(default_factory=Lexicon.empty)
    pauses: Pauses = field(default_factory=Pauses)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A part of the document with one voice."""

    span: Span
    voice: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """A line before the pauses of the text are applied."""

    utterance: Utterance
    voice: str
    gap_before_seconds: float
    chapter_title: str | None

    @property
    def start(self) -> int:
        return self.utterance.tokens[0].span.start


def write_script(text: str, options: ScriptOptions, checkpoint: Checkpoint = never_cancel) -> Script:
    """Make the script of a document.

    A ``[pause …]`` in the text replaces the default pause at its place; several at one place add up.

    Args:
        text: the author's text, to which every span of the script refers.
        options: of the script.
        checkpoint: called after every few thousand characters, so that a long text can be cancelled.

    Raises:
        NothingToSay: the text holds nothing that can be spoken.
        InvalidInput: a directive in the text is malformed.
        UnknownVoice: as `ScriptOptions.language_of_voice` raises it.
        Exception: raised by the checkpoint.
    """
    writer = _Writer(text, options, Steps(checkpoint))
    drafts = writer.drafts()
    first = next(drafts)
    silences = _Silences(writer.pauses)
    lead_in_seconds = silences.before(first.start)
    lines: list[ScriptLine] = []
    for draft, following in pairwise(chain([first], drafts, [None])):
        if draft is not None:  # this may be true only of the last one
            lines.append(_line(draft, following, silences))
    return Script(text=text, language=options.language, lines=tuple(lines), lead_in_seconds=lead_in_seconds or 0.0)


def check_script(text: str, options: ScriptOptions, checkpoint: Checkpoint = never_cancel) -> float:
    """Refuse a text that has no valid script, without making the script.

    Returns:
        The total of the pauses in the text, in seconds.

    Raises:
        Exception: as for `write_script`.
    """
    writer = _Writer(text, options, Steps(checkpoint))
    next(writer.drafts())
    return math.fsum(pause.seconds for pause in writer.pauses)


class _Writer:
    """Writes the drafts of a document, part by part.

    Attributes:
        pauses: the author's, in order.

    Raises:
        InvalidInput: a directive in the text is malformed.
        UnknownVoice: the text names an unknown voice.
    """

    def __init__(self, text: str, options: ScriptOptions, steps: Steps) -> None:
        rewritten = _rewritten(text, options)
        blanked = blank(rewritten, find_hidden(rewritten, steps) if options.markdown else ())
        directives = find_directives(blanked, steps, reading=options.directives)
        self.pauses = [directive for directive in directives if isinstance(directive, Pause)]
        blanked = blank(blanked, [directive.span for directive in directives])
        self._text = join_divided_words(separate_rows(blanked) if options.markdown else blanked)
        self._options = options
        self._steps = steps
        self._pause_starts = [pause.span.start for pause in self.pauses]
        switches = [directive for directive in directives if isinstance(directive, VoiceSwitch)]
        self._parts = list(_parts(len(text), switches, options))
        normalising = NormaliseOptions(emoji=options.emoji)
        self._reader = TokenReader(text=self._text, options=normalising, lexicon=options.lexicon, steps=steps)
        self._gap_seconds = 0.0

    def drafts(self) -> Iterator[_Draft]:
        """Every line, at least one.

        Raises:
            NothingToSay: there is none.
        """
        labels = find_labels(self._text, self._steps) if self._options.markdown else frozenset()
        is_empty = True
        for part in self._parts:
            for block in self._blocks(part.span, labels):
                for draft in self._of_block(block, part):
                    is_empty = False
                    yield draft
        if is_empty:
            raise NothingToSay(
                "The text holds nothing that can be spoken.", hint="It needs a letter or a digit at least."
            )

    def _blocks(self, span: Span, labels: frozenset[str]) -> Iterator[Block]:
        if self._options.markdown:
            return markdown_blocks(self._text, span, labels, self._steps)
        return plain_blocks(self._text, span, self._steps)

    def _of_block(self, block: Block, part: _Part) -> Iterator[_Draft]:
        pauses = self._options.pauses
        if block.kind is BlockKind.BREAK:
            self._widen_gap(pauses.thematic_break)
            return
        visible = Visible.of(self._text, block.span, block.markup)
        is_heading = block.kind is BlockKind.HEADING
        begins_chapter = is_heading and block.level <= _LOWEST_CHAPTER_LEVEL
        is_first = True
        for tokens in self._reader.read(block, visible, part.language):
            for stretch in self._between_pauses(tokens):
                for spoken in utterances(stretch, part.language):
                    title = " ".join(visible.text.split()) if begins_chapter and is_first else None
                    if is_heading and is_first:
                        self._widen_gap(pauses.chapter if begins_chapter else pauses.heading)
                    yield self._draft(spoken, part, title)
                    is_first = False
        if not is_first:
            self._gap_seconds = pauses.heading if is_heading else pauses.paragraph

    def _between_pauses(self, tokens: Sequence[Token]) -> Iterator[list[Token]]:
        """The tokens of a block, split at the pauses in the text; a pause within a word applies at its end."""
        starts = [token.span.start for token in tokens]
        first = bisect_left(self._pause_starts, starts[0])
        last = bisect_left(self._pause_starts, starts[-1])
        cuts = {bisect_left(starts, pause) for pause in self._pause_starts[first:last]}
        for start, stop in pairwise(sorted({0, *cuts, len(tokens)})):
            stretch = list(tokens[start:stop])
            stretch[-1] = with_boundary(stretch[-1], Boundary.CLAUSE)
            yield stretch

    def _draft(self, tokens: tuple[Token, ...], part: _Part, title: str | None) -> _Draft:
        utterance = Utterance(tokens=tokens, language=part.language)
        draft = _Draft(utterance=utterance, voice=part.voice, gap_before_seconds=self._gap_seconds, chapter_title=title)
        is_sentence = tokens[-1].boundary >= Boundary.SENTENCE
        self._gap_seconds = self._options.pauses.sentence if is_sentence else self._options.pauses.clause
        return draft

    def _widen_gap(self, seconds: float) -> None:
        self._gap_seconds = max(self._gap_seconds, seconds)


def _rewritten(text: str, options: ScriptOptions) -> str:
    """The document in characters that can be read, at the same offsets and in the same lines."""
    text = text.replace(REMOVED, "\ufffd").replace(CONTINUED, "\ufffd")  # as far as it has them
    if options.markdown:
        text = rewrite_markdown(text)
    return drop_citations(text) if options.citations == "drop" else text


def _parts(length: int, switches: Sequence[VoiceSwitch], options: ScriptOptions) -> Iterator[_Part]:
    """The document, split where the voice changes."""
    languages: dict[str, str] = {"": options.language}
    start, voice, language = 0, options.voice, options.language
    for switch in switches:
        yield _Part(span=Span(start=start, end=switch.span.start), voice=voice, language=language)
        start = switch.span.end
        voice = switch.voice or options.voice
        if switch.voice not in languages:
            languages[switch.voice] = options.language_of_voice(voice)
        language = languages[switch.voice]
    yield _Part(span=Span(start=start, end=length), voice=voice, language=language)


class _Silences:
    """The author's pauses, queried from the beginning of the text to its end."""

    def __init__(self, pauses: Iterable[Pause]) -> None:
        self._waiting = deque(pauses)

    def before(self, start: float) -> float | None:
        """The seconds of pause before this place and after the previous query; None if there is no pause."""
        seconds: float | None = None
        while self._waiting and self._waiting[0].span.start <= start:
            seconds = (seconds or 0.0) + self._waiting.popleft().seconds
        return seconds


def _line(draft: _Draft, following: _Draft | None, silences: _Silences) -> ScriptLine:
    gap_seconds = following.gap_before_seconds if following else 0.0
    wanted_seconds = silences.before(following.start if following else math.inf)
    return ScriptLine(
        utterance=draft.utterance,
        voice=draft.voice,
        pause_after_seconds=gap_seconds if wanted_seconds is None else wanted_seconds,
        chapter_title=draft.chapter_title,
    )
