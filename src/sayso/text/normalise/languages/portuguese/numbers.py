"""Portuguese numbers in words, of Brazil and of Portugal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.text.normalise.rules import Words

_SMALL = [
    "zero",
    "um",
    "dois",
    "três",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "catorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
]
_TENS = ["vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa"]
_HUNDREDS = [
    "cento",
    "duzentos",
    "trezentos",
    "quatrocentos",
    "quinhentos",
    "seiscentos",
    "setecentos",
    "oitocentos",
    "novecentos",
]
_BRAZIL = ("", "mil mil", *(f"{name}ilhão {name}ilhões" for name in ("m", "b", "tr", "quatr", "quint", "sext")))
_PORTUGAL = {"dezesseis": "dezasseis", "dezessete": "dezassete", "dezenove": "dezanove"}

_FIRST = ["primeiro", "segundo", "terceiro", "quarto", "quinto", "sexto", "sétimo", "oitavo", "nono"]
_TENTHS = [
    "décimo",
    "vigésimo",
    "trigésimo",
    "quadragésimo",
    "quinquagésimo",
    "sexagésimo",
    "septuagésimo",
    "octogésimo",
    "nonagésimo",
]
_HUNDREDTHS = [
    "centésimo",
    "ducentésimo",
    "trecentésimo",
    "quadringentésimo",
    "quingentésimo",
    "sexcentésimo",
    "septingentésimo",
    "octingentésimo",
    "noningentésimo",
]
_ALWAYS_OPEN = (24, 7)


def cardinals(*, brazil: bool) -> Callable[[int], Words]:
    """The function for the words of a number below 10^24."""
    return _brazilian if brazil else _european


def _brazilian(value: int) -> Words:
    if not value:
        return ("zero",)
    groups = [(power, value // 1000**power % 1000) for power in reversed(range(len(_BRAZIL)))]
    return tuple(_linked([(power, group) for power, group in groups if group], _BRAZIL))


def _european(value: int) -> Words:
    """With a thousand millions in the place of a milliard, and billions of 10^12."""
    if not value:
        return ("zero",)
    out: list[str] = []
    for power, scale in reversed(list(enumerate(("", "milhão milhões", "bilião biliões", "trilião triliões")))):
        group = value // 10 ** (6 * power) % 10**6
        if not group:
            continue
        said = _linked([(at, part) for at, part in ((1, group // 1000), (0, group % 1000)) if part], ("", "mil mil"))
        last_small = not power and out and (group < 100 or (group < 1000 and group % 100 == 0))
        out += ["e", *said] if last_small else said
        out += [scale.split()[group > 1]] if scale else []
    return tuple(_PORTUGAL.get(word, word) for word in out)


def _linked(groups: list[tuple[int, int]], scales: tuple[str, ...]) -> list[str]:
    """Groups of three digits with their scales; "e" comes before the last one where it is short."""
    out: list[str] = []
    for power, group in groups:
        last = power == groups[-1][0]
        if out and last and (group < 100 or group % 100 == 0):
            out.append("e")
        if not (power == 1 and group == 1):
            out += _below_thousand(group)
        out += [scales[power].split()[group > 1]] if power else []
    return out


def _below_thousand(value: int) -> list[str]:
    if value == 100:
        return ["cem"]
    hundreds, rest = divmod(value, 100)
    words = [_HUNDREDS[hundreds - 1]] if hundreds else []
    if rest and rest < len(_SMALL):
        words.append(_SMALL[rest])
    elif rest:
        words.append(_TENS[rest // 10 - 2])
        words += [_SMALL[rest % 10]] if rest % 10 else []
    return " e ".join(words).split()


def agree(said: Words, feminine: bool) -> Words:  # noqa: FBT001 -- a callback
    """The words before a noun: "uma", "duas", "duzentas"."""
    if not feminine:
        return said
    start = max((at + 1 for at, word in enumerate(said) if word.endswith(("ilhão", "ilhões", "iliões"))), default=0)
    return (*said[:start], *map(_feminine, said[start:]))


def _feminine(word: str) -> str:
    if word.endswith(("entos", "hentos")):
        return word[:-2] + "as"
    return {"um": "uma", "dois": "duas"}.get(word, word)


def ordinal(value: int, feminine: bool) -> Words:  # noqa: FBT001 -- a callback
    """The words of an ordinal: "vigésima segunda"."""
    thousands, rest = divmod(value, 1000)
    out = [] if not thousands else ["milésimo"] if thousands == 1 else [*_brazilian(thousands), "milésimo"]
    hundreds, rest = divmod(rest, 100)
    tens, ones = divmod(rest, 10)
    out += [_HUNDREDTHS[hundreds - 1]] if hundreds else []
    out += [_TENTHS[tens - 1]] if tens else []
    out += [_FIRST[ones - 1]] if ones else []
    return tuple(word[:-1] + "a" if feminine and word[-1] == "o" else word for word in out)


def fraction(cardinal: Callable[[int], Words], top: int, bottom: int) -> tuple[Words, Words] | None:
    """The words of a fraction, alone and after a whole number; None if it is read as two numbers."""
    if not 1 < bottom <= 1000 or not top:
        return None
    if top == bottom or (top, bottom) == _ALWAYS_OPEN:
        both = (*cardinal(top), *cardinal(bottom))
        return both, both
    ending = () if top == 1 else ("s",)
    if bottom <= 10 or bottom in {100, 1000}:
        part = {2: "meio", 3: "terço"}.get(bottom) or ordinal(bottom, False)[-1]  # noqa: FBT003
        said = (*cardinal(top), part + "".join(ending))
    else:
        said = (*cardinal(top), *cardinal(bottom), "avos" if top > 1 else "avo")
    return said, ("e", *(("meio",) if (top, bottom) == (1, 2) else said))
