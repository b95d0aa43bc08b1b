"""Times as players show them."""

from __future__ import annotations

from datetime import timedelta


def clock(seconds: float) -> str:
    """Seconds in the format of a player: 3:07, 1:00:00."""
    return str(timedelta(seconds=round(seconds))).removeprefix("0:").removeprefix("0") or "0"
