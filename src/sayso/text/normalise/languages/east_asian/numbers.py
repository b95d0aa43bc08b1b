"""Chinese and Japanese numbers in characters."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
_TENS = ("", "十", "百", "千")
_MOST_DIGITS = 16


def by_digits(digits: str) -> str:
    """Digit by digit: "1994" is 一九九四."""
    return "".join(DIGITS[int(digit)] for digit in digits)


def chinese(digits: str) -> str:
    """A number in Chinese; digit by digit when it has more than 16 digits or begins with a zero."""
    if len(digits) > _MOST_DIGITS or (len(digits) > 1 and int(digits[0]) == 0):
        return by_digits(digits)
    value = int(digits)
    if not value:
        return DIGITS[0]
    return _chinese_of(value, ("", "万", "亿", "万亿"))


def _chinese_of(value: int, scales: tuple[str, ...]) -> str:
    out = ""
    for power in reversed(range(len(scales))):
        group = value // 10_000**power % 10_000
        if not group:
            continue
        if out and group < 1000:
            out += DIGITS[0]
        said = _chinese_group(group, leading=not out or bool(power and group < 20))
        out += ("两" if group == 2 and power and not out else said) + scales[power]
    return out


def _chinese_group(group: int, *, leading: bool) -> str:
    if leading and 10 <= group < 20:
        return "十" + (DIGITS[group % 10] if group % 10 else "")
    out = ""
    gap = False
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if not digit:
            gap = bool(out)
            continue
        out += DIGITS[0] if gap and out else ""
        out += ("两" if digit == 2 and place == 3 else DIGITS[digit]) + _TENS[place]
        gap = False
    return out


def japanese(digits: str) -> str:
    """A number in Japanese; digit by digit when it has more than 16 digits or begins with a zero."""
    if len(digits) > _MOST_DIGITS or (len(digits) > 1 and int(digits[0]) == 0):
        return by_digits(digits)
    value = int(digits)
    if not value:
        return DIGITS[0]
    out = ""
    for power, scale in reversed(list(enumerate(("", "万", "億", "兆")))):
        group = value // 10_000**power % 10_000
        if group:
            out += _japanese_group(group, scaled=bool(power)) + scale
    return out


def _japanese_group(group: int, *, scaled: bool) -> str:
    out = ""
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if not digit:
            continue
        silent = digit == 1 and (place in {1, 2} or (place == 3 and not scaled))
        out += ("" if silent else DIGITS[digit]) + _TENS[place]
    return out
