"""Durations on the command line."""

from __future__ import annotations

import pytest

from sayso.cli.durations import seconds_of
from sayso.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("90m", 5400), ("24h", 86_400), ("30d", 2_592_000), (" 1.5H ", 5400), ("4w", 2_419_200)],
)
def test_a_number_and_a_unit(text: str, seconds: float) -> None:
    """In seconds."""
    assert seconds_of("--since", text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1y", "1d2h", "²d", "9999999d"])
def test_anything_else_is_refused(text: str) -> None:
    """With the option's name."""
    with pytest.raises(InvalidInput, match="--since"):
        seconds_of("--since", text)
