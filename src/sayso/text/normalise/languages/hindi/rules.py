"""Hindi: the rules for numbers in Devanagari's and in other digits, and for what is written with them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END, alternatives
from sayso.text.normalise.languages.hindi import numbers, tables
from sayso.text.normalise.numbers import Speller
from sayso.text.normalise.quantities import long_digits, other_digits
from sayso.text.normalise.rules import Rule, RuleBook, parts, rule, whole
from sayso.text.normalise.words import ideographs, plain_words

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Reading, Words

_NUMBER = r"(?:\d{1,3}(?:,\d{2,3}){1,8}(?!\d)|\d{1,19}(?!\d))(?:\.\d{1,18}(?!\d))?"
_LAST_DAY = 31
_MONTH_COUNT = 12


class HindiSpeller(Speller):
    """Spells out numbers in Hindi."""

    def cardinal(self, digits: str, *, feminine: bool = False, grouped: bool = False) -> Words:  # noqa: ARG002
        """See `Speller.cardinal`."""
        return numbers.cardinal(digits)

    def digits(self, digits: str) -> Words:
        """See `Speller.digits`."""
        return numbers.by_digits(digits)


def hindi(language: str) -> RuleBook:
    """The rules of Hindi."""
    speller = HindiSpeller(language)
    plain = plain_words(speller)
    money = _money_before()
    return RuleBook(
        words=(ideographs(), money, _abbreviations(), plain),
        numbers=(
            long_digits(speller),
            *_phones_and_codes(),
            *_dates(),
            _times(),
            *_ordinals(),
            *_measures(),
            *_fractions(),
            *_years(),
            rule(rf"(?P<number>{_NUMBER})", lambda match: whole(match, _amount(match["number"]))),
            plain,
            other_digits(speller),
        ),
        signs=(money, *_phones_and_codes(), _leading_points(), _ranges(), _signs()),
        sign_chars="".join(
            sorted({sign[0] for table in (tables.CURRENCIES, tables.SIGNS, tables.PREFIXES) for sign in table
                    if not sign[0].isalpha()} | {"–", "."})
        ),
        prefixes=tables.PREFIXES,
    )  # fmt: skip


def _amount(number: str) -> Words:
    """The words of a match of the pattern of a number."""
    digits, _, decimals = number.replace(",", "").partition(".")
    said = numbers.cardinal(digits)
    return (*said, "दशमलव", *numbers.by_digits(decimals)) if decimals else said


def _leading_points() -> Rule:
    """The rule for ".5" and ".25%"."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, (*_amount(f"0{match['number']}"), *(("प्रतिशत",) if match["percent"] else ())))

    return rule(rf"(?P<number>(?<![\w.])\.\d{{1,18}})(?![\d.])(?P<percent> ?%)?{WORD_END}", read)


def _money_before() -> Rule:
    """The rule for "₹500", "₹999.50" and "$5 लाख"."""

    def read(match: re.Match[str]) -> Reading:
        unit, hundredth = tables.CURRENCIES[match["currency"]]
        digits, _, decimals = match["number"].replace(",", "").partition(".")
        if match["scale"]:
            return parts(
                match, ("currency", ()), ("number", _amount(match["number"])), ("scale", (match["scale"], unit))
            )
        if len(decimals) not in {0, 2}:
            return parts(match, ("currency", ()), ("number", (*_amount(match["number"]), unit)))
        paise = (*numbers.of_value(int(decimals)), hundredth) if decimals and int(decimals) else ()
        rupees = (*numbers.cardinal(digits), unit) if int(digits) or not paise else ()
        return parts(match, ("currency", ()), ("number", (*rupees, *paise)))

    return rule(
        rf"(?P<currency>{alternatives(tables.CURRENCIES)}) ?(?P<number>{_NUMBER})"
        rf"(?: (?P<scale>हज़ार|हजार|लाख|करोड़|अरब|मिलियन|बिलियन){WORD_END})?",
        read,
    )


def _abbreviations() -> Rule:
    return rule(alternatives(tables.ABBREVIATIONS), lambda match: whole(match, tables.ABBREVIATIONS[match[0]].split()))


def _phones_and_codes() -> tuple[Rule, ...]:
    """The rules for telephone numbers, PIN codes after their name, and addresses of machines."""

    def read_digits(match: re.Match[str]) -> Reading:
        plus = ("प्लस",) if match[0].startswith("+") else ()
        return whole(match, (*plus, *numbers.by_digits("".join(filter(str.isdecimal, match[0])))))

    def read_code(match: re.Match[str]) -> Reading:
        before = match.string[max(0, match.start() - 24) : match.start()].split()
        named = before and before[-1] in tables.CODE_BEFORE
        return whole(match, numbers.by_digits(match[0])) if named else None

    def read_machine(match: re.Match[str]) -> Reading:
        first, *rest = (numbers.by_digits(group) for group in match[0].split("."))
        return whole(match, (*first, *(word for group in rest for word in ("डॉट", *group))))

    return (
        rule(r"\+\d{1,3}[- ]?\d{5}[- ]?\d{5}(?: \d{3})?(?!\d)|[0०]\d{2,6}[-.]\d{4,8}(?!\d)", read_digits),
        rule(r"\d{6}(?!\d)", read_code),
        rule(r"\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", read_machine),
    )


def _dates() -> tuple[Rule, ...]:
    """The rules for "३०-०५-२०७०", "2024-05-30", "३१-०६" and "०३-२०१०"."""

    def month_of(value: int) -> Words:
        return (tables.MONTHS[value - 1],)

    def read(match: re.Match[str]) -> Reading:
        first, second, year = int(match["first"]), int(match["second"]), numbers.year(int(match["year"]))
        if 1 <= second <= _MONTH_COUNT and 1 <= first <= _LAST_DAY:
            return whole(match, (*numbers.of_value(first), *month_of(second), *year))
        if 1 <= first <= _MONTH_COUNT and 1 <= second <= _LAST_DAY:
            return whole(match, (*month_of(first), *numbers.of_value(second), *year))
        return None

    def read_day(match: re.Match[str]) -> Reading:
        day, month = int(match["day"]), int(match["month"])
        known = 1 <= day <= _LAST_DAY and 1 <= month <= _MONTH_COUNT
        return whole(match, (*numbers.of_value(day), *month_of(month))) if known else None

    def read_month(match: re.Match[str]) -> Reading:
        month = int(match["month"])
        known = 1 <= month <= _MONTH_COUNT
        return whole(match, (*month_of(month), *numbers.year(int(match["year"])))) if known else None

    end = r"(?![-/.]?\d)"
    year = r"(?P<year>[12१२]\d{3})"
    return (
        rule(rf"(?P<first>\d\d?)(?P<mark>[-/.])(?P<second>\d\d?)(?P=mark){year}{end}", read),
        rule(rf"{year}(?P<mark>[-/])(?P<second>\d\d)(?P=mark)(?P<first>\d\d){end}", read),
        rule(rf"(?P<day>[0-3०-३]\d)-(?P<month>[0०]\d|[1१][0-2०-२]){end}", read_day),
        rule(rf"(?P<month>[0०]\d|[1१][0-2०-२])-{year}{end}", read_month),
    )


def _times() -> Rule:
    """The rule for "10:30" and "3:18:43"."""

    def read(match: re.Match[str]) -> Reading:
        hour = numbers.of_value(int(match["hour"]))
        minute, second = int(match["minute"]), int(match["second"] or 0)
        if not minute and not second:
            return whole(match, (*hour, "बजे"))
        of_minutes = (*numbers.of_value(minute), "मिनट") if minute else ()
        of_seconds = (*numbers.of_value(second), "सेकंड") if second else ()
        return whole(match, (*hour, "बजकर", *of_minutes, *of_seconds))

    return rule(
        r"(?P<hour>[01०१]?\d|[2२][0-4०-४]):(?P<minute>[0-5०-५]\d)(?::(?P<second>[0-5०-५]\d))?(?![:\d])(?: बजे(?!\w))?",
        read,
    )


def _ordinals() -> tuple[Rule, ...]:
    """The rules for "१ली", "20वां", "७वीं" and "2nd"."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, numbers.ordinal(int(match["number"]), match["ending"]))

    return (
        rule(r"(?P<number>\d{1,9})(?P<ending>ला|ली|ले|रा|री|रे|था|थी|थे|ठा|ठी|ठे|वां|वाँ|वीं|वी|वें|वे)(?!\w)", read),
        rule(
            rf"(?:{alternatives(tables.ENGLISH_ORDINALS)}){WORD_END}",
            lambda match: whole(match, (tables.ENGLISH_ORDINALS[match[0]],)),
        ),
    )


def _measures() -> tuple[Rule, ...]:
    """The rules for "5 km", "25%", "1.5 yr" and "200x10"."""

    def read(match: re.Match[str]) -> Reading:
        unit = tables.UNITS[match["unit"]].split()
        number = match["number"]
        if match["unit"] == "yr" and (half := _halves(number)):
            return parts(match, ("number", half), ("unit", ("साल",)))
        return parts(match, ("number", _amount(number)), ("unit", unit))

    def read_product(match: re.Match[str]) -> Reading:
        return whole(match, (*_amount(match["first"]), "बाई", *_amount(match["second"])))

    return (
        rule(rf"(?P<number>{_NUMBER}) ?(?P<unit>{alternatives(tables.UNITS)}){WORD_END}(?!/)", read),
        rule(rf"(?P<first>{_NUMBER})[x×](?P<second>{_NUMBER})", read_product),
    )


def _halves(number: str) -> Words | None:
    """The words for a number and a half."""
    digits, _, decimals = number.partition(".")
    if decimals not in {"5", "५"}:
        return None
    special = {1: ("डेढ़",), 2: ("ढाई",)}
    return special.get(int(digits)) or ("साढ़े", *numbers.cardinal(digits))


def _fractions() -> tuple[Rule, ...]:
    """The rules for "२/७" and "२२ ३१/१७"."""

    def read(match: re.Match[str]) -> Reading:
        top, bottom = numbers.cardinal(match["top"]), numbers.cardinal(match["bottom"])
        before = (*numbers.cardinal(match["whole"]), "और") if match["whole"] else ()
        return whole(match, (*before, *top, "बटा", *bottom))

    def read_sign(match: re.Match[str]) -> Reading:
        top, _, bottom = unicodedata.normalize("NFKC", match[0]).partition("⁄")
        both = (*numbers.cardinal(top), "बटा", *numbers.cardinal(bottom))
        return whole(match, ("आधा",) if (top, bottom) == ("1", "2") else both)

    return (
        rule(r"[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]", read_sign),
        rule(r"(?:(?P<whole>\d{1,9}) )?(?P<top>\d{1,18})/(?P<bottom>\d{1,9})(?![/\d])", read),
    )


def _years() -> tuple[Rule, ...]:
    """The rule for a year that its neighbours show to be one: "१९९० का", "सन् १९२०"."""
    after = "|".join(map(re.escape, tables.YEAR_AFTER))

    def read(match: re.Match[str]) -> Reading:
        before = match.string[max(0, match.start() - 8) : match.start()].split()
        known = match["after"] is not None or (before and before[-1] in tables.YEAR_BEFORE)
        end = ("से", *numbers.cardinal(match["end"])) if match["end"] else ()
        if not known:
            return None
        return parts(match, ("year", numbers.year(int(match["year"]))), ("dash", end[:1]), ("end", end[1:]))

    return (
        rule(
            rf"(?P<year>[1१][1-9१-९]\d\d)(?:(?P<dash>[-–])(?P<end>\d\d))?(?!\d)(?P<after>(?= (?:{after})(?!\w)))?", read
        ),
    )


def _ranges() -> Rule:
    """The rule for a dash between two numbers, the second of which is larger."""
    before = re.compile(r"(?<!\d)(\d{1,9})$")
    after = re.compile(r"(\d{1,9})(?![\d-])")

    def read(match: re.Match[str]) -> Reading:
        first = before.search(match.string[max(0, match.start() - 10) : match.start()])
        second = after.match(match.string, match.end())
        return whole(match, ("से",)) if first and second and int(first[1]) < int(second[1]) else None

    return rule(r"[-–]", read)


def _signs() -> Rule:
    before_number = r"[-−+#]\d"
    return rule(
        rf"(?!{before_number})(?:{alternatives(tables.SIGNS)})",
        lambda match: whole(match, tables.SIGNS[match[0]].split()),
    )
