"""Rules, and the scanner that tries rules at the beginning of each written word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Words: TypeAlias = tuple[str, ...]


class Written(NamedTuple):
    """A written word: its place in the view, and its spoken form (at least one word).

    ``ipa`` is the pronunciation of a single spoken word, where the rules know it better than an engine.
    """

    start: int
    end: int
    spoken: Words
    ipa: str | None = None


Reading: TypeAlias = "list[Written] | None"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for a kind of written text.

    Attributes:
        pattern: is matched where a written word may begin. Every repetition that can fail after it matched is bounded,
            so that a megabyte of anything is read in linear time.
        read: the written words of a match, ordered, from its start on; None when the rule does not apply after all.
            ``match.string`` is the whole view, for a look at the context.
        starts: the ASCII characters that a match may begin with, as far as they are known: others are not tried.
    """

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Reading]
    starts: frozenset[str] | None = None


def rule(pattern: str, read: Callable[[re.Match[str]], Reading], starts: Iterable[str] | None = None) -> Rule:
    """Make a rule from the source of its pattern; ``starts`` has words or characters that a match begins with."""
    return Rule(re.compile(pattern), read, None if starts is None else frozenset(word[0] for word in starts))


@dataclass(frozen=True)
class RuleBook:
    """The rules of a language, by the kind of character that a written word begins with, each list in order of trial.

    Attributes:
        words: rules for words that begin with a letter; the last one reads any word.
        numbers: rules for words that begin with a digit; the last one reads any run of digits.
        signs: rules for words that begin with one of ``sign_chars``. If none applies, the sign is punctuation.
        sign_chars: the signs that a written word may begin with.
        prefixes: signs that are spoken before the number or price that follows them without a space ("-5", "#1").
        elision: a shortened word that is joined to the next one (French "l'"), if the language has them.
    """

    words: tuple[Rule, ...]
    numbers: tuple[Rule, ...]
    signs: tuple[Rule, ...]
    sign_chars: str
    prefixes: Mapping[str, str]
    elision: re.Pattern[str] | None = None

    @cached_property
    def words_by_start(self) -> Mapping[str, Sequence[Rule]]:
        """For each ASCII letter, the rules for words that may begin with it."""
        return {
            char: [rule for rule in self.words if rule.starts is None or char in rule.starts]
            for char in map(chr, range(128))
            if char.isalpha()
        }

    @cached_property
    def next_word(self) -> re.Pattern[str]:
        """Finds where the next written word may begin.

        A sign three or more times in a row is an ornament ("====") and not spoken.
        """
        signs = f"[{re.escape(self.sign_chars)}]" if self.sign_chars else "(?!)"
        return re.compile(rf"(?P<ornament>({signs})\2{{2,}}+)|[^\W_]|{signs}")


def whole(match: re.Match[str], words: Sequence[str]) -> list[Written]:
    """Read the whole match as one written word."""
    return [Written(match.start(), match.end(), tuple(words))]


def parts(match: re.Match[str], *groups: tuple[str, Sequence[str]]) -> list[Written]:
    """Read named groups of a match, each with its spoken words, as one written word per part without a space.

    Groups that did not match are left out. A group without spoken words of its own belongs to the next one.
    """
    out: list[Written] = []
    for name, words in groups:
        start, end = match.span(name)
        if start == end:
            continue
        if out and (out[-1].end == start or not out[-1].spoken):
            last = out.pop()
            out.append(Written(last.start, end, (*last.spoken, *words)))
        else:
            out.append(Written(start, end, tuple(words)))
    return out


def scan(text: str, start: int, end: int, book: RuleBook) -> list[Written]:
    """Find the written words of ``text`` from ``start`` to ``end``, ordered; every letter and digit is in one."""
    out: list[Written] = []
    at = start
    while found := book.next_word.search(text, at, end):
        at = found.start()
        reading = None if found["ornament"] else _read(text, at, end, book)
        if reading:
            out.extend(reading)
            at = reading[-1].end
        else:
            at = found.end()
    return _closed(text, out)


def _closed(text: str, words: list[Written]) -> list[Written]:
    """The words, of which the last one of "f(x, y)" has the bracket that closes, as the first one has the other."""
    inside = False
    for index, word in enumerate(words):
        if text[word.end - 1] == "(":
            inside = True
        elif inside and text.startswith(")", word.end):
            words[index] = word._replace(end=word.end + 1)
            inside = False
    return words


def _read(text: str, at: int, end: int, book: RuleBook) -> Reading:
    char = text[at]
    if char.isalpha():
        return _read_elided(text, at, end, book) or first_reading(
            book.words_by_start.get(char, book.words), text, at, end
        )
    if char.isalnum():
        return first_reading(book.numbers, text, at, end)
    return first_reading(book.signs, text, at, end) or _read_prefixed(text, at, end, book)


def _read_prefixed(text: str, at: int, end: int, book: RuleBook) -> Reading:
    """Read a sign with the number that follows it without a space, unless the sign stands between two words."""
    sign = book.prefixes.get(text[at])
    if sign is None or at + 1 >= end or (at and text[at - 1].isalnum()):
        return None
    return _onto(at, tuple(sign.split()), first_reading(_after_prefix(text, at + 1, book), text, at + 1, end))


_PRICE = re.compile(r"[A-Z]{1,3}[$€£¥]")


def _after_prefix(text: str, at: int, book: RuleBook) -> Sequence[Rule]:
    char = text[at]
    if _PRICE.match(text, at):  # "-R$ 5"
        return book.words
    if char.isdecimal():
        return book.numbers
    if char == ".":
        return book.signs  # of which only the rule for a leading point applies: "-.5"
    return () if char.isalnum() else book.signs[:2]


def _read_elided(text: str, at: int, end: int, book: RuleBook) -> Reading:
    """Read "l'" with the word after it, as the rules read that word: "l'ONU", "l'an", "d'1 kg"."""
    elided = book.elision.match(text, at, end) if book.elision else None
    if not elided:
        return None
    rules = book.words if text[elided.end()].isalpha() else book.numbers
    following = first_reading(rules, text, elided.end(), end)
    if not following:
        return None
    first, *rest = following
    return [Written(at, first.end, (f"{elided[1]}'{first.spoken[0]}", *first.spoken[1:])), *rest]


def _onto(at: int, words: Words, following: Reading) -> Reading:
    """Put ``words``, written at ``at``, before the first of the following words."""
    if not following:
        return None
    first, *rest = following
    return [Written(at, first.end, (*words, *first.spoken)), *rest]


def first_reading(rules: Sequence[Rule], text: str, at: int, end: int) -> Reading:
    """The result of the first rule that applies to the text at ``at``."""
    for candidate in rules:
        match = candidate.pattern.match(text, at, end)
        if match and (reading := candidate.read(match)):
            return reading
    return None
