"""A subtitle file gets other times, and nothing else of it changes."""

from __future__ import annotations

import pytest

from sayso.subtitles import CueTime, parse_subtitles, with_times

SRT = (
    "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i> there\r\n\r\n"
    "2\r\n00:00:03,000 --> 00:00:04,000\r\n- A --> B\r\n"
)
VTT = """WEBVTT - a title
Kind: captions

NOTE 00:00:09.000 --> 00:00:10.000 is no cue

STYLE
::cue { color: red }

first
00:01.000 --> 00:03.000 align:start line:90%
<v Ann>One <00:00:01.500>two <00:00:02.000>three</v>

00:04.000 --> 00:05.000
four &amp; five"""


def times(*pairs: tuple[int, int]) -> list[CueTime]:
    return [CueTime(start_ms=start, end_ms=end) for start, end in pairs]


def test_subrip_keeps_everything_but_its_times() -> None:
    """The byte order mark, line ends, tags, numbers, and an arrow in a text."""
    changed = with_times(SRT, times((500, 900), (61_000, 3_600_001)))
    assert changed == SRT.replace("00:00:01,000 --> 00:00:02,500", "00:00:00,500 --> 00:00:00,900").replace(
        "00:00:03,000 --> 00:00:04,000", "00:01:01,000 --> 01:00:00,001"
    )


def test_webvtt_keeps_notes_styles_and_settings() -> None:
    """And its words' own times move with the cue."""
    changed = with_times(VTT, times((11_000, 15_000), (20_000, 21_000)))
    assert "NOTE 00:00:09.000 --> 00:00:10.000 is no cue" in changed
    assert "00:00:11.000 --> 00:00:15.000 align:start line:90%" in changed
    assert "<v Ann>One <00:00:12.000>two <00:00:13.000>three</v>" in changed
    assert [(cue.start_ms, cue.lines) for cue in parse_subtitles(changed)] == [
        (11_000, ("One two three",)),
        (20_000, ("four & five",)),
    ]


@pytest.mark.parametrize("data", [SRT, VTT])
def test_its_own_times_change_no_meaning(data: str) -> None:
    """The cues are those that were there."""
    cues = parse_subtitles(data)
    changed = with_times(data, [CueTime(start_ms=cue.start_ms, end_ms=cue.end_ms) for cue in cues])
    assert parse_subtitles(changed) == cues


def test_each_cue_needs_a_time() -> None:
    """A list of another length is a mistake of ours."""
    with pytest.raises(ValueError, match="2 cues"):
        with_times(SRT, times((0, 1)))
