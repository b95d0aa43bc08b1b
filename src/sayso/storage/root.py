"""The root directory of the local storage; paths outside of it are refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.storage.uris import file_names, is_file_name

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence


class Root:
    """Paths below one directory, by URI or by their names below it; safe to use from any thread.

    Symbolic links are followed, and one that leads out of the directory is refused. A user who can make links below the
    directory during a call could still mislead the call: only Sayso should have write permission there.
    """

    def __init__(self, directory: Path, *, moved: re.Pattern[str] | None = None) -> None:
        """Use a directory, which need not exist yet.

        Args:
            directory: the root.
            moved: matches the names below the root, joined by ``/``, of files that are found here although their URI
                has another root, because the directory has been moved.
        """
        self._moved = moved
        self._named = directory.absolute()
        self._real = directory.resolve()

    @property
    def directory(self) -> Path:
        """The directory, with symbolic links resolved."""
        return self._real

    def of_uri(self, uri: str) -> Path:
        """The path of a ``file://`` URI, with symbolic links resolved; the file need not exist.

        Raises:
            InvalidInput: the URI is of another kind, or leads out of the directory.
        """
        path = Path("/", *file_names(uri))
        for directory in (self._named, self._real):
            if path.is_relative_to(directory) and path != directory:
                return self._inside(path.relative_to(directory).parts)
        found = self._moved.search(path.as_posix()) if self._moved is not None else None
        if found is not None:
            return self._inside(found.group().strip("/").split("/"))
        raise InvalidInput(f"{uri!r} is not in the storage of this process.")

    def directory_of_uri(self, uri: str) -> Path:
        """The path of a ``file://`` URI that may be that of the root itself, as `of_uri`.

        Raises:
            InvalidInput: as for `of_uri`.
        """
        path = Path("/", *file_names(uri.rstrip("/")))
        return self._real if path in {self._named, self._real} else self.of_uri(uri.rstrip("/"))

    def of_names(self, relative: str) -> Path:
        """The path of the file with these names below the directory, joined by ``/`` and not encoded.

        Raises:
            InvalidInput: they lead out of the directory.
        """
        names = relative.split("/")
        if not all(is_file_name(name) for name in names):
            raise InvalidInput(f"{relative!r} is not a file here.")
        return self._inside(names)

    def names_of(self, path: Path) -> str:
        """The names of a path that this root returned, for `of_names`."""
        return path.relative_to(self._real).as_posix()

    def _inside(self, names: Sequence[str]) -> Path:
        path = self._real.joinpath(*names)
        try:
            real = path.resolve()
        except (OSError, RuntimeError) as error:  # a circle of links raises either before Python 3.13
            raise InvalidInput(f"{'/'.join(names)!r} cannot be followed.") from error
        if not real.is_relative_to(self._real) or real == self._real:
            raise InvalidInput(f"{'/'.join(names)!r} leads out of the storage.")
        below = real.relative_to(self._real)
        if any((self._real / part).is_symlink() for part in (below, *below.parents)):  # a circle, which 3.13 leaves
            raise InvalidInput(f"{'/'.join(names)!r} cannot be followed.")
        return real
