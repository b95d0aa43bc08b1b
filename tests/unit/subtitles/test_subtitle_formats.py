"""Writing subtitle files, and reading them back."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from sayso.subtitles import (
    STYLES,
    Style,
    TimelineBuilder,
    compile_cues,
    parse_subtitles,
    render,
    render_ass,
    render_json,
    render_srt,
    render_vtt,
)
from sayso.types import Cue, Span, Token, TokenTime
from unit.subtitles.timelines import LIT, RATE_HZ, Said, spoken, timeline_of

NETFLIX, KARAOKE = STYLES["netflix"], STYLES["karaoke"]

CUES = (
    Cue(start_ms=0, end_ms=1500, lines=("Tom & “Jerry”", "2 < 3")),
    Cue(start_ms=3_599_999, end_ms=360_000_000, lines=("At last.",)),
)


def test_srt() -> None:
    """Numbers from 1, commas before the milliseconds, hours as long as they need to be."""
    assert render_srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,500\nTom & “Jerry”\n2 < 3\n\n2\n00:59:59,999 --> 100:00:00,000\nAt last.\n\n"
    )


def test_vtt() -> None:
    """A header, points before the milliseconds, and what HTML would take for markup escaped."""
    assert render_vtt(CUES) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\nTom &amp; “Jerry”\n2 &lt; 3\n\n"
        "00:59:59.999 --> 100:00:00.000\nAt last.\n\n"
    )


def test_vtt_with_word_marks() -> None:
    """Each word after the first has the time at which it lights up."""
    assert render_vtt([LIT], word_marks=True).endswith(
        "00:00:01.000 --> 00:00:03.000\n"
        "<c>One</c> <00:00:01.309><c>two-</c><00:00:01.700><c>three</c>\n"
        "<00:00:02.200><c>four</c>\n\n"
    )


def test_ass() -> None:
    """Each word is a syllable, silences are empty ones, and the second line comes after a line break."""
    assert render_ass([LIT]).splitlines()[-1] == (
        r"Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,"
        r"{\k20}One{\k10} {\k40}two-{\k30}three{\k20}\N{\k80}four"
    )


def test_ass_without_word_times() -> None:
    """Cues that were read from a file show their lines."""
    assert render_ass(CUES).splitlines()[-2].endswith(r",,Tom & “Jerry”\N2 < 3")


def test_ass_escapes_what_would_be_a_command() -> None:
    r"""Braces and ``\N`` in the author's text are shown, not obeyed."""
    text = render_ass([Cue(start_ms=0, end_ms=1000, lines=(r"{\b1} C:\New",))]).splitlines()[-1]
    assert text.endswith(",,\\{\\\u2060b1\\} C:\\\u2060New")


def test_render_writes_each_format_by_its_name() -> None:
    """The suffix chooses the format, the style whether WebVTT marks words."""
    assert render([LIT], "srt", style=KARAOKE) == render_srt([LIT])
    assert render([LIT], "vtt", style=NETFLIX) == render_vtt([LIT])
    assert render([LIT], "vtt", style=KARAOKE) == render_vtt([LIT], word_marks=True)
    assert render([LIT], "ass", style=NETFLIX) == render_ass([LIT])


def test_json_gives_every_word_its_time_and_place() -> None:
    """The document has the promised shape, and offsets lead back to the word as it was written."""
    text = "# Un été\n\n£3.50, s’il vous plaît"
    builder = TimelineBuilder(text, RATE_HZ)
    builder.chapter("Un été")
    title = [Token(spoken="un", span=Span(start=2, end=4)), Token(spoken="été", span=Span(start=5, end=8))]
    times = [TokenTime(start_sample=0, end_sample=8000), TokenTime(start_sample=8000, end_sample=24_000)]
    builder.append(title, times, length_samples=24_000)
    builder.pause(1)
    price = Span(start=10, end=15)
    tokens = [Token(spoken="three", span=price), Token(spoken="fifty", span=price, trail=",")]
    builder.append(tokens, times, length_samples=30_000)
    document = json.loads(
        render_json(builder.build(), text=text, language="fr", voice="ff_siwis", engine="kokoro", timing="naive")
    )
    assert document == {
        "version": 1,
        "text": text,
        "language": "fr",
        "voice": "ff_siwis",
        "engine": "kokoro",
        "timing": "naive",
        "sample_rate": 24_000,
        "duration": 2.250042,
        "words": [
            {"text": "Un", "start": 0.0, "end": 0.333333, "char_start": 2, "char_end": 4},
            {"text": "été", "start": 0.333333, "end": 1.0, "char_start": 5, "char_end": 8},
            {"text": "£3.50", "start": 1.000042, "end": 2.000042, "char_start": 10, "char_end": 15},
        ],
        "segments": [
            {"start": 0.0, "end": 1.0, "char_start": 2, "char_end": 8},
            {"start": 1.000042, "end": 2.250042, "char_start": 10, "char_end": 15},
        ],
        "chapters": [{"title": "Un été", "start": 0.0, "end": 2.250042}],
    }
    assert all(text[word["char_start"] : word["char_end"]] == word["text"] for word in document["words"])


lines = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=20).filter(str.strip)
hostile = st.sampled_from(
    ["<b>", "</i>", "{\\an8}", "-->", "00:00:01,000 --> 00:00:02,000", "NOTE", "7", "&amp;", "---->"]
)
cues = st.builds(
    lambda start, length, shown: Cue(start_ms=start, end_ms=start + length, lines=tuple(shown)),
    st.integers(0, 400_000_000),
    st.integers(1, 10_000),
    st.lists(lines | hostile, min_size=1, max_size=3),
)


@given(st.lists(cues, max_size=5))
def test_srt_reads_back_as_it_was_written(written: list[Cue]) -> None:
    """Whatever the text looks like to a player, it comes back, to the millisecond."""
    assert parse_subtitles(render_srt(written)) == written


@given(st.lists(cues, max_size=5))
def test_vtt_reads_back_as_it_was_written(written: list[Cue]) -> None:
    """Whatever the text looks like to a browser, it comes back, to the millisecond."""
    assert parse_subtitles(render_vtt(written)) == written


@given(st.lists(st.builds(Said, st.text("ab<&", min_size=1, max_size=9), st.integers(20, 2000), st.integers(0, 2000))))
def test_marked_vtt_reads_back_and_its_marks_stand_inside_their_cues(words: list[Said]) -> None:
    """Word marks change nothing in what is read, grow, and lie strictly between a cue's start and end."""
    compiled = compile_cues(timeline_of(words), KARAOKE, language="en")
    written = render_vtt(compiled, word_marks=True)
    read = parse_subtitles(written)
    assert [(cue.start_ms, cue.end_ms, cue.lines) for cue in read] == [
        (cue.start_ms, cue.end_ms, cue.lines) for cue in compiled
    ]
    bodies = written.split("\n\n")[2:]
    for cue, body in zip(compiled, bodies, strict=False):
        marks = [_ms(*stamp) for stamp in re.findall(r"<(\d+):(\d+):(\d+)\.(\d+)>", body)]
        assert marks == sorted(set(marks))
        assert all(cue.start_ms < mark < cue.end_ms for mark in marks)


def _ms(hours: str, minutes: str, seconds: str, fraction: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction)


@given(
    st.lists(st.builds(Said, st.text("abc", min_size=1, max_size=60), st.integers(20, 3333), st.integers(0, 2000))),
    st.sampled_from(list(STYLES.values())),
)
def test_karaoke_tags_sum_to_their_cue(words: list[Said], style: Style) -> None:
    """The syllables of a line last as long as the line, to the centisecond, so that nothing drifts."""
    for line in render_ass(compile_cues(timeline_of(words), style, language="en")).splitlines():
        if times := re.match(r"Dialogue: 0,(\d+):(\d+):(\d+)\.(\d+),(\d+):(\d+):(\d+)\.(\d+),", line):
            start, end = _ms(*times.groups()[:4]), _ms(*times.groups()[4:])
            seconds, centiseconds = divmod(end, 1000)
            length = (seconds * 100 + centiseconds) - (start // 1000 * 100 + start % 1000)
            assert sum(map(int, re.findall(r"\{\\k(\d+)\}", line))) == length


def test_a_spoken_story_as_a_file() -> None:
    """From a timeline to the file a player opens."""
    timeline = spoken(
        "The lamp went out. Nobody saw it, for the village was asleep, and so was the keeper of the light."
    )
    assert render(compile_cues(timeline, NETFLIX, language="en"), "srt", style=NETFLIX) == (
        "1\n00:00:00,000 --> 00:00:01,624\nThe lamp went out.\n\n"
        "2\n00:00:01,707 --> 00:00:07,699\n"
        "Nobody saw it, for the village was asleep,\nand so was the keeper of the light.\n\n"
    )
