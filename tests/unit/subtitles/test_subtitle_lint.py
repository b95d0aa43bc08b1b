"""What the lint finds, rule by rule."""

from __future__ import annotations

import pytest

from sayso.subtitles import STYLES, Rule, lint
from sayso.types import Cue

NETFLIX = STYLES["netflix"]


def cue(start_ms: int, end_ms: int, *lines: str) -> Cue:
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=lines or ("Hello",))


@pytest.mark.parametrize(
    ("cues", "rule", "message"),
    [
        ([cue(0, 1000, "")], Rule.EMPTY, "shows nothing"),
        ([cue(0, 1000, "a", "b", "c")], Rule.LINE_COUNT, "3 lines, at most 2"),
        ([cue(0, 5000, "a", "b" * 43)], Rule.LINE_LENGTH, "43 columns on line 2, at most 42"),
        ([cue(0, 5000, "語" * 22)], Rule.LINE_LENGTH, "44 columns on line 1, at most 42"),
        ([cue(0, 999, "a" * 20)], Rule.READING_SPEED, "20.0 characters a second, at most 20"),
        ([cue(0, 832)], Rule.TOO_SHORT, "shown for 832 ms, at least 833 ms"),
        ([cue(0, 7001)], Rule.TOO_LONG, "shown for 7001 ms, at most 7000 ms"),
        ([cue(0, 1000), cue(1082, 2000)], Rule.GAP, "starts 82 ms after the cue before it, at least 83 ms"),
        ([cue(0, 1000), cue(999, 2000)], Rule.OVERLAP, "starts 1 ms before the cue before it ends"),
        ([cue(0, 0)], Rule.ORDER, "ends as it starts"),
        ([cue(5000, 4000)], Rule.ORDER, "ends 1000 ms before its start"),
        ([cue(5000, 6000), cue(0, 1000)], Rule.ORDER, "starts 5000 ms before the cue before it"),
        ([cue(9500, 10_501)], Rule.PAST_END, "ends at 10501 ms, the audio at 10500 ms"),
    ],
)
def test_each_rule_says_what_it_found_and_what_is_allowed(cues: list[Cue], rule: Rule, message: str) -> None:
    """One fault is one violation, of the last cue, with both figures."""
    (violation,) = lint(cues, NETFLIX, duration_ms=10_500)
    assert (violation.rule, violation.message) == (rule, message)
    assert violation.cue == len(cues)
    assert violation.start_ms == cues[-1].start_ms


def test_the_limits_themselves_are_allowed() -> None:
    """A cue exactly at every limit passes."""
    cues = [cue(0, 4200, "a" * 42, "b" * 42), cue(4283, 5116, "c" * 16), cue(5199, 12_199)]
    assert lint(cues, NETFLIX, duration_ms=12_199) == []


def test_every_fault_of_a_cue_is_found() -> None:
    """A cue that is wrong in several ways is reported for each."""
    found = lint([cue(0, 500, "a" * 50, "b", "c")], NETFLIX)
    assert [violation.rule for violation in found] == [
        Rule.LINE_COUNT,
        Rule.LINE_LENGTH,
        Rule.TOO_SHORT,
        Rule.READING_SPEED,
    ]


def test_no_cues_break_no_rule() -> None:
    """An empty file is in order."""
    assert lint([], NETFLIX, duration_ms=0) == []
