"""Hindi numbers in words, in lakhs and crores."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Words

_NAMES = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस "
    "इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस "
    "छत्तीस सैंतीस अड़तीस उनतालीस चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस "
    "अड़तालीस उनचास पचास इक्यावन बावन तिरेपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरेसठ "
    "चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर "
    "अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानबे "
    "बानबे तिरानबे चौरानबे पचानबे छियानबे सत्तानबे अट्ठानबे निन्यानबे"
)
_SMALL = _NAMES.split()
_SCALES = ((17, "शंख"), (15, "पद्म"), (13, "नील"), (11, "खरब"), (9, "अरब"), (7, "करोड़"), (5, "लाख"), (3, "हज़ार"))
MOST_DIGITS = 19


def cardinal(digits: str) -> Words:
    """The words of a number; digit by digit when it is longer than `MOST_DIGITS` or begins with a zero."""
    if len(digits) > MOST_DIGITS or (len(digits) > 1 and int(digits[0]) == 0):
        return by_digits(digits)
    return of_value(int(digits))


def by_digits(digits: str) -> Words:
    """Digit by digit."""
    return tuple(_SMALL[int(digit)] for digit in digits)


def of_value(value: int) -> Words:
    """The words of a number below 10^19."""
    out: list[str] = []
    for power, name in _SCALES:
        group, value = divmod(value, 10**power)
        out += [_SMALL[group], name] if group else []
    hundreds, rest = divmod(value, 100)
    out += [_SMALL[hundreds], "सौ"] if hundreds else []
    return (*out, *([_SMALL[rest]] if rest or not out else []))


def year(value: int) -> Words:
    """A year: 1990 is nineteen hundred ninety."""
    hundreds, rest = divmod(value, 100)
    if 11 <= hundreds <= 21 and hundreds != 20:
        return (_SMALL[hundreds], "सौ", *([_SMALL[rest]] if rest else []))
    return of_value(value)


def ordinal(value: int, ending: str) -> Words:
    """An ordinal with its ending: "पहली", "बीसवां"."""
    irregular = {1: "पहल", 2: "दूसर", 3: "तीसर", 4: "चौथ", 6: "छठ"}
    if value in irregular and not ending.startswith("व"):
        return (irregular[value] + ending[1:],)
    *before, last = of_value(value)
    return (*before, last + ending)
