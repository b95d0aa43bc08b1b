"""The import of keys that clients have already: lines of text become entries of the settings, with hashes only.

The hash is fast, so a key that can be guessed would not be safe: weak keys are refused. See `sayso.api.auth.keys`.
No message repeats any part of a line, because any part of it may be a key.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.api.auth.keys import entry_of, is_entry, is_key_name, parse_scopes
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sayso.api.auth.keys import KeyRing, Scope

LEAST_CHARACTERS = 20
LEAST_BITS = 64.0
"""A key that takes fewer guesses than 2 to this power could be found from its hash."""

_WORD_BITS = 1.0  # for a letter that words often have after the letter before it
_CAPITAL_BITS = 2.0  # for the first letter of ThisOrThat
_SEPARATORS = "-_."
_YEAR = re.compile(r"(19|20)\d\d")
_WORD_PAIRS: Mapping[str, str] = {
    "a": "bcdgiklmnprsty",
    "b": "aelo",
    "c": "aehklort",
    "d": "aeios",
    "e": "acdelmnprstvxy",
    "f": "aeio",
    "g": "eir",
    "h": "aeio",
    "i": "bcdeglmnorstv",
    "k": "es",
    "l": "adeilos",
    "m": "aeiopy",
    "n": "acdegiost",
    "o": "cdklmnoprstuw",
    "p": "aeilortu",
    "q": "u",
    "r": "adeiorsty",
    "s": "acehiopstuw",
    "t": "aehiorst",
    "u": "delmnrst",
    "v": "e",
    "w": "aeho",
}
"""By a letter, those that often follow it: about 85 % of the pairs of English text, and 23 % of random ones."""

_VISIBLE = re.compile(r"[!-~]+")  # what a header can hold
_ALPHABETS = ((r"[0-9a-f-]+", 16), (r"[0-9A-F-]+", 16))
_CLASSES = ((r"[a-z]", 26), (r"[A-Z]", 26), (r"[0-9]", 10), (r"[^A-Za-z0-9]", 10))
_MOST_FIELDS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedKey:
    """A key that was imported.

    Attributes:
        name: of its owner.
        scopes: in alphabetical order.
        entry: for the settings.
    """

    name: str
    scopes: tuple[Scope, ...]
    entry: str


def import_keys(
    lines: Iterable[str], *, scopes: frozenset[Scope], name: str | None, existing: KeyRing
) -> list[ImportedKey]:
    """Make the entries of existing keys, all or none.

    Args:
        lines: each ``NAME KEY``, ``NAME SCOPES KEY`` with scopes such as ``speech+jobs``, or, with ``name``, ``KEY``.
            Empty lines and those that begin with # are skipped.
        scopes: of keys whose line has none.
        name: of the owner of keys whose line has no name; several owners of one name share its limits and callbacks.
        existing: the keys of the settings, which are not imported again.

    Raises:
        InvalidInput: a line is not understood, or its key is weak or a duplicate; every such line is named by its
            number. Or there is no key.
    """
    imported: list[ImportedKey] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        first = seen.setdefault(fields[-1], number)
        if first != number:
            problems.append(f"line {number}: its key is a duplicate of line {first}")
            continue
        try:
            imported.append(_imported(fields, scopes=scopes, name=name, existing=existing))
        except InvalidInput as error:
            problems.append(f"line {number}: {error.message}")
    if problems:
        raise InvalidInput(
            f"No key was imported, because of {len(problems)} of the lines: {'; '.join(problems)}.",
            hint="Each line is NAME KEY or NAME SCOPES KEY. `sayso keys new NAME` makes strong keys.",
        )
    if not imported:
        raise InvalidInput("There is no key on standard input.", hint="Each line is NAME KEY or NAME SCOPES KEY.")
    return imported


def _imported(fields: list[str], *, scopes: frozenset[Scope], name: str | None, existing: KeyRing) -> ImportedKey:
    """The key of a line.

    Raises:
        InvalidInput: it cannot be imported; the message continues the line's number.
    """
    if len(fields) > _MOST_FIELDS:
        raise InvalidInput("it has more than a name, scopes and a key")
    key = fields[-1]
    owner = fields[0] if len(fields) > 1 else name
    if owner is None:
        raise InvalidInput("it has no name, and --name is not given")
    if not is_key_name(owner):
        raise InvalidInput("its name is not one of letters, digits, dots, dashes and underscores, at most 64")
    if len(owner) >= LEAST_CHARACTERS and estimated_bits(owner) >= LEAST_BITS:
        raise InvalidInput("its name looks like a key: the name comes first")
    if len(fields) == _MOST_FIELDS:
        try:
            scopes = parse_scopes(fields[1], "+")
        except InvalidInput as error:
            raise InvalidInput(f"its scopes are not understood ({error.hint})") from None
    _check_strength(key)
    known = existing.identify(key)
    if known is not None:
        raise InvalidInput(f"its key is a duplicate: SAYSO_API_KEYS has it already, as {known.name}")
    return ImportedKey(name=owner, scopes=tuple(sorted(scopes)), entry=entry_of(key, owner, scopes))


def _check_strength(key: str) -> None:
    if is_entry(key):
        raise InvalidInput("it has an entry of SAYSO_API_KEYS, not a key")
    if not _VISIBLE.fullmatch(key):
        raise InvalidInput("its key has characters that an HTTP header cannot hold")
    if len(key) < LEAST_CHARACTERS:
        raise InvalidInput(f"its key is weak: it has fewer than {LEAST_CHARACTERS} characters")
    if estimated_bits(key) < LEAST_BITS:
        raise InvalidInput("its key is weak: it consists of words, repetitions or sequences, and could be guessed")


def estimated_bits(key: str) -> float:
    """About how many bits of chance are in a key: letters of words, repetitions, sequences and years have few."""
    size = next((count for pattern, count in _ALPHABETS if re.fullmatch(pattern, key)), 0) or sum(
        count for pattern, count in _CLASSES if re.search(pattern, key)
    )
    key = _YEAR.sub("0", key)
    return sum(min(math.log2(size), _most_bits(key, index)) for index in range(len(key)))


def _most_bits(key: str, index: int) -> float:
    """How many bits a character can have, because of those before it."""
    character, before = key[index], key[index - 1] if index else ""
    if not before:
        return math.inf
    if abs(ord(character) - ord(before)) <= 1 or key[max(index - 2, 0) : index + 1] in key[:index]:
        return 0.0
    if character.lower() in _WORD_PAIRS.get(before.lower(), "") or character in _SEPARATORS:
        return _WORD_BITS
    if before.islower() and character.isupper():
        return _CAPITAL_BITS
    return math.inf
