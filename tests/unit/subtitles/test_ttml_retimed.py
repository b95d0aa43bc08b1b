"""New times for TTML: written into its tags, and nothing else changed."""

from __future__ import annotations

from fractions import Fraction

import pytest

from sayso.subtitles import STYLES, CueTime, parse_subtitles, read_subtitles, render_ttml, with_times
from sayso.subtitles.formats.ttml_times import time_rules
from sayso.types import Cue

TT = '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xml:lang="en"'


def document(body: str, *, parameters: str = "") -> str:
    """A document with this body, indented, with a comment and Windows' line ends."""
    return f"{TT} {parameters}>\r\n  <!-- as it was -->\r\n{body}\r\n</tt>\r\n"


def moved(content: str, *, by_ms: int = 10_000, times: int = 1) -> str:
    """The document with its times multiplied and moved."""
    return with_times(
        content,
        [
            CueTime(start_ms=cue.start_ms * times + by_ms, end_ms=cue.end_ms * times + by_ms)
            for cue in parse_subtitles(content)
        ],
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<body><div><p xml:id='a'  begin='1s' end = '2s'\r\n region='r'>A &amp; é<br/>b</p></div></body>",
            (
                "<body><div><p xml:id='a'  begin='00:00:11.000' end = '00:00:12.000'\r\n region='r'>"
                "A &amp; é<br/>b</p></div></body>"
            ),
        ),
        (
            '<body><div><p begin="1s" dur="2s">A</p></div></body>',
            '<body><div><p begin="00:00:11.000" end="00:00:13.000">A</p></div></body>',
        ),
        (
            '<body begin="1s" xml:id="b"><div timeContainer="seq"><p dur="2s">A</p><p dur="1s">B</p></div></body>',
            (
                '<body xml:id="b"><div><p begin="00:00:11.000" end="00:00:13.000">A</p>'
                '<p begin="00:00:13.000" end="00:00:14.000">B</p></div></body>'
            ),
        ),
        (
            '<body><div><p begin="1s" end="5s">A<span begin="1s" end="2s" style="x">b</span></p></div></body>',
            (
                '<body><div><p begin="00:00:11.000" end="00:00:15.000">A'
                '<span begin="00:00:01.000" end="00:00:02.000" style="x">b</span></p></div></body>'
            ),
        ),
        (
            '<body><p end="5s" timeContainer="seq"><span dur="2s">A</span><span dur="1s">b</span></p></body>',
            (
                '<body><p end="00:00:15.000" timeContainer="seq" begin="00:00:10.000">'
                '<span begin="00:00:00.000" end="00:00:02.000">A</span>'
                '<span begin="00:00:00.000" end="00:00:01.000">b</span></p></body>'
            ),
        ),
    ],
)
def test_only_times_change(body: str, expected: str) -> None:
    """Every other character stays: quotes, white space, references, comments; what held a paragraph has no time."""
    assert moved(document(body)) == document(expected)


@pytest.mark.parametrize(
    ("parameters", "begin", "end"),
    [
        ('ttp:timeBase="smpte" ttp:frameRate="25"', "00:00:11:12", "00:00:12:12"),
        (
            'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="dropNTSC"',
            "00:00:11:12",
            "00:00:12:12",
        ),
        ('ttp:frameRate="25"', "00:00:11.480", "00:00:12.480"),
    ],
)
def test_time_codes_stay_time_codes(parameters: str, begin: str, end: str) -> None:
    """A document of time codes has no fractions; others have."""
    content = document('<body><div><p begin="00:00:01:12" end="00:00:02:12">A</p></div></body>', parameters=parameters)
    changed = moved(content)
    assert f'begin="{begin}" end="{end}"' in changed
    (old,), (new,) = parse_subtitles(content), parse_subtitles(changed)
    assert new.start_ms - old.start_ms == pytest.approx(10_000, abs=20)


@pytest.mark.parametrize("drop", ["nonDrop", "dropNTSC", "dropPAL"])
@pytest.mark.parametrize("frames", [24, 30])
def test_time_codes_are_written_as_they_are_read(drop: str, frames: int) -> None:
    """Every frame around the minutes whose first codes are left out, and far from the beginning."""
    rules, wrong = time_rules({"timeBase": "smpte", "dropMode": drop, "frameRate": str(frames)})
    assert not wrong
    for minute in (0, 1, 2, 9, 10, 11, 20, 60, 7_200_000):
        for frame in range(minute * 60 * frames - 5, minute * 60 * frames + 5):
            seconds = Fraction(max(frame, 0)) / rules.frame_rate
            assert rules.seconds(rules.written(seconds)) == seconds


def test_karaoke_moves_in_proportion() -> None:
    """The words' times are those of the cue, stretched."""
    body = '<body><div><p begin="1s" end="3s"><span><set begin="500ms" x="y"/>A</span></p></div></body>'
    changed = moved(document(body), by_ms=0, times=2)
    assert '<p begin="00:00:02.000" end="00:00:06.000"><span><set begin="00:00:01.000" x="y"/>A</span></p>' in changed


def test_what_is_hidden_stays_hidden() -> None:
    """Text that its division's end hides is not shown when the division has no end anymore."""
    body = '<body><div end="2s"><p begin="1s" end="2s">A</p><p begin="5s" end="6s">B</p></div></body>'
    changed = moved(document(body))
    assert '<div><p begin="00:00:11.000" end="00:00:12.000">A</p>' in changed
    assert '<p begin="00:00:00.000" end="00:00:00.000">B</p>' in changed


def test_the_result_is_declared_as_what_it_is_written_in() -> None:
    """Results are written in UTF-8; a byte order mark stays."""
    content = "\ufeff<?xml version=\"1.0\" encoding='windows-1252'?>\n" + document(
        '<body><div><p begin="1s" end="2s">é</p></div></body>'
    )
    assert moved(content).startswith('\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<tt ')


def test_half_a_document_is_moved_as_far_as_it_is_read() -> None:
    """The rest is as it was."""
    content = document('<body><div><p begin="1s" end="2s">A</p><p begin="3s" end="4s">B</div></body>')
    changed = moved(content)
    assert '<p begin="00:00:11.000" end="00:00:12.000">A</p><p begin="3s" end="4s">B</div>' in changed


def test_what_is_written_is_moved_and_back() -> None:
    """Of every style: to the millisecond, and byte for byte."""
    cues = [
        Cue(start_ms=1000, end_ms=2500, lines=("Tom & Jerry", "日本 <b>")),
        Cue(start_ms=2500, end_ms=363_600_001, lines=("Ends.",)),
    ]
    for style in STYLES.values():
        written = render_ttml(cues, style=style, language="en")
        assert moved(moved(written), by_ms=-10_000) == written
        assert not read_subtitles(moved(written)).remarks


def test_there_is_one_time_for_each_cue() -> None:
    """A wrong count is an error of the caller."""
    content = document('<body><div><p begin="1s" end="2s">A</p></div></body>')
    with pytest.raises(ValueError, match="0 times for 1 cues"):
        with_times(content, [])
