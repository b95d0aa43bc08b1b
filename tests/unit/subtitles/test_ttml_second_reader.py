"""What Sayso writes and reads as TTML, against ttconv, which implements the W3C's processing of IMSC."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ttconv import model
from ttconv.imsc import reader
from ttconv.isd import ISD

from sayso.errors import NotSubtitles
from sayso.subtitles import STYLES, Style, parse_subtitles, render_ttml
from sayso.types import Cue

if TYPE_CHECKING:
    from collections.abc import Iterator

styles = st.sampled_from(list(STYLES.values()))
texts = st.text("ab<&é\u00a0 ", min_size=1, max_size=9).filter(str.strip)


def moments(document: str, caplog: pytest.LogCaptureFixture | None = None) -> list[tuple[float, list[str]]]:
    """When what is shown changes, in seconds, and the paragraphs shown from then on."""
    if caplog is not None:
        caplog.set_level(logging.WARNING)
    read = reader.to_model(ET.ElementTree(ET.fromstring(document.encode())))  # noqa: S314 -- written here
    assert read is not None
    return [
        (float(start), sorted(_normal(text) for region in shown.iter_regions() for text in _paragraphs(region)))
        for start, shown in ISD.generate_isd_sequence(read)
    ]


def _paragraphs(element: Any) -> Iterator[str]:
    if isinstance(element, model.P):
        yield _text(element)
        return
    for child in element:
        yield from _paragraphs(child)


def _text(element: Any) -> str:
    if isinstance(element, model.Text):
        return str(element.get_text())
    return "\n" if isinstance(element, model.Br) else "".join(map(_text, element))


def _normal(text: str) -> str:
    return "|".join(" ".join(line.split()) for line in text.split("\n") if line.strip())


def seen(document: str, at_seconds: float) -> list[str]:
    """What Sayso's reader finds shown at a moment."""
    try:
        cues = [cue for cue in parse_subtitles(document) if cue.start_ms <= at_seconds * 1000 < cue.end_ms]
    except NotSubtitles:  # nothing of it is ever shown
        return []
    return sorted(_normal("\n".join(cue.lines)) for cue in cues)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 900), st.lists(texts, min_size=1, max_size=2)), max_size=4),
    styles,
)
def test_what_is_written_is_shown(parts: list[tuple[int, int, list[str]]], style: Style) -> None:
    """Every line of every cue, from its start to its end."""
    cues, clock = [], 0
    for length, gap, lines in parts:
        cues.append(Cue(start_ms=clock + gap, end_ms=clock + gap + length, lines=tuple(lines)))
        clock = cues[-1].end_ms
    found = moments(render_ttml(cues, style=style, language="en"))
    for cue in cues:
        shown = [lines for start, lines in found if start * 1000 <= cue.start_ms + 0.5][-1]
        assert shown == [_normal("\n".join(cue.lines))]
    assert not parts or found[-1] == (clock / 1000, [])


@pytest.mark.parametrize("name", STYLES)
def test_nothing_is_complained_of(name: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of the head nor of the content."""
    cue = Cue(start_ms=0, end_ms=1000, lines=("One", "two"))
    assert moments(render_ttml([cue], style=STYLES[name], language="ja"), caplog)[0] == (0.0, ["One|two"])
    assert caplog.messages == []


TIMES = ('begin="0.5s" end="2s"', 'dur="3s"', 'begin="10f" dur="1.5s"', 'end="00:00:02.5"')


@st.composite
def contents(draw: st.DrawFn, depth: int = 0, *, in_sequence: bool = False) -> str:
    """Elements within one another, with times of every kind.

    What begins ends, too: otherwise ttconv ends it where its children do, and takes their times for its parent's.
    """
    name = ("div", "p", "span", "span")[depth]
    times = draw(st.sampled_from(TIMES if in_sequence else (*TIMES, "")))
    is_sequence = depth == 0 and draw(st.booleans())
    inside = "" if depth == 0 else draw(st.sampled_from(["a", " b ", "<br/>", ""]))
    children = draw(st.lists(contents(depth=depth + 1, in_sequence=is_sequence), max_size=3)) if depth < 3 else ["c"]
    container = ' timeContainer="seq"' if is_sequence else ""
    return f"<{name} {times}{container}>{inside}{''.join(children)}</{name}>"


@settings(max_examples=25)
@given(st.lists(contents(), max_size=2))
def test_what_is_read_is_what_is_shown(divisions: list[str]) -> None:
    """At every moment at which anything changes."""
    document = (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25" '
        f'xml:lang="en"><body dur="20s">{"".join(divisions)}</body></tt>'
    )
    for start, shown in moments(document):
        assert seen(document, start) == [text for text in shown if text]
