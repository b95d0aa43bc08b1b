"""Cues are moved to where their words are heard."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sayso.alignment import Aligner
from sayso.errors import NothingToSay, NotSubtitles
from sayso.narration import RetimedSubtitles, retime
from sayso.scheduling import UNBOUNDED
from sayso.subtitles import parse_subtitles, style_named
from support.alignment.written import LetterPronouncer, Writer, WrittenModel

LINES = [
    "the ferry leaves the harbour early",
    "bring a warm woolen jumper along",
    "nobody waits for travellers who oversleep",
    "breakfast is served on board at seven",
]


def writer() -> Writer:
    """The lines, with pauses between them."""
    written = Writer().pause(1.0)
    for line in LINES:
        written.say(line).pause(1.5)
    return written


def file_of(*cues: tuple[float, float, str]) -> str:
    def clock(seconds: float) -> str:
        return f"00:{int(seconds // 60):02}:{int(seconds % 60):02},{round(seconds % 1 * 1000):03}"

    return "\n\n".join(
        f"{number}\n{clock(start)} --> {clock(end)}\n{text}" for number, (start, end, text) in enumerate(cues, 1)
    )


def retimed(content: str) -> RetimedSubtitles:
    recording = writer()
    aligner = Aligner(WrittenModel(), LetterPronouncer(), listen=lambda *_: recording.heard())
    return retime(
        content,
        recording.recording,
        aligner,
        language="en-us",
        style=style_named("netflix"),
        context=UNBOUNDED,
    )


def starts() -> list[float]:
    """When the first word of each line is spoken."""
    counts = [len(line.split()) for line in LINES]
    return [writer().times[sum(counts[:number])][1] for number in range(len(LINES))]


@pytest.mark.parametrize("distort", [lambda t: t + 7.3, lambda t: max(0.0, t * 1.0427 - 0.5), lambda _: 3.0])
def test_cues_move_to_their_words(distort: object) -> None:
    """Shifted, stretched, or all in one place; words in brackets and names of speakers are not looked for."""
    shown = [LINES[0], f"ANN: {LINES[1]}", f"[door slams]\n{LINES[2]}", f"- {LINES[3]}"]
    assert callable(distort)
    content = file_of(*((distort(at), distort(at) + 1.5, text) for at, text in zip(starts(), shown, strict=True)))
    result = retimed(content)
    cues = parse_subtitles(result.content)
    assert [cue.start_ms / 1000 for cue in cues] == pytest.approx(starts(), abs=0.06)
    assert [cue.lines for cue in cues] == [cue.lines for cue in parse_subtitles(content)]
    assert result.unplaced == ()
    assert all(cue.end_ms <= after.start_ms for cue, after in pairwise(cues))


def test_a_cue_that_is_not_heard_moves_with_its_neighbours() -> None:
    """It is listed with its number."""
    at = starts()
    between = (at[1] + at[2]) / 2
    cues = [(at[0], LINES[0]), (at[1], LINES[1]), (between, "[music]"), (at[2], LINES[2]), (at[3], LINES[3])]
    result = retimed(file_of(*((start + 10.0, start + 11.0, text) for start, text in cues)))
    assert [(cue.number, cue.text) for cue in result.unplaced] == [(3, "[music]")]
    assert parse_subtitles(result.content)[2].start_ms / 1000 == pytest.approx(between, abs=0.1)
    assert result.median_shift_ms == pytest.approx(-10_000, abs=60)


def test_what_cannot_be_used_is_refused() -> None:
    """No cues, no words, no times."""
    for empty in ("", "WEBVTT\n", file_of((1.0, 2.0, "[music]"), (3.0, 4.0, "♪"))):
        with pytest.raises(NothingToSay):
            retimed(empty)
    with pytest.raises(NotSubtitles):
        retimed("1\nnot a time\nhello\n")
