"""How a narration's progress is told."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sayso.cli.clock import clock
from sayso.cli.narration_progress import LogLines, narration_progress
from sayso.narration import Progress


def progress(percent: int) -> Progress:
    return Progress(done_characters=percent, total_characters=100, audio_seconds=percent * 2.0)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.4, "0:07"), (67, "1:07"), (600, "10:00"), (3600, "1:00:00")]
)
def test_seconds_are_shown_as_a_player_shows_them(seconds: float, shown: str) -> None:
    """Minutes and seconds, with hours where there are any."""
    assert clock(seconds) == shown


def test_a_log_has_a_line_at_each_tenth() -> None:
    """Lines come at each tenth of the way, with what was spoken, when there was time to wait for them."""
    out, now = io.StringIO(), 0.0
    lines = LogLines(Console(file=out), "story", now=lambda: now)
    for percent in range(0, 101, 5):
        now += 10
        lines(progress(percent))
    told = out.getvalue().splitlines()
    assert [line.split(",")[0] for line in told] == [f"story: {percent} %" for percent in range(10, 101, 10)]
    assert "3:20 spoken" in told[-1]


def test_a_quick_narration_is_not_told_in_steps() -> None:
    """What is over in a moment fills no log."""
    out = io.StringIO()
    lines = LogLines(Console(file=out), "story", now=lambda: 0.5)
    for percent in range(0, 101, 5):
        lines(progress(percent))
    assert out.getvalue() == ""


def test_a_terminal_gets_a_bar() -> None:
    """On a terminal there is one bar with share, time spoken and rate, and it is gone at the end."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with narration_progress(console, "story", quiet=False) as tell:
        tell(progress(50))
    assert "50%" in out.getvalue()
    assert "1:40 spoken" in out.getvalue()


def test_quiet_says_nothing() -> None:
    """Nothing is printed when it is not wanted."""
    out = io.StringIO()
    with narration_progress(Console(file=out), "story", quiet=True) as tell:
        tell(progress(50))
    assert out.getvalue() == ""
