"""Read TTML: the cues are what a viewer sees of each paragraph, whatever gives it its time.

Profiles that are read: TTML 1 and 2, DFXP, IMSC (text), EBU-TT, EBU-TT-D, SMPTE-TT, and Apple's lyrics. The look is
not: no colours, places or animations. Nothing is fetched, and entities that a document declares are refused: they could
grow without end. The parser is that of the standard library; it keeps the place of every tag, so that times can be
changed in place.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING
from xml.parsers import expat

from sayso.errors import NotSubtitles
from sayso.subtitles.formats.subtitle_file import CueInFile, Remark
from sayso.subtitles.formats.ttml_paragraph import (
    LEFT_OUT,
    LOST,
    SHOWN,
    SILENT,
    Moment,
    Paragraph,
    Part,
    TimedElement,
    is_finite,
    is_timed,
    text_rule,
)
from sayso.subtitles.formats.ttml_times import TimeRules, is_regular, time_rules
from sayso.types import Cue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.subtitles.formats.ttml_times import Time

_BEGINNING = re.compile(r"<\?xml\s|<!--|<!DOCTYPE\s|<(?:[\w.-]+:)?tt(?:[\s>/]|\Z)")
_NAMESPACE = re.compile(r"http://www\.w3\.org/(?:ns/ttml|[0-9]{4}/[0-9]{2}/ttaf1)[#/]?")
_XML = "http://www.w3.org/XML/1998/namespace "
_TIMES = ("begin", "end", "dur")
_QUOTED = 60
_START = Fraction(0)
_LYRICS = "http://music.apple.com/lyric-ttml-internal timing"


def is_ttml(content: str) -> bool:
    """Whether a file is XML by its first characters, which no other subtitle format is."""
    return _BEGINNING.match(content.lstrip()) is not None


def parse_ttml(content: str) -> tuple[list[CueInFile], list[Remark]]:
    """The cues of a TTML document, in its order, and what is wrong with it or not read.

    Raises:
        NotSubtitles: it is XML of another kind, or declares entities.
    """
    reader = TtmlReader(content)
    return reader.cues, reader.remarks


class TtmlReader:
    """A TTML document that was read.

    Attributes:
        cues: in the document's order.
        remarks: what is wrong, in no order.
        paragraphs: those with cues.
        hidden: those with text that is never shown.
        rules: of its times.

    Raises:
        NotSubtitles: it is XML of another kind, or declares entities.
    """

    def __init__(self, content: str) -> None:
        self.cues: list[CueInFile] = []
        self.remarks: list[Remark] = []
        self.paragraphs: list[Paragraph] = []
        self.hidden: list[Paragraph] = []
        self.rules = TimeRules()
        self._namespace = ""
        self._is_lyrics = False  # whose words light up at their times, rather than appear
        self._stack: list[TimedElement] = []
        self._moments: list[tuple[Moment, int]] = []
        self._notes: dict[str, tuple[int, int]] = {}
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._refuse_entity
        parser.SkippedEntityHandler = self._skip_entity
        self._parser = parser
        try:
            parser.Parse(content.encode("utf-8", "replace"), True)  # noqa: FBT003 -- positional in the library
        except expat.ExpatError as error:
            self._break_off(error)
        finally:
            del self._parser
        self._finish()

    def _break_off(self, error: expat.ExpatError) -> None:
        """Note where the document ends before its time; what was read of it stays."""
        reason = expat.ErrorString(error.code)
        message = f"the document is not well-formed XML from here on ({reason}), and the rest is left out"
        self.remarks.append(Remark(line=error.lineno, message=message, is_lost=True))

    # --- the parser's events

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if not self._stack:
            self._begin_document(namespace, local, attributes)
        parent = self._stack[-1] if self._stack else None
        is_own = namespace == self._namespace
        self._note_look(local, attributes, is_own=is_own)
        given = {name: self.rules.seconds(attributes[name].strip()) for name in _TIMES if name in attributes}
        element = self._element(local if is_own else "", parent, attributes, given)
        self._stack.append(element)
        paragraph = parent.paragraph if parent is not None else None
        if is_own and local in {"p", "span"} and (local == "p" or paragraph is None) and element.text == SHOWN:
            paragraph = Paragraph(element=element, line=self._line)
        elif paragraph is not None and local in {"span", "set", "animate"} and is_own and is_timed(element):
            paragraph.inner.append(element)
        element.paragraph = paragraph
        if given and element.name:
            self._check_times(attributes, element, given)
        if local == "br" and is_own and paragraph is not None and element.text == SHOWN:
            paragraph.parts.append(Part("", element.begin, element.end, is_break=True))

    def _end(self, _: str) -> None:
        element = self._stack.pop()
        if element.paragraph is not None and element.paragraph.element is element:
            self._close(element.paragraph)
        parent = element.parent
        ended = element.end if is_finite(element.stated_end) else min(element.end, max(element.last_end, element.begin))
        element.last_end = ended
        if parent is None or element.name in SILENT or (element.text == LOST and not element.name):
            return
        parent.last_end = max(parent.last_end, ended)
        parent.next_begin = ended

    def _text(self, data: str) -> None:
        element = self._stack[-1]
        if element.text == LEFT_OUT:
            return
        is_blank = not data.strip()
        if element.text == LOST:
            if not is_blank:
                self._lose(self._line, f"{_quoted(data)}, in an element that shows no text,")
            return
        paragraph = element.paragraph
        if paragraph is None:
            return
        if element.is_sequence and not is_blank:
            self._lose(self._line, f"{_quoted(data)}, without a time of its own in a sequence,")
            return
        element.last_end = element.last_end if is_blank else math.inf
        timed = paragraph.element if self._is_lyrics else element
        paragraph.parts.append(Part(data, timed.begin, timed.end, keeps_space=element.keeps_space))

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise NotSubtitles(
            f"Line {self._line} declares the entity {name[:_QUOTED]!r}, and entities could grow without end.",
            hint="Write the characters themselves, or remove the declaration.",
        )

    def _skip_entity(self, name: str, *_: object) -> None:
        self._lose(self._line, f"the undeclared entity &{name[:_QUOTED]};")

    # --- what they mean

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _begin_document(self, namespace: str, local: str, attributes: Mapping[str, str]) -> None:
        if local != "tt" or (namespace and not _NAMESPACE.fullmatch(namespace)):
            raise NotSubtitles(f"Line {self._line} begins XML that is not TTML: its root is {local[:_QUOTED]!r}.")
        if not namespace:
            self.remarks.append(Remark(line=self._line, message="the root element is not in TTML's namespace"))
        self._namespace = namespace
        parameters = {name.rpartition(" ")[2]: value for name, value in attributes.items() if "#parameter " in name}
        self.rules, wrong = time_rules(parameters)
        if _LYRICS in attributes:
            self._is_lyrics, self.rules = True, replace(self.rules, is_absolute=True)
        for each in wrong:
            self.remarks.append(Remark(line=self._line, message=f"the parameter {each} cannot be, and is not followed"))

    def _element(
        self,
        local: str,
        parent: TimedElement | None,
        attributes: Mapping[str, str],
        given: Mapping[str, Fraction | None],
    ) -> TimedElement:
        """An element as it begins; the name is empty for one that is not TTML's."""
        zero: Time = _START
        begin, keeps_space = zero, False
        end: Time = math.inf
        if parent is not None:
            begin = parent.next_begin if parent.is_sequence else parent.begin
            end, keeps_space = parent.end, parent.keeps_space
        reference = zero if self.rules.is_absolute else begin
        stated: Time = math.inf
        if local and local not in {"tt", *SILENT} - {"set", "animate"}:
            begin_offset, end_offset, duration = (given.get(name) for name in _TIMES)
            begin = begin if begin_offset is None else reference + begin_offset
            stated = reference + end_offset if end_offset is not None else stated
            stated = min(stated, begin + duration) if duration is not None else stated
        return TimedElement(
            at=self._parser.CurrentByteIndex,
            name=local,
            begin=begin,
            end=min(end, stated),
            stated_end=stated,
            parent=parent,
            has_times=bool(given),
            is_sequence=attributes.get("timeContainer") == "seq",
            next_begin=begin,
            last_end=begin,
            keeps_space={"preserve": True, "default": False}.get(attributes.get(f"{_XML}space", ""), keeps_space),
            text=text_rule(local, parent, attributes),
        )

    def _check_times(
        self, attributes: Mapping[str, str], element: TimedElement, given: Mapping[str, Fraction | None]
    ) -> None:
        """Note times that cannot be read; the text that they are of is left out, rather than shown at another time."""
        for name, seconds in given.items():
            expression = attributes[name].strip()
            if seconds is None:
                paragraph = element.paragraph
                message = f"{name}={expression[:_QUOTED]!r} is not a time"
                if paragraph is None:
                    self.remarks.append(Remark(line=self._line, message=f"{message}, and is not followed"))
                else:
                    paragraph.is_broken = True
                    self._lose(self._line, f"{message}: its paragraph")
            elif not is_regular(expression) and not self._is_lyrics:
                self.remarks.append(
                    Remark(line=self._line, message=f"the time {expression!r} is not written as it should be")
                )

    def _note_look(self, local: str, attributes: Mapping[str, str], *, is_own: bool) -> None:
        """Count what TTML has and a cue has not."""
        names = {name.rpartition(" ")[2] for name in attributes}
        if (is_own and local == "image") or "backgroundImage" in names:
            self._count("images have no text and are not read")
        if any(name.endswith("#styling display") and value == "none" for name, value in attributes.items()):
            self._count("elements or styles are hidden at first (tts:display), and are read all the same")
        if is_own and local == "region" and names.intersection(_TIMES):
            self._count("regions have times, which are not read")
        if any(name.endswith("#styling ruby") and value == "text" for name, value in attributes.items()):
            self._count("readings beside the text (ruby) are not read")

    def _count(self, what: str) -> None:
        line, count = self._notes.get(what, (self._line, 0))
        self._notes[what] = (line, count + 1)

    def _lose(self, line: int, what: str) -> None:
        self.remarks.append(Remark(line=line, message=f"{what} is left out", is_lost=True))

    # --- the cues

    def _close(self, paragraph: Paragraph) -> None:
        """Make the cues of a paragraph that has ended."""
        if paragraph.is_broken or not paragraph.shows_text:
            return
        moments = [moment for moment in paragraph.moments() if moment.lines and is_finite(moment.begin)]
        hidden = [part for part in paragraph.parts if part.end <= part.begin and part.text.strip()]
        if not moments:
            self._lose(paragraph.line, f"{_quoted(paragraph.parts)}, which is never shown,")
            self.hidden.append(paragraph)
            return
        if hidden and paragraph.element.end > paragraph.element.begin:
            self._lose(paragraph.line, f"{_quoted(hidden)}, which is never shown,")
        paragraph.first_cue, paragraph.cue_count = len(self._moments), len(moments)
        self.paragraphs.append(paragraph)
        self._moments += [(moment, paragraph.line) for moment in moments]

    def _finish(self) -> None:
        """Give every cue its time in milliseconds; one without an end ends where the next begins."""
        following: int | None = None
        cues: list[CueInFile] = []
        for moment, line in reversed(self._moments):
            start = _ms(moment.begin)
            if is_finite(moment.end):
                end = _ms(moment.end)
            else:
                end = max(start, following if following is not None else start)
                self.remarks.append(Remark(line=line, message="the cue has no end"))
            following = start
            cue = Cue(start_ms=start, end_ms=end, lines=moment.lines)
            cues.append(CueInFile(cue=cue, times_line=line - 1, times_span=(0, 0), text_end=line))
        self.cues = cues[::-1]
        for what, (line, count) in self._notes.items():
            self.remarks.append(Remark(line=line, message=f"{what} ({count} of them)", is_note=True))


def _quoted(text: str | list[Part]) -> str:
    if not isinstance(text, str):
        text = " ".join(part.text for part in text)
    return repr(" ".join(text.split())[:_QUOTED])


def _ms(seconds: Time) -> int:
    return math.floor(Fraction(seconds) * 1000 + Fraction(1, 2))
