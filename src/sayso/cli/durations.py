"""Durations on the command line, such as ``30d``."""

from __future__ import annotations

import re

from sayso.errors import InvalidInput

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_FORM = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smhdw])")


def seconds_of(option: str, text: str) -> float:
    """The seconds of a duration such as ``90m``, ``24h`` or ``30d``.

    Args:
        option: that has it, for the error.
        text: a number and a unit: s, m, h, d or w.

    Raises:
        InvalidInput: it is none.
    """
    match = _FORM.fullmatch(text.strip().lower())
    if match is None:
        raise InvalidInput(
            f"{option} takes a duration, not {text!r}.", hint="A number and a unit: 90m, 24h, 30d or 4w."
        )
    return float(match[1]) * _SECONDS[match[2]]
