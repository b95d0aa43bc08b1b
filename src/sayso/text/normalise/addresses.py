"""Rules for web addresses, e-mail addresses, files, options of commands and telephone numbers."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END
from sayso.text.normalise.rules import Written, first_reading, rule, whole
from sayso.text.normalise.words import clean, sayable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.rules import Reading, Rule, Words

# Domains that are recognised as an address without "www." or a scheme before them: "example.com".
_DOMAINS = "com|org|net|edu|gov|io|ai|dev|app|info|eu|fr|uk|de|ch|ca|co|tv"
_SUFFIXES = (
    "txt|md|csv|json|ya?ml|toml|xml|html?|css|js|ts|py|rs|rb|java|cpp|sh|sql|pdf|docx?|xlsx?|pptx?|jpe?g|png|gif|svg|"
    "mp[34]|wav|flac|zip|exe|ini|conf|log|lock"
)
_ROOTS = "etc|usr|var|tmp|home|opt|dev|bin|proc|root|srv|sys|lib|mnt|api"
_LABEL = r"[^\W_][\w-]{0,62}+"
_HOST = rf"{_LABEL}(?:\.{_LABEL}){{0,8}}"
_PATH = r"(?:[/?#][^\s<>\"“”«»]{0,1000}(?<![.,;:!?)\]'’*]))?"
_PORT = r"(?::\d{1,5})?"
_PARTS = re.compile(r"\d+|[^\W\d_]+|[\W_]")
_DIGIT_GROUP = re.compile(r"(\+?)(\d+)")
# Labels that are spelled out; other short ones are words ("my", "go").
_LONGEST_SPELLED = 4
_SPELLED = frozenset(
    {"uk", "us", "fr", "eu", "io", "ai", "tv", "www", "html", "htm", "php", "pdf", "ch", "de", "ca", "py", "js", "ts"}
)


def addresses(grammar: Grammar) -> tuple[Rule, ...]:
    """The rules for addresses and names of files.

    "name@example.com", "https://example.com/a?b=1", "www.example.com", "example.com/a", "photo.jpg", "os.path".
    """

    def read(match: re.Match[str]) -> Reading:
        return whole(match, _spoken_address(match["address"], grammar))

    def read_dotted(match: re.Match[str]) -> Reading:
        first = match["address"].partition(".")[0]
        known = first in grammar.abbreviations or f"{first}." in grammar.abbreviations
        return None if known else whole(match, _spoken_address(match["address"], grammar))

    def read_file(match: re.Match[str]) -> Reading:
        signs = [word for sign in "://" for word in grammar.url_signs[sign].split()]
        return whole(match, ("file", *signs, *_spoken_address(match["address"], grammar)))

    def read_mail(match: re.Match[str]) -> Reading:
        return whole(match, _spoken_address(match[0], grammar))

    mail = rf"[\w.+%-]{{1,64}}+(?:![\w.+%-]{{1,64}}+)?@{_HOST}{WORD_END}{_PATH}"
    local = rf"(?i:file)://(?P<address>/?{_HOST}{_PATH})"
    name = rf"(?P<address>{_LABEL}(?:\.{_LABEL}){{0,4}}\.(?:{_SUFFIXES})(?![\w-]|\.\w))"
    dotted = r"(?P<address>[a-z][a-z0-9_]{1,30}+(?:\.[a-z][a-z0-9_]{1,30}+){1,4}+)(?![\w’'-])"
    url = rf"(?:(?i:https?|ftp)://(?=[^\W_])|(?=www\.))(?P<address>{_HOST}{_PORT}{_PATH})"
    bare = rf"(?P<address>{_LABEL}(?:\.{_LABEL}){{0,4}}\.(?:{_DOMAINS})(?![\w-]|\.\w){_PORT}{_PATH})"
    with_points = (rule(mail, read_mail), rule(bare, read), rule(name, read), rule(dotted, read_dotted))

    def read_with_points(match: re.Match[str]) -> Reading:
        return first_reading(with_points, match.string, match.start(), match.endpos)

    return (
        rule(url, read, "hHfFwW"),
        rule(local, read_file, "fF"),
        # Most words have no point or sign of an address within: one look instead of four.
        rule(r"(?=[\w%+-]{1,64}+[.@][\w.%+-])", read_with_points),
    )


def paths(grammar: Grammar) -> Rule:
    """The rule for "/etc/hosts", "~/notes.txt" and "/usr"."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, _spoken_address(match[0], grammar))

    segment = r"[\w-]++(?:\.[\w-]++){0,8}+"
    start = rf"(?:~/{segment}|/{segment}/{segment}|/(?:{_ROOTS})(?![\w.-]))"
    return rule(rf"(?<![^\W_])(?<![/.:~)\]%€$£]){start}(?:/{segment}){{0,12}}+/?", read)


def options(grammar: Grammar) -> Rule:
    """The rule for the dash of a command's option: "foo -v", "tar -x -f"; not for "-a" and "-y", which are words."""

    def read(match: re.Match[str]) -> Reading:
        near = match.string[max(0, match.start() - 24) : match.start()]
        return whole(match, (grammar.url_signs["-"],)) if _COMMAND_BEFORE.search(near) else None

    return rule(r"-(?=[b-df-hj-np-xzB-HJ-NP-XZ](?:[ \n.,;:)]|$))", read)


_COMMAND_BEFORE = re.compile(r"(?:[^\W_]{2}| -[A-Za-z]) $")


def _spoken_address(address: str, grammar: Grammar) -> Words:
    """An address in spoken form: "example dot com slash a"."""
    said: list[str] = []
    for part, following in pairwise([*_PARTS.findall(address.rstrip("/")), ""]):
        if part.isdecimal():
            # Three digits are more often a code than an amount, and so are those at the beginning of a word: "23d".
            is_amount = len(part) in {1, 2, 4} and not following[:1].isalpha()
            said += grammar.speller.cardinal(part) if is_amount else grammar.speller.digits(part)
        elif part[0].isalnum():
            said += _spoken_label(part)
        else:
            said += grammar.url_signs.get(part, "").split()
    return tuple(said) or clean(address)


def _spoken_label(label: str) -> Words:
    if label.lower() == "jpg":
        return ("jpeg",)
    spelled = label.lower() in _SPELLED or (
        1 < len(label) <= _LONGEST_SPELLED and label.isascii() and not sayable(label)
    )
    return tuple(label.upper()) if spelled else clean(label)


def phone_numbers(pattern: str, say_group: Callable[[str], Words], plus: str) -> Rule:
    """The rule for telephone numbers of a country, spoken group by group.

    Args:
        pattern: matches such numbers.
        say_group: returns the words of a group of digits.
        plus: the word for the plus of an international number.
    """

    def read(match: re.Match[str]) -> Reading:
        start = match.start()
        out = []
        for group in _DIGIT_GROUP.finditer(match[0]):
            words = (plus, *say_group(group[2])) if group[1] else say_group(group[2])
            out.append(Written(start + group.start(), start + group.end(), words))
        return out

    return rule(pattern + WORD_END, read)
