"""Where the versions of a set are, and the link that leads to one of them."""

from __future__ import annotations

import hashlib
import re

from sayso.errors import InvalidInput
from sayso.modelsync.keys import STATE_DIRECTORY

SETS_DIRECTORY = f"{STATE_DIRECTORY}/sets"

BUILDING = "building-"
"""Begins the names of the directories of versions that are put together."""

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def directory_behind(path: str, target: str | None) -> str | None:
    """The directory of the version that the link of a set leads to; None if a link is not one of ours.

    Args:
        path: of the link, below the root.
        target: what the link contains; None for no link.
    """
    version = (target or "").rpartition("/")[2]
    is_ours = _VERSION.fullmatch(version) is not None and target == target_of(f"{path}/", version)
    return f"{directory_of(f'{path}/')}/{version}" if is_ours else None


def link_of(prefix: str) -> str:
    """The path of the link of a set."""
    return prefix.rstrip("/")


def directory_of(prefix: str) -> str:
    """The directory with all versions of a set."""
    return f"{SETS_DIRECTORY}/{hashlib.sha256(prefix.encode()).hexdigest()[:32]}"


def target_of(prefix: str, version: str) -> str:
    """What the link of a set contains."""
    return "../" * link_of(prefix).count("/") + f"{directory_of(prefix)}/{version}"


def checked_version(version: str) -> str:
    """A version, if it can be the name of a directory.

    Raises:
        InvalidInput: it has other characters than letters, digits, ``.``, ``_`` and ``-``.
    """
    if not _VERSION.fullmatch(version) or version.startswith(BUILDING):
        raise InvalidInput(f"A set has no version {version!r}.")
    return version
