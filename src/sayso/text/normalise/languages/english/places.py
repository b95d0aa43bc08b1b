"""American and British addresses: house numbers, directions, streets, states and ZIP codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END, alternatives, listed
from sayso.text.normalise.rules import Rule, parts, rule, whole
from sayso.text.normalise.words import word_after, word_before

if TYPE_CHECKING:
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Reading, Words

_STREETS = {
    "St": "Street", "Ave": "Avenue", "Av": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Dr": "Drive", "Ln": "Lane",
    "Hwy": "Highway", "Pkwy": "Parkway", "Expy": "Expressway", "Ct": "Court", "Pl": "Place", "Sq": "Square",
    "Ter": "Terrace", "Cir": "Circle", "Fwy": "Freeway", "Cres": "Crescent",
}  # fmt: skip
# These are rarely anything but the end of a street's name.
_PLAIN_STREETS = frozenset(_STREETS) - {"St", "Dr", "Ct", "Pl", "Cir", "Ter", "Av"}
_DIRECTIONS = {
    "N": "North", "E": "East", "S": "South", "W": "West", "NE": "North East", "NW": "North West", "SE": "South East",
    "SW": "South West",
}  # fmt: skip
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana",
    "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
    "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio",
    "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia",
    "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
# These are states only before a ZIP code: they are words or common initials, too.
_AMBIGUOUS = frozenset({"HI", "IN", "ME", "OH", "OK", "OR", "LA", "MA", "PA", "ID", "DE", "AL", "CO", "GA", "MS"})

_ENDS = rf"(?:{alternatives(_STREETS)}|Street|Avenue|Road|Drive|Lane|Boulevard|Highway|Court|Place|Square|Way)"
_NAME = r"(?:[A-Z][\w'’]{1,24}|\d{1,3}(?:st|nd|rd|th))"
_STREET_AHEAD = rf"(?:(?:[NSEW]{{1,2}}\.?|North|South|East|West) )?(?:{_NAME} ){{1,3}}(?:{_ENDS}|st)\b"
_ON_STREET = re.compile(rf"(?:\d[A-Za-z]?|\b(?:on|at|from|to|down|along|of|near|off|and|in)) (?:{_NAME} ){{1,3}}$")
_NEW_SENTENCE = listed(
    "It He She They We You I The A An There This That These Those But And So Then When In On At My His Her Our Their "
    "Its If No Not As By For From After Before Once Now Here What Who Why How Where"
)
_STATE_BEFORE = re.compile(rf"(?:{alternatives(_STATES)}),? $")


def house_numbers(speller: Speller) -> tuple[Rule, ...]:
    """The rules for "1211 E Arques Ave" (twelve eleven), and for the ZIP code after a state."""

    def read_house(match: re.Match[str]) -> Reading:
        return whole(match, in_pairs(speller, match[0]))

    def read_zip(match: re.Match[str]) -> Reading:
        near = match.string[max(0, match.start() - 5) : match.start()]
        if not _STATE_BEFORE.search(near):
            return None
        return whole(match, speller.digits(match[0].replace("-", "")))

    return (
        rule(rf"\d{{1,5}}(?= {_STREET_AHEAD})", read_house),
        rule(rf"\d{{5}}(?:-\d{{4}})?{WORD_END}", read_zip),
    )


def in_pairs(speller: Speller, digits: str) -> Words:
    """The number of a house or a room: "twelve eleven", "one oh one", "three hundred"."""
    if len(digits) < 3 or digits[0] == "0":
        return speller.cardinal(digits)
    if len(digits) > 4:
        return speller.digits(digits)
    first, last = digits[:-2], digits[-2:]
    if last == "00":
        return speller.cardinal(digits) if digits[-3:] == "000" else (*speller.cardinal(first), "hundred")
    return (
        *speller.cardinal(first),
        *(("oh", *speller.cardinal(last[1])) if last[0] == "0" else speller.cardinal(last)),
    )


def places() -> tuple[Rule, ...]:
    """The rules for "Elm St.", "W. Main St." after a number, and "Santa Clara, CA 95051"."""

    def read_direction(match: re.Match[str]) -> Reading:
        before = word_before(match)
        if not before.isdecimal():
            return None
        return whole(match, _DIRECTIONS[match["direction"]].split())

    def read_street(match: re.Match[str]) -> Reading:
        return whole(match, (_STREETS[match["street"].capitalize()],)) if _is_street(match) else None

    def read_state(match: re.Match[str]) -> Reading:
        before = match.string[max(0, match.start() - 24) : match.start()]
        city = before[:-2].rpartition(" ")[2]
        if not before.endswith(", ") or not city[:1].isupper() or city.isupper():
            return None
        if match["state"] in _AMBIGUOUS and match["zip"] is None:
            return None
        return parts(match, ("state", _STATES[match["state"]].split()))

    return (
        rule(
            rf"(?P<direction>[NSEW]{{1,2}})\.?(?= (?:{_NAME} ){{1,3}}(?:{_ENDS}|st)\b)(?<!NS)(?<!EW)",
            read_direction,
            "NSEW",
        ),
        rule(rf"(?P<street>{alternatives(_STREETS)}|st)(?:\.|{WORD_END})(?!['’])", read_street, [*_STREETS, "st"]),
        rule(
            rf"(?P<state>{alternatives(_STATES)})(?P<zip>(?= \d{{5}}\b))?{WORD_END}(?=$|[ .,;:!?)])",
            read_state,
            _STATES,
        ),
    )


def _is_street(match: re.Match[str]) -> bool:
    """Whether "St." and the like end a street's name: after a name, and not before one that could be a saint's."""
    before = word_before(match)
    if match["street"] == "st":
        return before[:1].isdecimal() and before[-1:].isalpha()
    if not before[:1].isupper() and not (before[:1].isdecimal() and before[-1:].isalpha()):
        return False
    following = word_after(match)
    if not following[:1].isupper() or match["street"] in _PLAIN_STREETS or following in _NEW_SENTENCE:
        return True
    if match.string[match.end() : match.end() + 1] in {",", ";"}:
        return True
    return _ON_STREET.search(match.string[max(0, match.start() - 60) : match.start()]) is not None
