"""Find the ends of sentences with the sentencex library, which supports many languages, and a few corrections.

The library follows the rules and abbreviations of Wikipedia's editors; a language without rules is read with
the English ones. The corrections are for stories, which differ from articles: dialogue, trailing dots, French titles.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sentencex

if TYPE_CHECKING:
    from collections.abc import Iterator

# The library keeps a quotation in one piece however many sentences it holds, and takes quadratic time on quotation
# marks that do not pair. So they are hidden from it. An apostrophe within a word stays.
_QUOTES = re.compile(r"""["“”„«»‹›`]|(?<!\w)['‘’‚]|['’](?!\w)""")
_UNPRINTABLE = re.compile(r"[\ud800-\udfff]")  # lone surrogates, which the library cannot process

_ELLIPSIS = re.compile(r"(?:…|\.{3})\s++")
# "true.¹ And", "true.[12] And": the mark of a note after the end of a sentence.
_NOTE = re.compile(r"[¹²³⁰⁴-⁹]|\[\d")
_NOTE_LAST = re.compile(r"[.!?](?:[¹²³⁰⁴-⁹]{1,3}|\[\d{1,3}\])\Z")
_NOTE_AFTER_END = re.compile(r"(?<=[.!?])(?:[¹²³⁰⁴-⁹]{1,3}|\[\d{1,3}\])\s++")
# "p.m. ET", "et al. [2004]", "Com. & Adm.": what never begins a sentence after a point.
_CONTINUES = re.compile(r"&|(?:[ECMP][SD]?T|GMT|UTC|BST|CET)\b")
_CITED = re.compile(r"\bet al\.\s*+\Z")
_CITATION = re.compile(r"[(\[]?\d")
# Is searched in the signs that end a text, from their beginning on.
_SPEECH_END = re.compile(r"(?<!\W)(?=\W++\Z)\W*?(?:[!?…]|\.\.|\.\s*+[\"“”„«»‹›'‘’])")
_LAST_WORD = re.compile(r"(?<!\w)(\w++)\.\s*+\Z")
_WORD_AND_STOP = re.compile(r"\b(\w++)\.\s++")
_LONGEST_ABBREVIATION = 20
_LOOK_AHEAD = 6

# Abbreviations before a name or a number, where the library finds the end of a sentence.
_NEVER_LAST = {
    "en": {
        "adm", "approx", "ch", "com", "ext", "fig", "figs", "gen", "gov", "int", "messrs", "para", "paras", "sen",
        "sens", "vol",
        "vols",
    },
    "fr": {
        "apr", "av", "bd", "ext", "int", "boul", "chap", "dr", "éd", "env", "fig", "lt", "me", "mgr", "mlle",
        "mlles", "mm", "mme",
        "mmes", "mr", "pr", "prof", "st", "ste", "vol",
    },
}  # fmt: skip
# These end no sentence before a number or a word in lower case: "Sat. 12 Oct.", "lun. au ven."
_BEFORE_MORE = {
    "en": {
        "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "jun",
        "jul", "aug", "sep", "sept", "oct", "nov", "dec", "tel", "ext", "bldg", "apt", "ref", "no", "nos",
    },
    "fr": {
        "janv", "févr", "fév", "avr", "juil", "sept", "oct", "nov", "déc", "lun", "mar", "mer", "jeu", "ven", "sam",
        "dim", "tél", "réf", "max", "min", "art", "hab",
    },
}  # fmt: skip
# Words that the library takes for abbreviations and that, before a capital letter, are far more often just words.
_OFTEN_LAST = {
    "en": {
        "ark", "art", "con", "ill", "ken", "may", "May", "me", "min", "miss", "no", "No", "NO", "ok", "Ok", "OK", "ore",
        "rep",
    },
    "fr": {"art", "dir", "sec"},
}  # fmt: skip
# Where the library distinguishes "J. Smith" from "vitamin C. He" by the next word.
_KNOWS_INITIALS = {"en"}


def sentence_ends(text: str, language: str) -> list[int]:
    """The offsets at which the sentences of a paragraph end, each after the spaces and quotation marks that follow.

    Args:
        text: one paragraph; line breaks within it are white space.
        language: a BCP 47 tag, of which the language itself is used.

    Returns:
        Ascending offsets; the last is the length of the text.
    """
    language = language.partition("-")[0].lower()
    shown = _QUOTES.sub(" ", _UNPRINTABLE.sub("\ufffd", text)).replace("\n", " ").replace("\r", " ")
    found = {boundary["end_index"] for boundary in sentencex.get_sentence_boundaries(language, shown)}
    found.update(_missed_ends(shown, language))
    is_cased = shown != shown.lower()
    ends = [0]
    for end in sorted(found - {0, len(text)}):
        before = text[max(ends[-1], end - _LONGEST_ABBREVIATION) : end]
        if not _is_false_end(before, shown[end : end + _LOOK_AHEAD], language, is_cased=is_cased):
            ends.append(end)
    return [*ends[1:], len(text)]


def _missed_ends(shown: str, language: str) -> Iterator[int]:
    """Ends that the library misses: capitals after trailing dots, and after words that it takes for abbreviations."""
    words = _OFTEN_LAST.get(language, set())
    candidates = [match.end() for match in _ELLIPSIS.finditer(shown)]
    candidates += [match.end() for match in _NOTE_AFTER_END.finditer(shown)]
    candidates += [match.end() for match in _WORD_AND_STOP.finditer(shown) if match[1] in words]
    return (end for end in candidates if shown[end : end + 1].isupper())


def _is_false_end(before: str, following: str, language: str, *, is_cased: bool) -> bool:
    """Whether the library's end of a sentence is none.

    `before` ends there, and `following` is next, which is not empty.
    """
    written = before.rstrip()
    if _is_within_citation(before, following, is_cased=is_cased):
        return True
    if len(written) == len(before) and following[0] in "-‐‑–":
        return True  # J.-C.
    if written.endswith(",") or (written.endswith(".") and _CONTINUES.match(following)):
        return True
    if following[0].islower() and is_cased and _SPEECH_END.search(written):
        return True  # “Stop!” he said. In a text without capitals, a lower-case letter tells nothing.
    word = _LAST_WORD.search(before)
    if word is None or not following[0].isalnum():
        return False
    if word[1].lower() in _NEVER_LAST.get(language, ()):
        return True
    if not following[0].isupper() and (len(word[1]) == 1 or word[1].lower() in _BEFORE_MORE.get(language, ())):
        return is_cased or not following[0].isalpha()
    is_initial = len(word[1]) == 1 and word[1].isupper()
    return is_initial and (following[0].islower() or language not in _KNOWS_INITIALS)


def _is_within_citation(before: str, following: str, *, is_cased: bool) -> bool:
    """Whether a supposed end lies before or in the mark of a note, or in "et al. [2004] and"."""
    written = before.rstrip()
    if len(written) == len(before) and _NOTE.match(following):
        return True
    if _NOTE_LAST.search(before) and following[0] == " ":
        return True  # the end is after the space
    if _CITED.search(before) and _CITATION.match(following):
        return True
    return written.endswith(("]", ")")) and following.lstrip()[:1].islower() and is_cased
