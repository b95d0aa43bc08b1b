"""The pronunciation lexicon of an author.

A lexicon is UTF-8 text, one entry a line, ``word = pronunciation``::

    # Names of the second chapter
    Siobhan = shivawn              a respelling: spoken as if this were written
    Dr. Grieg = doctor greeg       several words on either side
    SQL = sequel                   capitals after the first letter: this spelling only

    [fr]                           from here on for French, whatever the country; [en-gb] for British English
    Nantes = /nɑ̃t/                 between slashes: IPA

Entries above the first header apply to every language. Case is ignored unless the word has capitals after its first
letter. Of several entries the longest has priority, then the one with the most specific language, then the last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.text.normalise.grammar import CJK
from sayso.types import Span, Token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADER = re.compile(r"\[\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*)\s*\]")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_IPA = re.compile(r"/([^/]+)/")
# The smallest parts that are spoken by themselves: "AT&T", "12-15", each character of Japanese and Chinese.
_WORDS = re.compile(rf"[{CJK}]|(?:(?![{CJK}])[^\W\d])+|\d|[^\w\s]")
_EDGES = re.compile(r"^\W++|(?<!\W)\W++$")
_EVERY_LANGUAGE = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pronunciation:
    """The pronunciation of a word: either a respelling or IPA; exactly one of the two is given."""

    respelling: tuple[str, ...] = ()
    ipa: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """Pronunciations of written words.

    Attributes:
        entries: for each language tag, in lower case, the words and their pronunciations; "" is every language. Words
            are as `_key` returns them.
        most_words: the largest number of words, digits and signs of an entry.
        most_characters: the length of the longest entry.
        source: the text that it was read from.
    """

    entries: Mapping[str, Mapping[str, Pronunciation]] = field(default_factory=dict)
    most_words: int = 0
    most_characters: int = 0
    source: str = field(default="", compare=False)

    @classmethod
    def empty(cls) -> Lexicon:
        """A lexicon that changes nothing."""
        return cls()

    def apply(self, text: str, tokens: Sequence[Token], language: str) -> list[Token]:
        """Replace the tokens of the words that have an entry.

        Args:
            text: the source that the tokens' spans refer to.
            tokens: in order; those of one written word share its span.
            language: a BCP 47 tag.

        Returns:
            The tokens; those of a respelling share the span of all the words that it replaces.
        """
        chosen = [self.entries[tag] for tag in _tags(language) if tag in self.entries]
        if not chosen:
            return list(tokens)
        words = [list(group) for _, group in groupby(tokens, key=lambda token: token.span)]
        said: list[Token] = []
        index = 0
        while index < len(words):
            count, pronunciation = self._longest_match(text, words[index : index + self.most_words], chosen)
            written = words[index : index + count]
            said += _pronounce(text, written, pronunciation) if pronunciation else written[0]
            index += count
        return said

    def _longest_match(
        self, text: str, words: Sequence[Sequence[Token]], chosen: Sequence[Mapping[str, Pronunciation]]
    ) -> tuple[int, Pronunciation | None]:
        start = words[0][0].span.start
        for count in range(len(words), 0, -1):
            end = words[count - 1][-1].span.end
            if end - start > 2 * self.most_characters:
                continue  # too long, whatever the white space in it
            key = _key(text[start:end])
            for entries in chosen:
                if found := entries.get(key) or entries.get(key.casefold()):
                    return count, found
        return 1, None


def load_lexicon(text: str) -> Lexicon:
    """Read a lexicon in the format that this module describes.

    Raises:
        InvalidInput: a line is neither an entry nor a header nor a comment; the message names it.
    """
    entries: dict[str, dict[str, Pronunciation]] = {}
    language = _EVERY_LANGUAGE
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        content = _COMMENT.sub("", line).strip()
        if header := _HEADER.fullmatch(content):
            language = header[1].lower()
        elif content:
            word, pronunciation = _read_entry(content, number)
            entries.setdefault(language, {})[word] = pronunciation
    keys = [word for words in entries.values() for word in words]
    most_words = max((len(_WORDS.findall(word)) for word in keys), default=0)
    most_characters = max(map(len, keys), default=0)
    return Lexicon(entries=entries, most_words=most_words, most_characters=most_characters, source=text)


def _read_entry(content: str, number: int) -> tuple[str, Pronunciation]:
    written, equals, value = (part.strip() for part in content.partition("="))
    word = _key(written)
    if not equals or not word or not value:
        raise InvalidInput(
            f"Lexicon, line {number}: “{content[:60]}” is not an entry.",
            hint="Write word = respelling, word = /IPA/, or [fr] before the entries of a language.",
        )
    if not any(character.isupper() for part in word.split() for character in part[1:]):
        word = word.casefold()
    ipa = _IPA.fullmatch(value)
    if ipa and any(character.isalpha() for character in ipa[1]):
        return word, Pronunciation(ipa=" ".join(ipa[1].split()))
    if "/" in value or not any(character.isalnum() for character in value):
        raise InvalidInput(
            f"Lexicon, line {number}: “{value[:60]}” is neither a respelling nor IPA.",
            hint="IPA stands between two slashes, as in /nɑ̃t/; a respelling is made of letters.",
        )
    return word, Pronunciation(respelling=tuple(value.split()))


def _key(written: str) -> str:
    """A word in the form in which entries and texts are compared: without outer punctuation, with plain spaces."""
    return _EDGES.sub("", " ".join(written.split())).replace("’", "'")


def _tags(language: str) -> list[str]:
    """The tags under which a language's entries may stand, the most specific first: en-gb, en, and every language."""
    parts = language.lower().split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)] + [_EVERY_LANGUAGE]


def _pronounce(text: str, words: Sequence[Sequence[Token]], pronunciation: Pronunciation) -> list[Token]:
    """The tokens of these written words, with the lexicon's pronunciation."""
    sounds = pronunciation.ipa.split() if pronunciation.ipa else []
    if len(words) > 1 and len(sounds) == len(words):
        return [_sounded(text, word, sound) for word, sound in zip(words, sounds, strict=True)]
    whole = [token for word in words for token in word]
    if pronunciation.ipa:
        return [_sounded(text, whole, pronunciation.ipa)]
    span = _span(whole)
    said = [
        Token(spoken=spoken, span=span, joined=whole[0].joined and not index)
        for index, spoken in enumerate(pronunciation.respelling)
    ]
    said[0] = replace(said[0], lead=whole[0].lead)
    said[-1] = replace(said[-1], trail=whole[-1].trail, boundary=whole[-1].boundary)
    return said


def _sounded(text: str, tokens: Sequence[Token], ipa: str) -> Token:
    """One token for all of these; an engine without IPA support speaks the word as it is written."""
    span = _span(tokens)
    return replace(
        tokens[-1],
        spoken="".join(span.of(text).split()),
        span=span,
        lead=tokens[0].lead,
        joined=tokens[0].joined,
        ipa=ipa,
    )


def _span(tokens: Sequence[Token]) -> Span:
    return Span(start=tokens[0].span.start, end=tokens[-1].span.end)
