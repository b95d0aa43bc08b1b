"""From keys to paths: which keys become files, and where; no other module makes a path of a key.

The path of a key below the root is the key itself, so no two keys have the same path. Keys that are no plain relative
path are refused. So is a key that another one collides with: on a file system that ignores case, or that normalises
Unicode, the two would be one file; and nowhere can a path be a file and a directory. Of keys that collide, those win
that the journal already has a file of, then the first in the order of their code points: the choice does not depend on
the order of a listing, and a new key never replaces the file of an older one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.modelsync.records import RefusalReason, Refused

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

DEFAULT_SUFFIXES = (".pth", ".bin", ".onnx", ".safetensors", ".pkl", ".json", ".txt", ".py")
"""The suffixes of model files."""

STATE_DIRECTORY = ".sayso"
"""The directory below the root that holds what Sayso itself needs."""

MAXIMUM_NAME_BYTES = 255
"""The limit of common file systems."""

_MAXIMUM_PATH_BYTES = 4095  # of Linux, without the NUL at its end
_UNKNOWN = "unknown"
_DOTS = frozenset({".", ".."})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TEMPORARY = re.compile(r"\..*\.sayso-[^/]*\.partial", re.DOTALL)
_ORDINARY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. +-]{0,199}(?:/[A-Za-z0-9_][A-Za-z0-9_. +-]{0,199})*")
"""Keys that need no closer look: names of ASCII that are not hidden, not long and not empty."""

_MAXIMUM_SHOWN = 80


def temporary_name(name: str, token: str) -> str:
    """The name of the temporary file that becomes ``name``, in the same directory; a long name is cut in it.

    Args:
        name: of the file.
        token: a random part, of hexadecimal digits.
    """
    ending = f".sayso-{token}.partial"
    room = MAXIMUM_NAME_BYTES - len(ending) - 1
    return f".{name.encode()[:room].decode(errors='ignore')}{ending}"


def is_temporary(name: str) -> bool:
    """Whether a file has a name that `temporary_name` makes."""
    return _TEMPORARY.fullmatch(name) is not None


def may_be_temporary(path: str) -> bool:
    """Whether a part of a path may be such a name: a quick look, for many paths."""
    return ".sayso-" in path


def category_of(key: str) -> str:
    """The first part of a key: ``essential``, ``optional``, ``archive``, or whatever it is."""
    return key.partition("/")[0] or _UNKNOWN


def type_of(key: str) -> str:
    """The second part of a key: ``bert``, ``voice``, …; ``unknown`` without one."""
    return key.partition("/")[2].partition("/")[0] or _UNKNOWN


def folded(key: str) -> str:
    """A value that is equal for keys that some file system takes for one path (canonical caseless matching)."""
    if key.isascii():
        return key.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", key).casefold())


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedKeys:
    """The keys of a listing, decided.

    Attributes:
        accepted: the keys that become files, in the order of their code points.
        refused: those that cannot.
        skipped: how many are left out because of their suffix.
    """

    accepted: tuple[str, ...]
    refused: tuple[Refused, ...]
    skipped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRules:
    """Which keys become files.

    Attributes:
        suffixes: the ends of the names that count, in lower case; empty for all names.
        root_bytes: the length of the root's path, without a slash at its end.
    """

    suffixes: tuple[str, ...] = DEFAULT_SUFFIXES
    root_bytes: int = 0

    def counts(self, key: str) -> bool:
        """Whether a key has one of the suffixes, in any case, after at least one other character."""
        if not self.suffixes:
            return True
        name = key.rpartition("/")[2].lower()
        if name not in self.suffixes:
            return name.endswith(self.suffixes)
        return any(name.endswith(end) and name != end for end in self.suffixes)

    def refusal_of(self, key: str) -> Refused | None:
        """Why a key cannot be a path, whatever other keys there are; None if it can."""
        reason, detail = self._problem(key)
        return None if reason is None else Refused(key=key, reason=reason, detail=f"The key {shown(key)} {detail}.")

    def resolve(
        self, keys: Iterable[str], *, incumbents: Container[str] = (), listed: Container[str] = ()
    ) -> ResolvedKeys:
        """Decide over all keys of a complete listing.

        Args:
            keys: all of them, in any order.
            incumbents: the keys that the journal has a file of; they win over others that they collide with.
            listed: the keys that a manifest lists; they count whatever their suffix is.
        """
        index = KeyIndex()
        accepted: list[str] = []
        refused: list[Refused] = []
        unique = set(keys)
        counting = [key for key in unique if self.counts(key) or key in listed]
        for key in sorted(counting, key=lambda key: (key not in incumbents, key)):
            refusal = self.refusal_of(key) or index.add(key)
            if refusal is None:
                accepted.append(key)
            else:
                refused.append(refusal)
        return ResolvedKeys(
            accepted=tuple(sorted(accepted)),
            refused=tuple(sorted(refused, key=lambda refusal: refusal.key)),
            skipped=len(unique) - len(counting),
        )

    def _problem(self, key: str) -> tuple[RefusalReason | None, str]:
        if _ORDINARY.fullmatch(key) and self.root_bytes + 1 + len(key) <= _MAXIMUM_PATH_BYTES:
            return None, ""
        try:
            size_bytes = len(key.encode())
        except UnicodeError:
            return RefusalReason.NOT_UNICODE, "is not Unicode"
        if not key:
            return RefusalReason.EMPTY, "is empty"
        if key.startswith("/"):
            return RefusalReason.ABSOLUTE, "begins with a slash"
        if "\\" in key:
            return RefusalReason.BACKSLASH, "has a backslash"
        if _CONTROL.search(key):
            return RefusalReason.CONTROL_CHARACTER, "has a control character"
        if self.root_bytes + 1 + size_bytes > _MAXIMUM_PATH_BYTES:
            return RefusalReason.PATH_TOO_LONG, f"would be a path of more than {_MAXIMUM_PATH_BYTES:,} bytes"
        return _problem_of_names(key.split("/"))


def _problem_of_names(names: list[str]) -> tuple[RefusalReason | None, str]:
    if not all(names):
        return RefusalReason.EMPTY_SEGMENT, "has an empty part"
    if not _DOTS.isdisjoint(names):
        return RefusalReason.PARENT, "has a part that is . or .."
    if any(folded(name) == STATE_DIRECTORY or is_temporary(folded(name)) for name in names):
        return RefusalReason.RESERVED, "has a name that Sayso needs for itself"
    if any(len(name.encode()) > MAXIMUM_NAME_BYTES for name in names):
        return RefusalReason.NAME_TOO_LONG, f"has a name of more than {MAXIMUM_NAME_BYTES} bytes"
    return None, ""


class KeyIndex:
    """Keys without collisions, for questions about one more; belongs to one thread."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._directories: Counter[str] = Counter()

    def add(self, key: str) -> Refused | None:
        """Add a key that `KeyRules.refusal_of` accepts, unless it collides with one that is here.

        Returns:
            Why it was not added; None if it was, or was here already.
        """
        path = folded(key)
        refusal = self._collision(key, path)
        if refusal is None and path not in self._files:
            self._files[path] = key
            self._directories.update(directories_above(path))
        return refusal

    def discard(self, key: str) -> None:
        """Remove a key; one that is not here is left alone."""
        path = folded(key)
        if self._files.get(path) == key:
            del self._files[path]
            self._directories.subtract(directories_above(path))

    def collision_of(self, key: str) -> Refused | None:
        """Why a key cannot stand beside those that are here; None if it can."""
        return self._collision(key, folded(key))

    def _collision(self, key: str, path: str) -> Refused | None:
        other = self._files.get(path, key)
        if other != key:
            detail = f"The key {shown(key)} differs from {shown(other)} only in case or in its Unicode form."
            return Refused(key=key, reason=RefusalReason.NAME_COLLISION, detail=detail)
        if self._directories.get(path, 0) > 0:
            detail = f"The key {shown(key)} would be a file where other keys need a directory."
            return Refused(key=key, reason=RefusalReason.FILE_AND_DIRECTORY, detail=detail)
        for directory in directories_above(path):
            if directory in self._files:
                file = self._files[directory]
                detail = f"The key {shown(key)} needs a directory where the key {shown(file)} is a file."
                return Refused(key=key, reason=RefusalReason.FILE_AND_DIRECTORY, detail=detail)
        return None


def directories_above(path: str) -> Iterator[str]:
    """The directories above a path, below the root."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)


def shown(key: str) -> str:
    """A key for a message: quoted, without characters that cannot be printed, and not too long."""
    text = ascii(key) if not key.isprintable() else repr(key)
    return text if len(text) <= _MAXIMUM_SHOWN else f"{text[:_MAXIMUM_SHOWN]}…"
