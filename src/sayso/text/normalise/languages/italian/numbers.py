"""Italian numbers in words; hundreds and thousands are words of their own, which engines stress better."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Words

_SMALL = [
    "zero",
    "uno",
    "due",
    "tre",
    "quattro",
    "cinque",
    "sei",
    "sette",
    "otto",
    "nove",
    "dieci",
    "undici",
    "dodici",
    "tredici",
    "quattordici",
    "quindici",
    "sedici",
    "diciassette",
    "diciotto",
    "diciannove",
]
_TENS = ["venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta"]
_SCALES = (
    "",
    "",
    "milione milioni",
    "miliardo miliardi",
    "bilione bilioni",
    "biliardo biliardi",
    "trilione trilioni",
    "triliardo triliardi",
)
_FIRST = ["primo", "secondo", "terzo", "quarto", "quinto", "sesto", "settimo", "ottavo", "nono", "decimo"]
_ALWAYS_OPEN = (24, 7)


def cardinal(value: int) -> Words:
    """The words of a number below 10^24."""
    if not value:
        return ("zero",)
    out: list[str] = []
    for power, scale in reversed(list(enumerate(_SCALES))):
        group = value // 1000**power % 1000
        if not group:
            continue
        said = _below_thousand(group)
        if power == 1:
            said = ["mille"] if group == 1 else [*said[:-1], said[-1].replace("tré", "tre") + "mila"]
        elif power:
            one, many = scale.split()
            said = ["un", one] if group == 1 else [*said, many]
        out += said
    return tuple(out)


def _below_thousand(value: int) -> list[str]:
    hundreds, rest = divmod(value, 100)
    out = [("" if hundreds == 1 else _SMALL[hundreds]) + "cento"] if hundreds else []
    return [*out, _below_hundred(rest)] if rest else out


def _below_hundred(value: int) -> str:
    if value < len(_SMALL):
        return _SMALL[value]
    tens, ones = divmod(value, 10)
    word = _TENS[tens - 2]
    if ones in {1, 8}:
        word = word[:-1]
    return word + ("tré" if ones == 3 else _SMALL[ones] if ones else "")


def agree(said: Words, feminine: bool) -> Words:  # noqa: FBT001 -- a callback
    """The words before a noun: "un", "una"."""
    return (("una" if feminine else "un"),) if said == ("uno",) else said


def ordinal(value: int, feminine: bool) -> Words:  # noqa: FBT001 -- a callback
    """The words of an ordinal: "ottavo", "ventitreesima"."""
    if value <= len(_FIRST):
        said = _FIRST[value - 1]
    else:
        joined = "".join(cardinal(value)).replace("tré", "tre")
        keeps = joined.endswith(("tre", "sei"))
        stem = joined if keeps else joined[:-4] + "mill" if joined.endswith("mila") else joined[:-1]
        said = stem + "esimo"
    return (said[:-1] + "a" if feminine else said,)


def fraction(top: int, bottom: int) -> tuple[Words, Words] | None:
    """The words of a fraction, alone and after a whole number; None if it is read as two numbers."""
    if not 1 < bottom <= 1000 or not top:
        return None
    if top == bottom or (top, bottom) == _ALWAYS_OPEN:
        both = (*cardinal(top), *cardinal(bottom))
        return both, both
    part = "mezzo" if bottom == 2 else ordinal(bottom, False)[0]  # noqa: FBT003
    said = (*agree(cardinal(top), False), part if top == 1 else part[:-1] + "i")  # noqa: FBT003
    return said, ("e", *(("mezzo",) if (top, bottom) == (1, 2) else said))
