"""Reading the subtitle files of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import NotSubtitles
from sayso.subtitles import decode_subtitles, parse_subtitles, read_subtitles
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
        ("1\n00:00:xx,000 --> 00:00:04,000\nB\n", 1),
        ("WEBVTT\n\n00:01.000 00:02.000\nA\n", 3),
        ("{1}{25}MicroDVD\n", 1),
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


SRT = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo.\n"
FIRST = Cue(start_ms=1000, end_ms=2000, lines=("One.",))
SECOND = Cue(start_ms=3000, end_ms=4000, lines=("Two.",))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("One.\n\n2\n", "One.\n2\n", None),  # no blank line between cues
        ("One.\n\n2\n", "One.\n\n", None),  # no number
        ("One.\n\n2\n", "One.\n\n2\n\n", None),  # a blank line behind the number
        ("00:00:03,000 -->", "00:00:03,000 ->", 6),
        ("00:00:03,000 -->", "00:00:03,000 \u2014>", 6),
        ("00:00:03,000 -->", "00:00:03,000 - ->", 6),
        ("00:00:03,000 -->", "0:0:3 -->", 6),
        ("00:00:03,000 -->", "00:00:3.0 -->", 6),
        ("00:00:03,000 -->", "00:03,00 -->", 6),
        ("00:00:03,000 --> 00:00:04,000", "00: 00: 03, 000 --> 00:00:04:000", 6),
        ("Two.\n", "Two.\n\n3\n", 9),  # a number without a cue
        ("1\n", "Subtitles by a friend\n\n1\n", 1),
        ("\nTwo.\n", "\nTwo.\n\n\n\n", None),
    ],
)
def test_srt_is_read_as_players_read_it(old: str, new: str, line: int | None) -> None:
    """Both cues are there, and what is wrong is said with its line."""
    file = read_subtitles(SRT.replace(old, new, 1))
    assert [found.cue for found in file.cues] == [FIRST, SECOND]
    assert [remark.line for remark in file.remarks] == ([] if line is None else [line])


def test_blank_lines_within_a_text_lose_nothing() -> None:
    """What follows belongs to the cue, also a number that is not the next cue's."""
    file = read_subtitles(SRT.replace("One.\n", "One.\n\nOne more.\n\n42\n"))
    assert [found.cue.lines for found in file.cues] == [("One.", "One more.", "42"), ("Two.",)]
    assert [remark.line for remark in file.remarks] == [4]


def test_a_damaged_time_costs_one_cue_which_is_said() -> None:
    file = read_subtitles(SRT.replace("\n\n2\n", "\n\n7\n00:00:02,5xx --> 00:00:02,900\nLost.\n\n8\n"))
    assert [found.cue for found in file.cues] == [FIRST, SECOND]
    assert [(remark.line, remark.is_lost) for remark in file.remarks] == [(6, True)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_line_ends_and_encodings_are_read(end: str, encoding: str) -> None:
    data = SRT.replace("\n", end).encode(encoding)
    assert parse_subtitles(decode_subtitles(data, "a.srt")) == [FIRST, SECOND]


VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n\n00:03.000 --> 00:04.000\nTwo.\n"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("WEBVTT\n\n", "WEBVTT\n", None),  # a cue directly under the signature
        ("WEBVTT\n\n", "WEBVTT\nKind: captions\n", None),
        ("One.\n\n", "One.\n", None),
        ("\n\n00:03", "\n\nNOTE the second\n00:03", None),  # an identifier
        ("\n\n00:03", "\n\nSTYLE\n00:03", None),
        ("\n\n00:03", "\n\nNOTE\nover\nmany lines\n00:03", None),
        ("\n\n00:03", "\n\n00:02.x00 --> 00:02.500\nLost.\n\n00:03", 6),
        ("\n\n00:03", "\n\nneither a note\nnor a cue\n\n00:03", 6),
        ("\n\n00:03.000", "\n\n00:00:03,000", 6),
        ("\n\n00:03", "\n\n-->\n00:03", 6),
    ],
)
def test_webvtt_is_read_as_browsers_read_it(old: str, new: str, line: int | None) -> None:
    """By the standard: a bad block costs itself, and is said."""
    file = read_subtitles(VTT.replace(old, new, 1))
    assert [found.cue for found in file.cues] == [FIRST, SECOND]
    assert [remark.line for remark in file.remarks] == ([] if line is None else [line])


@pytest.mark.parametrize(
    ("text", "lines", "remarks"),
    [
        ("<i>One</i>", ("One",), []),
        ("<c.loud\nother>One\n</c\n>two", ("One", "two"), []),
        ("a > b", ("a > b",), []),
        ("One\ntwo <c", ("One", "two <c"), [5]),
        ("<", ("<",), [4]),
        ("One > two <00:01.500\nthree", ("One > two <00:01.500", "three"), [4]),
    ],
)
def test_tags_of_webvtt_may_go_on_in_the_next_line(text: str, lines: tuple[str, ...], remarks: list[int]) -> None:
    """One that does not end hides the rest in browsers: it is read as text, and said."""
    file = read_subtitles(VTT.replace("One.", text, 1))
    assert file.cues[0].cue.lines == lines
    assert [remark.line for remark in file.remarks] == remarks


def test_webvtt_without_a_cue_of_the_standard_is_read_like_srt() -> None:
    """Other programs read such times, and players of theirs."""
    file = read_subtitles(VTT.replace("00:01.000", "0:1.0").replace("00:03.000 -->", "0:0:3.0 ->"))
    assert [found.cue for found in file.cues] == [FIRST, SECOND]
    assert [remark.line for remark in file.remarks] == [3, 6]


@given(st.text(alphabet="012:,.->\n \rWEBVTNOé{<&", max_size=200))
def test_no_text_is_lost_silently(data: str) -> None:
    """Whatever a file is: each line is a number, of a cue, blank, or remarked on; else the file is refused."""
    try:
        file = read_subtitles(data)
    except NotSubtitles:
        return
    if file.file_format == "vtt" or any(remark.is_lost for remark in file.remarks):
        return
    taken = {at for found in file.cues for at in range(found.times_line, found.text_end)}
    for at, line in enumerate(file.lines):
        assert at in taken or not line.text.strip() or line.text.strip().isdigit()
