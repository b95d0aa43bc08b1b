"""Reading the subtitle files of others."""

from __future__ import annotations

import pytest

from sayso.errors import NotSubtitles
from sayso.subtitles import parse_subtitles
from sayso.types import Cue


def test_srt_as_it_is_found() -> None:
    """A byte order mark, Windows line ends, missing numbers, tags, positions and extra blank lines are accepted."""
    data = (
        "\ufeff1\r\n00:00:01,000 --> 00:00:02,500 X1:40 X2:600\r\n"
        "<i>Hello</i>, {\\an8}<font color='red'>you</font>\r\n\r\n"
        "\r\n00:00:03.000-->00:00:04.000\r\nTwo\r\nlines  \r\n"
    )
    assert parse_subtitles(data) == [
        Cue(start_ms=1000, end_ms=2500, lines=("Hello, you",)),
        Cue(start_ms=3000, end_ms=4000, lines=("Two", "lines")),
    ]


def test_vtt_as_it_is_found() -> None:
    """Notes, styles, regions, names, settings, times without hours, tags and entities are accepted."""
    data = (
        "WEBVTT - a title\nKind: captions\n\nNOTE\nof no importance\n\nSTYLE\n::cue { color: red }\n\n"
        "REGION\nid:one\n\nintroduction\n00:01.000 --> 01:00:02.000 align:start line:0\n"
        "<v Ann>Salt &amp; <00:01.500><b>pepper</b>&nbsp;&lt;3\n\n00:05.000 --> 00:06.000\n"
    )
    assert parse_subtitles(data) == [
        Cue(start_ms=1000, end_ms=3_602_000, lines=("Salt & pepper\u00a0<3",)),
        Cue(start_ms=5000, end_ms=6000, lines=()),
    ]


@pytest.mark.parametrize("data", ["", "\ufeff", "\n\n", "WEBVTT", "WEBVTT\n\nNOTE nothing\n"])
def test_a_file_may_hold_no_cues(data: str) -> None:
    """What is written for a recording of silence can be read."""
    assert parse_subtitles(data) == []


def test_times_that_make_no_sense_are_for_the_lint() -> None:
    """A cue that runs backwards or overlaps the one before it is read as it stands."""
    data = "1\n00:00:05,000 --> 00:00:04,000\nA\n\n2\n00:00:01,000 --> 00:00:09,000\nB\n"
    assert [(cue.start_ms, cue.end_ms) for cue in parse_subtitles(data)] == [(5000, 4000), (1000, 9000)]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("Once upon a time\n", 1),
        ("1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\n00:00:xx,000 --> 00:00:04,000\nB\n", 6),
        ("1\n00:00:61,000 --> 00:01:02,000\nA\n", 2),
        ("1\n00:00:01 --> 00:00:02\nA\n", 2),
        ("WEBVTT\n\n00:01.000 -> 00:02.000\nA\n", 4),
        ("\x00\x01\x02PNG", 1),
    ],
)
def test_what_is_no_subtitle_file_is_refused_with_its_line(data: str, line: int) -> None:
    """The message points at the line where a time was expected."""
    with pytest.raises(NotSubtitles, match=rf"^Line {line} "):
        parse_subtitles(data)


def test_what_only_begins_like_a_tag_is_text() -> None:
    """A bracket or brace that is never closed is shown, and does not take the tags before and after it along."""
    cues = parse_subtitles("00:00:01,000 --> 00:00:02,000\n{\\an8}<i>1 <b</i> and <c {\\an8}is {\\ left\n")
    assert cues[0].lines == ("1  and <c is {\\ left",)


@pytest.mark.parametrize("text", [f"{'9' * 5000}:00:01,000 --> 00:00:02,000\na", "00:00:01,000 --> 1"])
def test_hours_that_no_clock_has_are_no_time(text: str) -> None:
    """They are refused like anything that is not a time."""
    with pytest.raises(NotSubtitles):
        parse_subtitles(text)


def test_a_number_of_no_character_is_text() -> None:
    """However long it is."""
    reference = f"&#{'9' * 5000};"
    assert parse_subtitles(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{reference} &#65;")[0].lines == (f"{reference} A",)
