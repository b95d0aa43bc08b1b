"""TTML, which broadcasters and streaming services take: the text profile of IMSC 1.1, in the form of a style's owner.

The BBC's is EBU-TT-D (EBU Tech 3380) with the layout of its Subtitle Guidelines: one region at the bottom, percentages
of a cell, black behind each line with padding, every look by reference. That of the others keeps what Netflix's Timed
Text Style Guide asks for: media time, percentages, one centred region, nothing but the vocabulary of TTML 1, except for
Japanese, which is delivered as IMSC 1.1. Both are read by any processor of IMSC 1.1
(https://www.w3.org/TR/ttml-imsc1.1/).
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from sayso.subtitles.formats.clock import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sayso.subtitles.style import Style
    from sayso.types import Cue, CueWord

_TT = """\
<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    xmlns:tts="http://www.w3.org/ns/ttml#styling"{namespaces}
    ttp:timeBase="media" {profile} xml:lang={language}>
"""

_IMSC_1 = 'ttp:profile="http://www.w3.org/ns/ttml/profile/imsc1/text"'
_IMSC_1_1 = 'ttp:contentProfiles="http://www.w3.org/ns/ttml/profile/imsc1.1/text"'
"""An attribute of TTML 2, which validators of TTML 1 refuse."""

_HEAD = """\
  <head>
    <styling>
      <style xml:id="text" tts:color="white" tts:fontFamily="proportionalSansSerif" tts:fontSize="80%" \
tts:lineHeight="125%" tts:textAlign="center"/>
      <style xml:id="future" tts:color="#a0a0a0"/>
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after"/>
    </layout>
  </head>
"""
"""At 80 % of a cell, a fifteenth of the height, 42 columns of common letters are as wide as the region in 16:9."""

_EBU_NAMESPACES = """
    xmlns:ebuttm="urn:ebu:tt:metadata" xmlns:ebutts="urn:ebu:tt:style"
    xmlns:itts="http://www.w3.org/ns/ttml/profile/imsc1#styling\""""
_EBU_CELLS = 'ttp:cellResolution="32 15"'
_EBU_HEAD = """\
  <head>
    <metadata>
      <ebuttm:documentMetadata>
        <ebuttm:conformsToStandard>urn:ebu:tt:distribution:2018-04</ebuttm:conformsToStandard>
        <ebuttm:conformsToStandard>http://www.w3.org/ns/ttml/profile/imsc1/text</ebuttm:conformsToStandard>
        <ebuttm:conformsToStandard>http://www.w3.org/ns/ttml/profile/imsc1.1/text</ebuttm:conformsToStandard>
      </ebuttm:documentMetadata>
    </metadata>
    <styling>
      <style xml:id="text" tts:fontFamily="ReithSans, Arial, Roboto, proportionalSansSerif, default" \
tts:fontSize="100%" tts:lineHeight="120%" tts:textAlign="center" tts:wrapOption="noWrap" \
ebutts:multiRowAlign="center" ebutts:linePadding="0.5c" itts:fillLineGap="true"/>
      <style xml:id="white" tts:color="#FFFFFF" tts:backgroundColor="#000000"/>
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="15% 60%" tts:extent="70% 24%" tts:displayAlign="after" \
tts:writingMode="lrtb" tts:overflow="visible"/>
    </layout>
  </head>
"""
"""Three lines of 8 % of the height, two lines above the bottom, as the BBC shows it in W3C's example of its format."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document can contain, not even by its number."""

_UNKNOWN = "\ufffd"
_JAPANESE = re.compile(r"ja(-|$)", re.IGNORECASE)


def render_ttml(cues: Iterable[Cue], *, style: Style, language: str = "") -> str:
    """The cues as a TTML document.

    With word marks, words that have not been spoken yet are grey.

    Args:
        cues: in their order.
        style: ``bbc`` is written as EBU-TT-D, the others as Netflix takes it.
        language: of the cues (BCP 47); empty if it is unknown.
    """
    is_ebu = style.name == "bbc"
    profile = _EBU_CELLS if is_ebu else _IMSC_1_1 if _JAPANESE.match(language) else _IMSC_1
    beginning = _TT.format(
        namespaces=_EBU_NAMESPACES if is_ebu else "", profile=profile, language=quoteattr(_without_controls(language))
    )
    paragraphs = "".join(
        _paragraph(number, cue, span='<span style="white">' if is_ebu else "<span>", word_marks=style.word_marks)
        for number, cue in enumerate(cues, start=1)
    )
    body = f"  <body>\n    <div>\n{paragraphs}    </div>\n  </body>\n" if paragraphs else "  <body/>\n"
    return f"{beginning}{_EBU_HEAD if is_ebu else _HEAD}{body}</tt>\n"


def _paragraph(number: int, cue: Cue, *, span: str, word_marks: bool) -> str:
    begin, end = (clock(time, decimal_mark=".") for time in (cue.start_ms, cue.end_ms))
    if word_marks and cue.words:
        lines = list(_marked_lines(cue))
    else:
        lines = [f"{span}{_escaped(line)}</span>" for line in cue.lines]
    return (
        f'      <p xml:id="c{number}" region="bottom" style="text" begin="{begin}" end="{end}">'
        f"{'<br/>'.join(lines)}</p>\n"
    )


def _marked_lines(cue: Cue) -> Iterator[str]:
    """The lines of a cue, each word in a span that changes its colour when the word is spoken.

    A time in a paragraph counts from the paragraph's beginning.
    """
    for _, words in groupby(cue.words, key=_line):
        line = ""
        for word in words:
            line += " " if line and not word.joined else ""
            wait_ms = word.start_ms - cue.start_ms
            change = f'<set begin="{wait_ms}ms" tts:color="white"/>'
            line += f'<span style="future">{change}' if wait_ms > 0 else "<span>"
            line += f"{_escaped(word.text)}</span>"
        yield line


def _line(word: CueWord) -> int:
    return word.line


def _escaped(text: str) -> str:
    """Text of an element; a carriage return by its number, for a reader makes a line feed of the character."""
    return escape(_without_controls(text), {"\r": "&#13;"})


def _without_controls(text: str) -> str:
    return _NOT_XML.sub(_UNKNOWN, text)
