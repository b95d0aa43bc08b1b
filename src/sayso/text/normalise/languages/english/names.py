"""Names of things with numbers and signs in them: "WWII", "401(k)", "C#", "747s", "Chapter 07", "192.168.0.1"."""

from __future__ import annotations

import re
from string import ascii_uppercase
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END, listed
from sayso.text.normalise.languages.english import tables
from sayso.text.normalise.languages.english.dates import plural
from sayso.text.normalise.languages.english.places import in_pairs
from sayso.text.normalise.rules import Rule, rule, whole
from sayso.text.normalise.words import word_before

if TYPE_CHECKING:
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Reading, Words

_WARS = {"I": "one", "II": "two", "III": "three", "1": "one", "2": "two", "3": "three"}
_ROUND = {2: ("hundreds",), 3: ("thousands",), 4: ("tens", "of", "thousands"), 5: ("hundreds", "of", "thousands"),
          6: ("millions",), 7: ("tens", "of", "millions"), 8: ("hundreds", "of", "millions")}  # fmt: skip
# What is numbered by names of three digits, "Room 101"; and by four, "RFC 2616".
_NAMED_BY_THREE = listed("room suite flight highway interstate route error status http")
_BEFORE_CODE = re.compile(r"(?<![^\W_])(?:(?:status|error|response) code|returned|returns|gets|got)(?: an?)? $")
_AFTER_CODE = re.compile(r"[.,;:!?)]|$| (?:for|when|if|on|to)\b")
_ERROR_AFTER = re.compile(r" errors?\b")
_AVERAGES = listed("batted batting bats hitting")
_POUNDS_AFTER = re.compile(r" \d{1,2} ?lbs?\b")


def names_of_things() -> tuple[Rule, ...]:
    """The rules for "WWII", "C#", "F#" and "C++"."""
    return (
        rule(
            rf"WW(?P<war>I{{1,3}}|[123]){WORD_END}", lambda match: whole(match, ("World", "War", _WARS[match["war"]]))
        ),
        rule(r"(?P<name>[A-Z])#(?![^\W_])", lambda match: whole(match, (match["name"], "sharp")), ascii_uppercase),
        rule(r"(?P<name>[A-Za-z]{1,12})\+\+(?![^\W_])", lambda match: whole(match, (match["name"], "plus", "plus"))),
    )


def dotted_names() -> Rule:
    """The rule for ".NET"."""
    return rule(rf"\.(?<![^\W_]\.)NET{WORD_END}", lambda match: whole(match, ("dot", "net")))


def numbers_of_things(speller: Speller) -> tuple[Rule, ...]:
    """The rules for "401(k)", "10:1", "111-11-1111", ISBNs, "192.168.0.1", "12st 4lb" and "Chapter 07"."""

    def read_plan(match: re.Match[str]) -> Reading:
        first, _, last = (speller.digits(digit) for digit in match["plan"])
        return whole(match, (*first, "oh", *last, match["letter"]))

    def read_groups(match: re.Match[str]) -> Reading:
        return whole(match, speller.digits(match[0].replace("-", "")))

    def read_internet(match: re.Match[str]) -> Reading:
        first, *rest = (speller.digits(group) for group in match["address"].split("."))
        port = ("colon", *speller.digits(match["port"])) if match["port"] else ()
        return whole(match, (*first, *(word for group in rest for word in ("dot", *group)), *port))

    def read_stone(match: re.Match[str]) -> Reading:
        pounds = _POUNDS_AFTER.match(match.string, match.end())
        return whole(match, (*speller.cardinal(match["stone"]), "stone")) if pounds else None

    def read_numbered(match: re.Match[str]) -> Reading:
        numbered = word_before(match).lower() in tables.NUMBERED
        return whole(match, speller.cardinal(match["number"])) if numbered else None

    def read_ratio(match: re.Match[str]) -> Reading:
        return whole(match, (*speller.cardinal(match["first"]), "to", *speller.cardinal(match["second"])))

    def read_named(match: re.Match[str]) -> Reading:
        before, near = word_before(match).lower(), match.string[max(0, match.start() - 20) : match.start()]
        is_code = _BEFORE_CODE.search(near) and _AFTER_CODE.match(match.string, match.end())
        is_code = is_code or _ERROR_AFTER.match(match.string, match.end())
        three = len(match[0]) == len("101") and (before in _NAMED_BY_THREE or is_code)
        return whole(match, in_pairs(speller, match[0])) if three or before == "rfc" else None

    octet = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
    return (
        rule(r"(?P<plan>40[13])\((?P<letter>[kb])\)", read_plan),
        rule(rf"\d{{1,8}}(?:-\d{{1,8}}){{2,5}}{WORD_END}(?!-[^\W_])", read_groups),
        rule(rf"(?P<address>{octet}(?:\.{octet}){{3}})(?::(?P<port>\d{{1,5}}))?{WORD_END}(?!\.\d)", read_internet),
        rule(rf"(?P<first>\d{{1,4}}):(?P<second>\d{{1,4}}){WORD_END}(?![:.]\d)", read_ratio),
        rule(rf"[1-9]\d{{2,3}}{WORD_END}(?![.,:/-]\d| ?[%$€£])", read_named),
        rule(rf"(?P<stone>\d{{1,2}}) ?st{WORD_END}", read_stone),
        rule(rf"0{{1,3}}(?P<number>[1-9]\d{{0,2}}){WORD_END}(?![.,:/-]\d)", read_numbered),
    )


def averages(speller: Speller) -> Rule:
    """The rule for the average of a batter: "batted .300"."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, in_pairs(speller, match["average"])) if word_before(match) in _AVERAGES else None

    return rule(rf"\.(?<= \.)(?P<average>[1-4]\d\d){WORD_END}", read)


def plural_numbers(speller: Speller) -> tuple[Rule, ...]:
    """The rules for "1,000s of people" and "two 747s"; a round number with an s is seconds otherwise."""

    def read_round(match: re.Match[str]) -> Reading:
        return whole(match, _ROUND[match[0].count("0")])

    def read_model(match: re.Match[str]) -> Reading:
        return whole(match, (*speller.cardinal(match["first"]), *_plural_pair(speller, match["pair"])))

    return (
        rule(rf"1(?:0|00)?(?:,000){{1,2}}s{WORD_END}", read_round),
        rule(rf"1(?:00|000|0000|00000|000000)s{WORD_END}(?=,| of|$|[.!?)])", read_round),
        rule(rf"(?P<first>[1-9])(?P<pair>\d[1-9])s{WORD_END}", read_model),
    )


def _plural_pair(speller: Speller, pair: str) -> Words:
    if pair[0] == "0":
        return ("oh", *plural(speller.cardinal(pair[1])))
    return plural(speller.cardinal(pair))
