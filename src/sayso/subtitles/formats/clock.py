"""Time stamps of subtitle files."""

from __future__ import annotations


def clock(milliseconds: int, *, decimal_mark: str) -> str:
    """``HH:MM:SS`` and three decimals; hours may have more than two digits."""
    seconds, fraction = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{decimal_mark}{fraction:03}"
