"""Rewrite a Markdown document into characters that can be read, at the same offsets.

An entity becomes its character, ``<sup>2</sup>`` becomes "²", a formula between dollar signs loses them, a word that is
divided at the end of a line is one word. What a character replaces is longer than it is: the rest of the place is
filled with `REMOVED`, which is markup that separates nothing. So every offset stays what it was, and the source map
needs no table.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING

from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

REMOVED = "\ufdd0"
"""A character that no text has (Unicode reserves it for programs): it is neither spoken nor shown nor a separator."""

CONTINUED = "\ufdd1"
"""As `REMOVED`, for the rest of a place whose first characters stand for all of it: of "&eacute;"."""

_REMOVED_RUN = re.compile(f"[{REMOVED}{CONTINUED}]+")

_INLINE_TAG = re.compile(
    r"""(?<!\\)</?(?:em|strong|b|i|u|s|sub|sup|span|a|code|mark|small|abbr|cite|q|kbd|var|samp|del|ins|font|tt|bdi|bdo|
    dfn|big|time|data|wbr)
    (?:\s++[a-z][\w:.-]*+(?:\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'=<>`]++))?+)*+\s*+/?>""",
    re.IGNORECASE | re.VERBOSE,
)
_RAISED_HTML = re.compile(r"(<su[bp]>)([0-9+n\u2212-]{1,6})(</su[bp]>)", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("0123456789+-\u2212n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-\u2212", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_ENTITY = re.compile(r"(?<!\\)&(?:[a-z][a-z0-9]{1,30}|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
# The ones that only separate words stay as they are, for `find_hidden`.
_SEPARATORS = frozenset("—\u00ad\u200b\u200c\u200d\ufeff&")

_DIVIDED = re.compile(r"(?<![^\W_])([^\W\d_]{2,40})-(\r?\n[ \t]{0,8})([a-zß-ÿ]{2,40})(?![^\W_])")
_CITATION = re.compile(
    r"(?<=\S) ?\[\d{1,3}(?:(?:, ?|[-–])\d{1,3}){0,8}\](?![(\[:])|(?<=[^\W\d_]{3})[¹²³⁰⁴-⁹]{1,3}(?![^\W_])"
    r"|(?<=[.,;:!?”\"»)])[¹²³⁰⁴-⁹]{1,3}(?![^\W_])"
)
_MATH = re.compile(r"(?<![\\$\w])(\${1,2})(?=[^\s$])([^$\n]{1,300}?)(?<=[^\s\\])\1(?![\w$])")
_MATH_SIGNS = re.compile(r"[\\^_=<>+]|^[A-Za-z]$|^[A-Za-z]\(")
_COMMAND = re.compile(r"\\([A-Za-z]{1,20})|[{}_]|\\[,;:! ]")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]{1,40})\}\{([^{}]{1,40})\}")
_COMMANDS = {
    "times": "×", "cdot": "×", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠",
    "approx": "≈", "infty": "∞", "sqrt": "√", "div": "÷", "sim": "≈", "lt": "<", "gt": ">",
}  # fmt: skip
_SILENT_COMMANDS = frozenset(
    ("left", "right", "mathrm", "text", "mathbf", "mathit", "operatorname", "displaystyle", "quad", "qquad")
)


def rewrite_markdown(text: str) -> str:
    """The document with entities, HTML within words and formulas rewritten; of the same length, with the same lines."""
    if "<" in text:
        text = _RAISED_HTML.sub(_raised, text)
        text = _INLINE_TAG.sub(lambda tag: REMOVED * len(tag[0]), text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "$" in text:
        text = _MATH.sub(_formula, text)
    return text


def join_divided_words(text: str) -> str:
    """The text with words that are divided at the end of a line made whole: "hyphen-⏎ation".

    A hyphen stays where the same compound is written elsewhere in the text: "well-⏎known".
    """

    def joined(match: re.Match[str]) -> str:
        compound = f"{match[1]}-{match[3]}"
        kept = "-" if compound in text else REMOVED
        return f"{match[1]}{kept}{REMOVED * len(match[2])}{match[3]}"

    return _DIVIDED.sub(joined, text)


def drop_citations(text: str) -> str:
    """The text without the marks of notes and citations: "[15]", "[3, 4]", and raised numbers after words."""
    return _CITATION.sub(lambda mark: REMOVED * len(mark[0]), text)


def removed_spans(text: str, span: Span) -> Iterator[Span]:
    """The runs of removed characters in a span of a rewritten text."""
    for run in _REMOVED_RUN.finditer(text, span.start, span.end):
        yield Span(start=run.start(), end=run.end())


def _fitted(new: str, length: int) -> str:
    return new + CONTINUED * (length - len(new))


def _raised(match: re.Match[str]) -> str:
    table = _SUPERSCRIPTS if match[1].lower() == "<sup>" else _SUBSCRIPTS
    return REMOVED * len(match[1]) + match[2].translate(table) + REMOVED * len(match[3])


def _character(match: re.Match[str]) -> str:
    """The character of an entity: a letter, a sign, a quotation mark, a space; others separate words as before."""
    character = html.unescape(match[0])
    if character == match[0] or len(character) > 1 or character in _SEPARATORS:
        return match[0]
    if character.isspace():
        return _fitted(" ", len(match[0]))
    return match[0] if unicodedata.category(character)[0] == "C" else _fitted(character, len(match[0]))


def _formula(match: re.Match[str]) -> str:
    """A formula without its dollar signs; "$5 and $6" is none, and neither is anything without a sign of one."""
    dollars, formula = match[1], match[2]
    price = formula[0].isdecimal() and formula[-2:].isupper() and formula[-2:].isalpha()  # "$5 = US$ 6"
    if price or not _MATH_SIGNS.search(formula):
        return match[0]
    formula = _FRACTION.sub(_fraction, formula)
    formula = _COMMAND.sub(_command, formula)
    return REMOVED * len(dollars) + formula + REMOVED * len(dollars)


def _fraction(match: re.Match[str]) -> str:
    return _fitted(f"{match[1]}/{match[2]}", len(match[0]))


def _command(match: re.Match[str]) -> str:
    name = match[1]
    if name in _COMMANDS:
        return _fitted(_COMMANDS[name], len(match[0]))
    if not name or name in _SILENT_COMMANDS:
        return REMOVED * len(match[0])
    return REMOVED + name
