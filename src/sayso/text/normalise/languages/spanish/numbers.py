"""Spanish numbers in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Words

_SMALL = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
]
_TENS = ["treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"]
_HUNDREDS = [
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
]
_SCALES = ("", "millón millones", "billón billones", "trillón trillones")

_FIRST = ["primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno"]
_TENTHS = [
    "décimo",
    "vigésimo",
    "trigésimo",
    "cuadragésimo",
    "quincuagésimo",
    "sexagésimo",
    "septuagésimo",
    "octogésimo",
    "nonagésimo",
]
_HUNDREDTHS = [
    "centésimo",
    "ducentésimo",
    "tricentésimo",
    "cuadringentésimo",
    "quingentésimo",
    "sexcentésimo",
    "septingentésimo",
    "octingentésimo",
    "noningentésimo",
]
_ALWAYS_OPEN = (24, 7)
_PARTS = {2: "medio", 3: "tercio", 4: "cuarto"}


def cardinal(value: int) -> Words:
    """The words of a number below 10^24."""
    if not value:
        return ("cero",)
    out: list[str] = []
    for power, scale in reversed(list(enumerate(_SCALES))):
        group = value // 10 ** (6 * power) % 10**6
        if not group:
            continue
        said = _below_million(group)
        if scale:
            one, many = scale.split()
            said = [*_shortened(said), one if group == 1 else many]
        out += said
    return tuple(out)


def _below_million(value: int) -> list[str]:
    thousands, rest = divmod(value, 1000)
    out = [] if thousands < 2 else _shortened(_below_thousand(thousands))
    return [*out, *(["mil"] if thousands else []), *(_below_thousand(rest) if rest else [])]


def _below_thousand(value: int) -> list[str]:
    if value == 100:
        return ["cien"]
    hundreds, rest = divmod(value, 100)
    out = [_HUNDREDS[hundreds - 1]] if hundreds else []
    if rest and rest < len(_SMALL):
        return [*out, _SMALL[rest]]
    tens, ones = divmod(rest, 10)
    out += [_TENS[tens - 3]] if tens else []
    return [*out, "y", _SMALL[ones]] if ones else out


def _shortened(said: list[str]) -> list[str]:
    last = {"uno": "un", "veintiuno": "veintiún"}.get(said[-1], said[-1])
    return [*said[:-1], last]


def agree(said: Words, feminine: bool) -> Words:  # noqa: FBT001 -- a callback
    """The words before a noun: "veintiún", "doscientas"."""
    if not feminine:
        return tuple(_shortened(list(said)))
    start = max((at + 1 for at, word in enumerate(said) if word.endswith(("llón", "llones"))), default=0)
    later = (word[:-2] + "as" if word.endswith("ientos") else word for word in said[start:])
    out = [*said[:start], *later]
    return (*out[:-1], {"uno": "una", "veintiuno": "veintiuna"}.get(out[-1], out[-1]))


def ordinal(value: int, feminine: bool) -> Words:  # noqa: FBT001 -- a callback
    """The words of an ordinal: "decimotercero", "trigésima primera", "dosmilésimo"."""
    said = _masculine_ordinal(value)
    if not feminine:
        return said
    return tuple(word[:-1] + "a" if word[-1] == "o" else word for word in said)


def _masculine_ordinal(value: int) -> Words:
    thousands, rest = divmod(value, 1000)
    out: list[str] = []
    if thousands:
        out.append("milésimo" if thousands == 1 else "".join(_shortened(list(cardinal(thousands)))) + "milésimo")
    hundreds, rest = divmod(rest, 100)
    out += [_HUNDREDTHS[hundreds - 1]] if hundreds else []
    tens, ones = divmod(rest, 10)
    if rest in {11, 12}:
        return (*out, "undécimo" if rest == 11 else "duodécimo")
    if tens in {1, 2} and ones:
        return (*out, (("decimo" if tens == 1 else "vigesimo") + _FIRST[ones - 1]).replace("oo", "o"))
    out += [_TENTHS[tens - 1]] if tens else []
    return (*out, *([_FIRST[ones - 1]] if ones else []))


def fraction(top: int, bottom: int) -> tuple[Words, Words] | None:
    """The words of a fraction, alone and after a whole number; None if it is read as two numbers."""
    if not 1 < bottom <= 10**9 or not top:
        return None
    if top == bottom or (top, bottom) == _ALWAYS_OPEN:
        both = (*cardinal(top), *cardinal(bottom))
        return both, both
    part = _part(bottom)
    if part is None:
        over = (*cardinal(top), "sobre", *cardinal(bottom))
        return over, over
    said = (*agree(cardinal(top), False), part if top == 1 else part + "s")  # noqa: FBT003
    if bottom == 2:
        return said, ("y", *(("medio",) if top == 1 else said))
    return said, ("y", *said)


def _part(bottom: int) -> str | None:
    if bottom in _PARTS:
        return _PARTS[bottom]
    if bottom <= 10 or (bottom % 100 == 0 and bottom <= 1000):
        return _masculine_ordinal(bottom)[-1]
    if bottom < 100:
        return "".join(_joined(word) for word in cardinal(bottom)).removesuffix("a") + "avo"
    for power, ending in ((10**6, "millonésimo"), (1000, "milésimo")):
        if bottom % power == 0 and bottom // power < 1000 and len(words := cardinal(bottom // power)) == 1:
            return ("" if bottom == power else words[0]) + ending
    return None


def _joined(word: str) -> str:
    plain = {"y": "i", "uno": "un"}.get(word, word)
    return plain.removesuffix("o") if plain.endswith("uno") else plain
