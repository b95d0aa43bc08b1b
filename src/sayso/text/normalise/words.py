"""Rules for words: plain ones, abbreviations, capitals that are spelled, Roman numerals."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from string import ascii_uppercase
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import CJK, LETTER, WORD_END, When, alternatives, listed
from sayso.text.normalise.rules import Written, parts, rule, whole

if TYPE_CHECKING:
    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Reading, Rule, Words

# Longer words are split into pieces of this many characters.
LONGEST = 64

_SPOKEN_AS = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "‐": "-", "‑": "-"})
# A letter, then what may follow it within a word: an apostrophe or hyphen only before a letter.
_RUN = rf"{LETTER}++"
_WORD = rf"(?:[{CJK}]|{_RUN}(?:['’ʼ]{_RUN}|[-‐‑](?=[^\W\d_]){_RUN})*+)"
_MORE = re.compile(rf"{_RUN}(?:['’ʼ]{_RUN}|[-‐‑](?=[^\W\d_]){_RUN})*+")
_OPTIONAL_ENDING = re.compile(r"\(([a-z]{1,3})\)([a-z]{0,3})(?![^\W_])")
_DIGITS_OR_OTHERS = re.compile(r"\d+|[⁰¹²³⁴-⁹]+|[^\d⁰¹²³⁴-⁹]+")
_WORD_BEFORE = re.compile(r"(?<![^\W_])(?<![^\W_]['’-])[^\W_]++(?:['’-][^\W_]++)*+$")
_WORD_AFTER = re.compile(r"[^\W_]+")
_CONSONANTS = re.compile(r"[^aeiouy]*")
_UNSAYABLE = re.compile(r"[aeiou]{4}|[^aeiouy]{4}|[jq]$|[^aeiouylmnrsc][bdfgjmpqvz]$|[hjqvwx][bcdfgjmpqvwxz]")
_NUMBER_BEFORE = re.compile(r"(?<!\d)(\d++)\D?$")
_NUMBER_AFTER = re.compile(r" ?[^\w\s]?(\d{1,24})")
_INITIAL_BEFORE = re.compile(r"(?<![^\W_])[A-Z]\. ?$")
_INITIAL_AFTER = re.compile(r" ?[A-Z]\.(?![^\W_]{2})")
_ZERO_WIDTH_SPACE = "\u200b"
_ROMAN_AFTER = re.compile(rf" (?:[IVX]{{2,6}}|[VX](?!\. [A-Z])){WORD_END}(?!['’-])")
_VOWELS = frozenset("aeiouyAEIOUYàâäéèêëîïôöùûüÀÂÄÉÈÊËÎÏÔÖÙÛÜ")


def clean(text: str) -> Words:
    """The words of ``text`` without invisible characters; never empty for a letter."""
    if text.isascii():
        return (text,)
    plain = unicodedata.normalize("NFKC", text).translate(_SPOKEN_AS)
    said = "".join(char for char in plain if unicodedata.category(char) not in {"Cf", "Cc"})
    return tuple(said.split()) or (text,)


def ideographs() -> Rule:
    """The rule for scripts without spaces, character by character; following marks are left to `plain_words`."""
    return rule(f"[{CJK}](?![^\x00-\x7f\\w])", lambda match: whole(match, clean(match[0])), ())


def plain_words(speller: Speller) -> Rule:
    """The rule for any word; one that mixes letters and digits is read in runs ("mp3")."""

    def read(match: re.Match[str]) -> Reading:
        text = match.string
        end = _grown(text, match.end(), match.endpos)
        if end - match.start() <= LONGEST and match[0].isalpha() and text[end : end + 1] != "(":
            return [Written(match.start(), end, clean(text[match.start() : end]))]
        ending = _OPTIONAL_ENDING.match(text, end, match.endpos)
        if ending and end - match.start() < LONGEST:
            said = clean(text[match.start() : end] + ending[1] + ending[2])
            return [Written(match.start(), ending.end(), said)]
        return [
            Written(at, min(at + LONGEST, end), _spoken(text[at : min(at + LONGEST, end)], speller))
            for at in range(match.start(), end, LONGEST)
            if any(map(str.isalnum, text[at : min(at + LONGEST, end)]))
        ]

    return rule(_WORD, read)


def _grown(text: str, end: int, limit: int) -> int:
    """Where a word ends that continues with combining marks or invisible joiners."""
    while end < limit and _continues(text[end]):
        end += 1
        if more := _MORE.match(text, end, limit):
            end = more.end()
    return end


def _continues(char: str) -> bool:
    return not char.isascii() and char != _ZERO_WIDTH_SPACE and unicodedata.category(char) in {"Mn", "Mc", "Me", "Cf"}


def _spoken(word: str, speller: Speller) -> Words:
    if word.isalpha():
        return clean(word)
    if not any(map(str.isdigit, word)):
        return clean(word)
    return tuple(said for run in _DIGITS_OR_OTHERS.findall(word) for said in _spoken_run(run, speller))


def _spoken_run(run: str, speller: Speller) -> Words:
    """A run of a mixed word: digits as a number, a few letters by their names."""
    if run.isdigit():
        return speller.cardinal(unicodedata.normalize("NFKC", run))  # raised ones are the mark of a note
    letters = [char for char in run if char.isalpha()]
    spelled = len(letters) <= 3 and (run.isupper() or _VOWELS.isdisjoint(run))
    if not any(map(str.isalnum, run)):
        return ()
    bare = run.strip("-'’‐‑")  # what joins it to the digits beside it
    return tuple(letter.upper() for letter in letters) if spelled and len(letters) == len(bare) else clean(bare)


def abbreviations(grammar: Grammar) -> Rule:
    """The rule for "Dr.", "e.g." and the like."""
    forms = grammar.abbreviations

    def read(match: re.Match[str]) -> Reading:
        for abbreviation in forms.get(match[0], ()):
            if _applies(abbreviation.when, match):
                return whole(match, abbreviation.words.split())
        return None

    return rule(rf"(?:{alternatives(forms)})(?:(?<=[.°])|{WORD_END}(?!['’]))", read, forms)


def _applies(when: When, match: re.Match[str]) -> bool:
    after = match.string[match.end() : match.end() + 2].lstrip(" ")[:1]
    if when is When.BEFORE_NUMBER:
        return after.isdecimal() or _ROMAN_AFTER.match(match.string, match.end()) is not None
    if when is When.AFTER_NUMBER:
        return word_before(match)[-1:].isdecimal()
    if when is When.BEFORE_NAME:
        return after.isupper() and match.string[match.end() : match.end() + 1] in {" ", "-"}
    if when is When.BETWEEN_NAMES:
        return word_before(match)[:1].isupper() and after.isupper()
    if when is When.AFTER_NAME:
        return word_before(match)[:1].isupper() and not after.isupper()
    return True


def word_before(match: re.Match[str], *, reach: int = 24) -> str:
    """The word directly before a match, with only spaces between, or ""."""
    before = match.string[max(0, match.start() - reach) : match.start()].rstrip(" ")
    found = _WORD_BEFORE.search(before)
    return found[0] if found else ""


def word_after(match: re.Match[str], *, reach: int = 24) -> str:
    """The word directly after a match, with only spaces between, or ""."""
    after = match.string[match.end() : match.end() + reach].lstrip(" ")
    found = _WORD_AFTER.match(after)
    return found[0] if found else ""


def initials() -> Rule:
    """The rule for initials: "C. S. Lewis", "V. Hugo", "C. elegans"; their points are no ends of sentences."""

    def read(match: re.Match[str]) -> Reading:
        text, start, end = match.string, match.start(), match.end()
        if _INITIAL_AFTER.match(text, end) or _INITIAL_BEFORE.search(text[max(0, start - 4) : start]):
            return whole(match, (match[0][0],))
        before = word_before(match)
        named = before[:1].isupper() or before in _BEFORE_INITIAL
        is_species = text[end + 1 : end + 2].islower()
        return whole(match, (match[0][0],)) if is_species or (named and len(before) > 1) or not before else None

    return rule(r"[A-Z]\.(?= ?[A-Z]| [a-z]{3})", read, ascii_uppercase)


_BEFORE_INITIAL = listed("and by of with to from for et de par avec")


def dotted_initials() -> Rule:
    """The rule for "U.S.A." and "J. R. R." one by one: each letter by its name."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, list(match[0].replace(".", "").upper()))

    return rule(rf"(?:[A-Za-z]\.){{2,12}}(?![^\W_])|(?:[A-Z]\.){{1,11}}[A-Z]{WORD_END}", read)


def capitals(grammar: Grammar) -> Rule:
    """The rule for capitals: "BBC" is spelled, "NASA" is a word, and "STOP RIGHT THERE" is shouted."""

    def read(match: re.Match[str]) -> Reading:
        letters = match["letters"]
        names_speaker = match.string.startswith(": ", match.end())  # "BOB: Hello"
        if not _spelled(letters, grammar, shouted=names_speaker or _shouted(match, grammar)):
            return None
        first, last = letters[:-1], letters[-1]
        # "DVDs", "the BBC's": the ending belongs to the last letter, with the apostrophe that makes it heard.
        return whole(match, (*first, f"{last}'s" if match["ending"] else last))

    return rule(rf"(?P<letters>[A-Z]{{2,5}})(?P<ending>['’]?s)?{WORD_END}(?!['’-][^\W\d_])", read, ascii_uppercase)


def _spelled(letters: str, grammar: Grammar, *, shouted: bool) -> bool:
    if letters in grammar.acronyms or (shouted and letters in grammar.short_words):
        return False
    if letters in grammar.initialisms:
        return True
    if not sayable(letters):
        return True
    if shouted or letters in grammar.short_words:
        return False
    return len(letters) <= 3


def _shouted(match: re.Match[str], grammar: Grammar) -> bool:
    """Whether a word next to this one is in capitals as well, and not because it always is."""
    always = (grammar.acronyms | grammar.initialisms) - grammar.short_words
    return any(
        len(word) > 1 and word.isupper() and word.isalpha() and word not in always
        for word in (word_before(match), word_after(match), *_beyond_dash(match))
    )


def _beyond_dash(match: re.Match[str]) -> Words:
    """The word on the other side of a dash: "STREET - DAY"."""
    found = _ACROSS_DASH.match(match.string, match.end())
    return (found[1],) if found else ()


_ACROSS_DASH = re.compile(r" [-–—] ([^\W\d_]{2,24})")

# Consonants that begin or end no English or French syllable together are a sign of initials.
_ONSETS = listed(
    "bl br ch cl cr dr dw fl fr gh gl gn gr kn ph pl pr ps qu rh sc sh sk sl sm sn sp sq st sw th tr tw wh wr vr "
    "chr phr sch scr shr spl spr squ str thr"
)


@lru_cache(maxsize=4096)
def sayable(letters: str) -> bool:
    """Whether capitals could be a word: they have a vowel, a possible beginning and no cluster of consonants."""
    low = letters.lower()
    start = _CONSONANTS.match(low)
    if start is None or start[0] == low:
        return False
    if len(start[0]) > 1 and start[0] not in _ONSETS:
        return False
    return not _UNSAYABLE.search(low)


def signs(grammar: Grammar) -> Rule:
    """The rule for signs that are always spoken: "&", "@", "=" …."""
    before_number = rf"(?<![^\W_])[{re.escape(''.join(grammar.prefixes))}]\.?\d"
    always = alternatives(grammar.signs)
    return rule(rf"(?!{before_number})(?:{always})", lambda match: whole(match, grammar.signs[match[0]].split()))


def signs_between_numbers(grammar: Grammar) -> Rule:
    """The rule for signs that have a meaning between numbers only: "3 × 4"; `ranges.dashes` is for dashes."""

    def read(match: re.Match[str]) -> Reading:
        before = _NUMBER_BEFORE.search(match.string[max(0, match.start() - 24) : match.start()])
        after = _NUMBER_AFTER.match(match.string[match.end() : match.end() + 26])
        return parts(match, ("sign", grammar.between_numbers[match["sign"]].split())) if before and after else None

    marks = re.escape("".join(sign for sign in grammar.between_numbers if sign not in "-–"))
    return rule(rf"(?P<sign>[{marks}])", read)


def slashes(grammar: Grammar) -> Rule:
    """The rule for a slash between two words, "upgrade/update"; "per" in "requests/s"; silent in "he/she"."""

    def read(match: re.Match[str]) -> Reading:
        before, after = word_before(match), word_after(match)
        if after in {"s", "sec", "min", "h", "hr"} and before.endswith("s"):
            per = (grammar.per, *grammar.units[after].one.split())
            return [Written(match.start(), match.end() + len(after), per)]
        silent = not grammar.slash or before.lower() in _SILENT_SLASH or after.lower() in _SILENT_SLASH
        if silent or (before.isupper() and after.isupper()):
            return None
        return whole(match, (grammar.slash,))

    return rule(r"/(?<=[^\W\d_]/)(?=[^\W\d_])", read)


_SILENT_SLASH = listed("or he she his her hers him they them et ou il elle ils elles le la un une")


def hashtags() -> Rule:
    """The rule for "#winning"."""
    return rule(r"#(?<![^\W_]#)(?=[^\W\d_])", lambda match: whole(match, ("hashtag",)))


def attached_signs(grammar: Grammar) -> Rule:
    """The rule for signs that are attached to a word and no part of a number: "page 14/ and", "a#b", "M$"."""

    def read(match: re.Match[str]) -> Reading:
        sign = match[0]
        said = grammar.currencies[sign].unit.one if sign in grammar.currencies else grammar.url_signs[sign]
        return whole(match, said.split())

    currencies = "".join(re.escape(sign) for sign in grammar.currencies if len(sign) == 1)
    return rule(rf"/(?<=\d/)(?= [^\W_])|#(?<=[^\W\d_]#)(?=[^\W_])|[{currencies}](?<=[^\W\d_].)(?![^\W_])(?!\.\d)", read)


def sign_chars(grammar: Grammar) -> str:
    """Every sign that a written word may begin with."""
    tables = (grammar.signs, grammar.between_numbers, grammar.prefixes, grammar.relations)
    chars = {char for table in tables for sign in table for char in sign[0]}
    powers = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹" if grammar.exponent else ""
    currencies = {symbol for symbol in grammar.currencies if len(symbol) == 1}
    return "".join(sorted({"/", ".", *powers, *chars, *currencies}))
