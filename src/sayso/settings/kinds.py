"""Types of values that several settings share."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

ONE_GIB = 2**30


@dataclass(frozen=True, slots=True)
class SharesVariable:
    """Marks a setting whose variable may have the same value as another setting of the process.

    One database may have both the application's tables and Sayso's.
    """


def in_user_cache(name: str) -> Path:
    """A directory in the user's cache directory."""
    return platformdirs.user_cache_path("sayso", appauthor=False) / name


def _absolute(path: Path) -> Path:
    """The path with ``~`` expanded, made absolute."""
    return path.expanduser().absolute()


Directory = Annotated[Path, AfterValidator(_absolute)]


def _parts(value: object) -> object:
    """The entries of a comma-separated list."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Entries = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]


def _networks(entries: tuple[str, ...]) -> tuple[str, ...]:
    """The entries, each an address or a network."""
    try:
        return tuple(str(ipaddress.ip_network(entry, strict=False)) for entry in entries)
    except ValueError:
        raise ValueError("an entry is neither an address nor a network such as 10.0.0.0/8") from None


Networks = Annotated[Entries, AfterValidator(_networks)]


LEAST_SECRET_CHARACTERS = 32


def _long_enough(secret: SecretStr) -> SecretStr:
    """The secret without surrounding white space, such as the newline at the end of a file that it was read from."""
    value = secret.get_secret_value().strip()
    if len(value) < LEAST_SECRET_CHARACTERS:
        raise ValueError(
            f"it must have {LEAST_SECRET_CHARACTERS} characters or more; make one with: openssl rand -hex 32"
        )
    return SecretStr(value)


LongSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
"""A secret that is too long to be guessed."""
