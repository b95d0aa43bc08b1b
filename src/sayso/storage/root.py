"""The directory that the local storage may touch, and nothing outside of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.storage.uris import file_names, is_file_name

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence


class Root:
    """Paths below one directory, by URI or by their names below it; any thread may ask.

    Links are followed, and one that leads out of the directory is refused. Whoever can make links below it while a
    call runs could still mislead the call: only Sayso should be able to write there.
    """

    def __init__(self, directory: Path, *, moved: re.Pattern[str] | None = None) -> None:
        """Take a directory, which need not exist yet.

        Args:
            directory: the directory.
            moved: how the names below it end, joined by ``/``, of files that are found here though their URI has
                another root: the directory was moved since.
        """
        self._moved = moved
        self._named = directory.absolute()
        self._real = directory.resolve()

    @property
    def directory(self) -> Path:
        """The directory, links followed."""
        return self._real

    def of_uri(self, uri: str) -> Path:
        """The file that a ``file://`` URI means, links followed; it need not exist.

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

    def of_names(self, relative: str) -> Path:
        """The file of these names below the directory, joined by ``/`` and not encoded.

        Raises:
            InvalidInput: they lead out of the directory.
        """
        names = relative.split("/")
        if not all(is_file_name(name) for name in names):
            raise InvalidInput(f"{relative!r} is not a file here.")
        return self._inside(names)

    def names_of(self, path: Path) -> str:
        """The names of a file that this root gave, for `of_names`."""
        return path.relative_to(self._real).as_posix()

    def _inside(self, names: Sequence[str]) -> Path:
        path = self._real.joinpath(*names)
        try:
            real = path.resolve()
        except (OSError, RuntimeError) as error:  # links in a circle are either, by the version of Python
            raise InvalidInput(f"{'/'.join(names)!r} cannot be followed.") from error
        if not real.is_relative_to(self._real) or real == self._real:
            raise InvalidInput(f"{'/'.join(names)!r} leads out of the storage.")
        return real
