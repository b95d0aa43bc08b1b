"""API keys with their owners and scopes.

The settings hold a hash of each key, as one entry of ``name:scopes:hash``, and never the key. The hash is one plain
SHA-256: salts and slow hashes protect passwords, which can be guessed. A key of 256 random bits cannot be guessed, so
a fast hash is safe and adds no delay to requests.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PREFIX = "sayso_"
_KEY_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_PARTS = 3
_KEY_HEADERS = ("x-api-key", "api-key")
_HOW_TO = "`sayso keys new NAME --scopes speech,transcribe` makes a key and its entry."


class Scope(StrEnum):
    """The scopes of a key; ``admin`` includes all others."""

    SPEECH = "speech"
    TRANSCRIBE = "transcribe"
    JOBS = "jobs"
    OPERATIONS = "operations"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """The owner's name and the scopes of a key, without the key itself."""

    name: str
    scopes: frozenset[Scope]

    def allows(self, scope: Scope) -> bool:
        """Whether the key has ``scope``."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    """A new key.

    Attributes:
        key: the secret that its owner sends; it cannot be recovered.
        entry: the entry for the settings.
    """

    key: str
    entry: str


class KeyRing:
    """The keys of the settings; any thread may use it. A ring without keys is false.

    Args:
        keys: each with its SHA-256.
    """

    def __init__(self, keys: Sequence[tuple[ApiKey, bytes]]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Parse entries of the form ``name:scopes:hash``; several may have one name, as during the rotation of a key.

        Raises:
            InvalidInput: an entry is malformed; the message gives its position and repeats nothing of it, because it
                may be a key by mistake.
        """
        return cls([_parsed(entry, place) for place, entry in enumerate(entries, start=1)])

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the keys, without repetition, in order."""
        return tuple(dict.fromkeys(key.name for key, _ in self._keys))

    def identify(self, *presented: str) -> ApiKey | None:
        """The entry of the first of these keys that has one, or None. The time it takes reveals nothing about any key.

        Args:
            presented: the keys that a request presents.
        """
        found = None
        for digest in map(_digest, reversed(presented)):
            for key, known in self._keys:  # compare with all of them, whatever the position of the match
                if hmac.compare_digest(known, digest):
                    found = key
        return found


def presented_keys(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a request, without repetition: ``Authorization: Bearer …``, ``X-API-Key``, and Azure's ``api-key``.

    SDKs always send a Bearer key, if need be an invented one, so a valid key may be in another header.

    Args:
        headers: with names in lower case, or a case-insensitive mapping.
    """
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    bearer = credentials if scheme.lower() == "bearer" else ""
    keys = (bearer.strip(), *(headers.get(name, "").strip() for name in _KEY_HEADERS))
    return tuple(dict.fromkeys(key for key in keys if key))


def parse_scopes(text: str, separator: str) -> frozenset[Scope]:
    """Parse a list of scopes.

    Raises:
        InvalidInput: the list is empty, or has an unknown scope, which is not repeated.
    """
    names = [name.strip().lower() for name in text.split(separator) if name.strip()]
    if not names or not all(name in set(Scope) for name in names):
        raise InvalidInput("The scopes are not understood", hint=f"They are among {', '.join(Scope)}.")
    return frozenset(Scope(name) for name in names)


def new_key(name: str, scopes: Iterable[Scope]) -> NewKey:
    """Make a key of 256 random bits.

    Raises:
        InvalidInput: the name cannot be used.
    """
    if not is_key_name(name):
        raise InvalidInput(
            f"{name!r} cannot be a key's name", hint="Use letters, digits, dots, dashes and underscores, at most 64."
        )
    key = _PREFIX + secrets.token_hex(_KEY_BYTES)
    return NewKey(key=key, entry=entry_of(key, name, scopes))


def entry_of(key: str, name: str, scopes: Iterable[Scope]) -> str:
    """The entry of a key for the settings; ``name`` must be a `is_key_name`."""
    return f"{name}:{'+'.join(sorted(scopes))}:{_digest(key).hex()}"


def is_key_name(name: str) -> bool:
    """Whether a key's owner may have this name."""
    return _NAME.fullmatch(name) is not None


def is_entry(text: str) -> bool:
    """Whether a text has the form of an entry, ``name:scopes:hash``."""
    parts = text.split(":")
    return len(parts) == _PARTS and _HASH.fullmatch(parts[-1]) is not None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _parsed(entry: str, place: int) -> tuple[ApiKey, bytes]:
    where = f"Entry {place} of SAYSO_API_KEYS"
    parts = entry.strip().split(":")
    if len(parts) != _PARTS:
        raise InvalidInput(
            f"{where} is not of the form name:scopes:hash; a key itself does not belong there.", hint=_HOW_TO
        )
    name, scopes, digest = parts
    if not is_key_name(name):
        raise InvalidInput(f"{where} has a name that cannot be used.", hint=_HOW_TO)
    if not _HASH.fullmatch(digest):
        raise InvalidInput(f"{where} does not end with a SHA-256 of 64 hexadecimal digits.", hint=_HOW_TO)
    try:
        opened = parse_scopes(scopes, "+")
    except InvalidInput as error:
        raise InvalidInput(f"{where} has scopes that are not understood.", hint=error.hint) from None
    return ApiKey(name=name, scopes=opened), bytes.fromhex(digest)
