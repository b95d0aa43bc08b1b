"""English times of day, and durations with seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END
from sayso.text.normalise.rules import Rule, parts, rule

if TYPE_CHECKING:
    import re

    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Reading, Words

_HALF_DAY = r"(?P<half>[ap]\.m\.|[AP]\.M\.|[ap]m|[AP]M)"
# "p.m. ET", "p.m. e.s.t"; in lower case only with three letters, since "et" and "pt" are words and units.
_ZONE = r"(?: ?(?P<zone>(?:[ECMP][SD]?T|GMT|UTC|BST|CET)|(?:[ecmp]\.?[sd]\.?t\.?|gmt|utc))(?![^\W_]))?"


def times(speller: Speller) -> tuple[Rule, ...]:
    """The rules for "10:30", "10:30 p.m. EST", "1.59 p.m.", "5pm", and with seconds "14:10:30"."""

    def letters(written: str | None) -> Words:
        return tuple((written or "").replace(".", "").upper())

    def counted(digits: str, unit: str) -> Words:
        value = str(int(digits))
        return (*speller.cardinal(value), unit if value == "1" else f"{unit}s")

    def read_clock(match: re.Match[str]) -> Reading:
        hour, minute = str(int(match["hour"])), match["minute"]
        said = [*speller.cardinal(hour)]
        if match["second"]:
            said = [*counted(hour, "hour"), *counted(minute, "minute"), "and", *counted(match["second"], "second")]
        elif minute != "00":
            said += ("oh", *speller.cardinal(minute[1])) if minute[0] == "0" else speller.cardinal(minute)
        elif not match["half"]:
            said.append("o'clock" if 1 <= int(hour) <= 12 else "hundred")
        return parts(match, ("clock", said), ("half", letters(match["half"])), ("zone", letters(match["zone"])))

    def read_hour(match: re.Match[str]) -> Reading:
        hour = speller.cardinal(str(int(match["hour"])))
        return parts(match, ("hour", hour), ("half", letters(match["half"])), ("zone", letters(match["zone"])))

    clock = r"(?P<clock>(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?)(?![:\d]|\.\d)"
    dotted = r"(?P<clock>(?P<hour>1[0-2]|0?[1-9])\.(?P<minute>[0-5]\d)(?P<second>(?!))?)"
    return (
        rule(rf"{clock}(?: ?{_HALF_DAY}{_ZONE})?{WORD_END}", read_clock),
        rule(rf"{dotted} ?{_HALF_DAY}{_ZONE}{WORD_END}", read_clock),
        rule(rf"(?P<hour>1[0-2]|0?[1-9]) ?{_HALF_DAY}{_ZONE}{WORD_END}", read_hour),
    )
