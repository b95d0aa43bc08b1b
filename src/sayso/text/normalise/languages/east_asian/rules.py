"""The rules of Chinese and Japanese in order."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END, alternatives
from sayso.text.normalise.languages.east_asian import language as tables
from sayso.text.normalise.languages.east_asian import numbers
from sayso.text.normalise.languages.east_asian.language import EastAsian
from sayso.text.normalise.numbers import Speller
from sayso.text.normalise.quantities import long_digits, other_digits
from sayso.text.normalise.rules import Rule, RuleBook, parts, rule, whole
from sayso.text.normalise.words import ideographs, plain_words

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Reading, Words

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,5}(?!\d)|\d{1,18}(?!\d))(?:\.\d{1,18}(?!\d))?"
_SCALES = "万亿|千万|百万|万|亿|億|兆"
_LAST_MONTH = 12
_LAST_DAY = 31


class _CharacterSpeller(Speller):
    """Spells out numbers in characters."""

    def cardinal(self, digits: str, *, feminine: bool = False, grouped: bool = False) -> Words:  # noqa: ARG002
        """See `Speller.cardinal`."""
        return (numbers.japanese(digits) if self.language.startswith("ja") else numbers.chinese(digits),)

    def digits(self, digits: str) -> Words:
        """See `Speller.digits`."""
        return (numbers.by_digits(digits),)


def chinese(language: str) -> RuleBook:
    """The rules of Chinese."""
    return _rule_book(
        language,
        EastAsian(
            cardinal=numbers.chinese,
            year=numbers.by_digits,
            point="点",
            minus="负",
            percent=lambda number: f"百分之{number}",
            hour="点",
            day="日",
            to="到",
            of="分之",
            mixed="又",
            units=tables.CHINESE_UNITS,
            currencies=tables.CHINESE_CURRENCIES,
            signs=tables.CHINESE_SIGNS,
        ),
        early=(_eras(), _counted_twos()),
    )


def japanese(language: str) -> RuleBook:
    """The rules of Japanese."""
    return _rule_book(
        language,
        EastAsian(
            cardinal=numbers.japanese,
            year=numbers.japanese,
            point="点",
            minus="マイナス",
            percent=lambda number: f"{number}パーセント",
            hour="時",
            day="日",
            to="から",
            of="分の",
            mixed="と",
            units=tables.JAPANESE_UNITS,
            currencies=tables.JAPANESE_CURRENCIES,
            signs=tables.JAPANESE_SIGNS,
        ),
        signs=(_weekdays(),),
    )


def _rule_book(
    language: str, book: EastAsian, *, early: tuple[Rule, ...] = (), signs: tuple[Rule, ...] = ()
) -> RuleBook:
    speller = _CharacterSpeller(language)
    plain = plain_words(speller)
    money = _money(book)
    return RuleBook(
        words=(ideographs(), plain),
        numbers=(
            long_digits(speller),
            _phones(),
            *early,
            *_dates(book),
            _times(book),
            *_fractions(book),
            _percent(book),
            _measures(book),
            _money_after(book),
            _versions(),
            rule(rf"(?P<number>{_NUMBER})", lambda match: whole(match, (_amount(match["number"], book),))),
            plain,
            other_digits(speller),
        ),
        signs=(money, _leading_points(book), *signs, _ranges(book), _minus(book), _signs(book)),
        sign_chars="".join(sorted({"(", ".", "-", "−", "–", "~", "〜", *(sign[0] for sign in book.signs), *"$€£¥₩₹₽"})),
        prefixes={},
    )


def _amount(number: str, book: EastAsian) -> str:
    """A match of the pattern of a number, in characters."""
    digits, _, decimals = number.replace(",", "").partition(".")
    said = book.cardinal(digits)
    return f"{said}{book.point}{numbers.by_digits(decimals)}" if decimals else said


def _eras() -> Rule:
    """The rule for "2334bc" and "2934 a.d."."""

    def read(match: re.Match[str]) -> Reading:
        era = "公元前" if match["era"][0] in "bB" else "公元"
        return whole(match, (f"{era}{numbers.by_digits(match['year'])}年",))

    return rule(rf"(?P<year>\d{{1,4}}) ?(?P<era>(?i:a\.?d\.?|b\.?c\.?e?\.?)){WORD_END}", read)


def _dates(book: EastAsian) -> tuple[Rule, ...]:
    """The rules for "2019/2/10", "2024-05-12", and the numbers before 年, 月 and 日."""

    def read(match: re.Match[str]) -> Reading:
        month, day = int(match["month"]), int(match["day"])
        if not (1 <= month <= _LAST_MONTH and 1 <= day <= _LAST_DAY):
            return None
        said = f"{book.year(match['year'])}年{book.cardinal(str(month))}月{book.cardinal(str(day))}{book.day}"
        return whole(match, (said,))

    def read_year(match: re.Match[str]) -> Reading:
        return whole(match, (book.year(match[0]),))

    def read_part(match: re.Match[str]) -> Reading:
        return whole(match, (book.cardinal(str(int(match[0]))),))

    return (
        rule(r"(?P<year>[12]\d{3})(?P<mark>[-/.])(?P<month>\d\d?)(?P=mark)(?P<day>\d\d?)(?![-/.]?\d)", read),
        rule(r"(?:\d{4}|0\d|[89]\d)(?= ?年(?!间|間|代))", read_year),
        rule(r"0?\d(?= ?[月日号])|[1-3]\d(?= ?[月日号])", read_part),
    )


def _times(book: EastAsian) -> Rule:
    """The rule for "10:30" and "03:04:05"."""

    def read(match: re.Match[str]) -> Reading:
        hour, minute = (book.cardinal(str(int(match[name]))) for name in ("hour", "minute"))
        second = f"{book.cardinal(str(int(match['second'])))}秒" if match["second"] else ""
        if not second and not int(match["minute"]):
            return whole(match, (f"{hour}{book.hour}",))
        return whole(match, (f"{hour}{book.hour}{minute}分{second}",))

    return rule(r"(?P<hour>[01]?\d|2[0-9]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![:\d])", read)


def _fractions(book: EastAsian) -> tuple[Rule, ...]:
    """The rules for "1/5", "1 1/2" and "1又1/5"."""

    def read(match: re.Match[str]) -> Reading:
        before = f"{book.cardinal(match['whole'])}{book.mixed}" if match["whole"] else ""
        if not int(match["bottom"]):
            return None
        return whole(match, (f"{before}{book.cardinal(match['bottom'])}{book.of}{book.cardinal(match['top'])}",))

    def read_sign(match: re.Match[str]) -> Reading:
        top, _, bottom = unicodedata.normalize("NFKC", match[0]).partition("⁄")
        return whole(match, (f"{book.cardinal(bottom)}{book.of}{book.cardinal(top)}",))

    return (
        rule(r"[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]", read_sign),
        rule(rf"(?:(?P<whole>\d{{1,9}})[ {book.mixed}])?(?P<top>\d{{1,9}})/(?P<bottom>\d{{1,9}})(?![/.\d])", read),
    )


def _percent(book: EastAsian) -> Rule:
    def read(match: re.Match[str]) -> Reading:
        return whole(match, (book.percent(_amount(match["number"], book)),))

    return rule(rf"(?P<number>{_NUMBER}) ?%", read)


def _measures(book: EastAsian) -> Rule:
    """The rule for "25kg" and "38°C"."""

    def read(match: re.Match[str]) -> Reading:
        return parts(match, ("number", (_amount(match["number"], book),)), ("unit", (book.units[match["unit"]],)))

    return rule(rf"(?P<number>{_NUMBER}) ?(?P<unit>{alternatives(book.units)}){WORD_END}(?!/)", read)


def _money(book: EastAsian) -> Rule:
    """The rule for "$500" and "$1.5万": the currency is spoken last."""

    def read(match: re.Match[str]) -> Reading:
        said = f"{_amount(match['number'], book)}{match['scale'] or ''}{book.currencies[match['currency']]}"
        return whole(match, (said,))

    return rule(rf"(?P<currency>{alternatives(book.currencies)}) ?(?P<number>{_NUMBER})(?P<scale>{_SCALES})?", read)


def _money_after(book: EastAsian) -> Rule:
    """The rule for "500€"."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, (f"{_amount(match['number'], book)}{book.currencies[match['currency']]}",))

    return rule(rf"(?P<number>{_NUMBER}) ?(?P<currency>{alternatives(book.currencies)}){WORD_END}(?!\d)", read)


def _leading_points(book: EastAsian) -> Rule:
    """The rule for ".5" and ".25%"."""

    def read(match: re.Match[str]) -> Reading:
        said = _amount(f"0{match['number']}", book)
        return whole(match, (book.percent(said) if match["percent"] else said,))

    return rule(rf"(?P<number>(?<![0-9A-Za-z.])\.\d{{1,18}})(?![\d.])(?P<percent> ?%)?{WORD_END}", read)


def _phones() -> Rule:
    """The rule for telephone numbers, "010-1234-5678" and "13800138000", digit by digit."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, (numbers.by_digits("".join(filter(str.isdecimal, match[0]))),))

    return rule(r"(?:\d{2,4}-\d{3,4}-\d{4}|1[3-9]\d{9})(?![-\d])", read)


def _versions() -> Rule:
    """The rule for "192.168.0.1" and "1.2.3"."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, ("点".join(map(numbers.by_digits, match[0].split("."))),))

    return rule(r"\d{1,9}(?:\.\d{1,9}){2,5}(?![.\d])", read)


def _weekdays() -> Rule:
    """The rule for a day of the week after a date: "3日(水)", "(月〜金)", "(月・祝)"."""

    def read(match: re.Match[str]) -> Reading:
        said = f"{match['first']}曜日"
        said += f"から{match['last']}曜日" if match["last"] else ""
        return whole(match, (said + ("祝日" if match["holiday"] else ""),))

    return rule(
        r"(?<=日)\((?P<first>[月火水木金土日])(?:[〜~-](?P<last>[月火水木金土日]))?(?P<holiday>・祝)?(?=\))", read
    )


_RANGE_BEFORE = re.compile(r"[\d元][^\s〜~]{0,6}$")
_RANGE_AFTER = re.compile(r" ?[^\W\d]{0,4}\d")
_COUNTED_BEFORE = re.compile(r"\d(?:[月日年时時点分号%])?$")


def _ranges(book: EastAsian) -> Rule:
    """The rule for what stands between the ends of a range: "10-20", "1月〜12月", "3日(水)〜5日", "1月-3月"."""

    def read(match: re.Match[str]) -> Reading:
        before = match.string[max(0, match.start() - 8) : match.start()]
        if not _RANGE_BEFORE.search(before) or not _RANGE_AFTER.match(match.string, match.end()):
            return None
        tight = _COUNTED_BEFORE.search(before) and match.string[match.end() : match.end() + 1].isdecimal()
        return whole(match, (book.to,)) if match[0] in "〜~" or tight else None

    return rule(r"(?<![-–])[-–~〜](?!\d{1,9}[-–])", read)


def _minus(book: EastAsian) -> Rule:
    """The rule for a minus before a number, which may follow a word without a space: "気温は-2.5度"."""
    return rule(r"[-−](?<![0-9A-Za-z)-].)(?=\.?[\d√]|百分之\d)", lambda match: whole(match, (book.minus,)))


def _counted_twos() -> Rule:
    """The rule for "2个", "2天" and "2小时": two things are 两."""
    return rule(r"(?<!第)2(?=(?:[个只本张位次天条件人块名辆家]|小时))", lambda match: whole(match, ("两",)))


def _signs(book: EastAsian) -> Rule:
    return rule(alternatives(book.signs), lambda match: whole(match, (book.signs[match[0]],)))
