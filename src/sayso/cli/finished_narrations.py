"""Which narrations are finished already, so that giving ``sayso narrate`` again costs next to nothing.

A finished narration leaves an entry in the speech cache: the digests of its files, and its report. The key of the entry
covers everything that decides the files: the text, the options, the settings, the lexicon, the models, the packages
and Sayso's own code. The entry says nothing else than "these files are what this command makes", and is believed only
while the files are there and have these digests. Otherwise the narration is made as always.

No library of sound or language is imported here: to import them takes longer than the whole command without them.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sayso.bootstrap.model_needs import MODELS
from sayso.cache import DirectoryCache
from sayso.errors import SaysoError
from sayso.files import decode_prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sayso.settings import Settings

_REVISION = 1
"""Raised whenever an entry has other contents."""

_LARGEST_TEXT_BYTES = 64 * 2**20

_DEEPEST = 8
"""Directories below this depth are not listed: a link may lead back to where it is."""


class FinishedNarrations:
    """The narrations with these options that are finished; used by one thread.

    Args:
        settings: of the command; all of them are part of the key.
        options: those of the command that decide the files, as JSON values.
        lexicon: the file of pronunciations, or None.
    """

    def __init__(self, settings: Settings, options: Mapping[str, object], lexicon: Path | None) -> None:
        self._settings = settings
        self._options = options
        self._lexicon = lexicon
        self._cache = DirectoryCache(settings.cache_dir, maximum_bytes=settings.cache_max_bytes)
        self._circumstances = self._now()

    def find(self, file: Path, directory: Path) -> dict[str, Any] | None:
        """The report of the narration of a text, if its files are in a directory already; they are touched.

        Args:
            file: the text.
            directory: of the narration's files.
        """
        text = _text(file)
        entry = None if text is None else self._cache.get(self._key(file, text))
        if entry is None:
            return None
        known = json.loads(entry)
        paths = {directory / name: digest for name, digest in known["files"].items()}
        if any(_digest(path) != digest for path, digest in paths.items()):
            return None
        try:
            for path in paths:
                os.utime(path)  # as if it had been written again: make compares times
        except OSError:
            return None
        return {**known["report"], "files": [str(path) for path in paths]}

    def remember(self, file: Path, text: str, report: Mapping[str, Any]) -> None:
        """Remember a narration that has just been made.

        Nothing is kept if a model, a package, the lexicon or a file was changed in the meantime.

        Args:
            file: the text's.
            text: the text that was narrated.
            report: what `find` returns; its ``files`` are the paths.
        """
        digests = {Path(path).name: _digest(Path(path)) for path in report["files"]}
        if None not in digests.values() and self._now() == self._circumstances:
            entry = json.dumps({"files": digests, "report": dict(report)})
            self._cache.put(self._key(file, text), entry.encode())

    def _key(self, file: Path, text: str) -> str:
        parts = ["finished narration", _REVISION, self._circumstances, file.stem, file.suffix.lower(), text]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _now(self) -> str:
        """The digest of everything but the text that decides the files."""
        settings = self._settings
        models = [settings.models_base_path / name for names in MODELS.values() for name in names]
        if settings.kokoro_model is not None:
            models.append(settings.kokoro_model)
        parts = [
            dict(self._options),
            settings.model_dump_json(),
            None if self._lexicon is None else _digest(self._lexicon),
            sys.version,
            _packages(),
            [list(_listing(directory)) for directory in (*models, Path(__file__).parents[1])],
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _text(file: Path) -> str | None:
    """The text in a file; None if there is something wrong with it, which the narration will say.

    Nothing is read of a pipe: what is read is gone.
    """
    try:
        facts = file.stat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST_TEXT_BYTES:
            return None
        return decode_prose(file.read_bytes(), str(file))
    except (OSError, SaysoError):
        return None


def _digest(path: Path) -> str | None:
    """The SHA-256 of a file; None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _packages() -> list[str]:
    """The packages that can be imported, with their versions."""
    names: set[str] = set()
    for directory in sys.path:
        found = (entry.name for entry in _entries(Path(directory or ".")))  # none of a zip file
        names.update(name for name in found if name.endswith((".dist-info", ".egg-info")))
    return sorted(names)


def _listing(directory: Path, depth: int = 0) -> Iterator[tuple[str, int, int, int]]:
    """Path, size, time of the last change and inode of every file below a directory; compiled Python does not count."""
    for entry in sorted(_entries(directory), key=lambda entry: entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__" and depth < _DEEPEST:
                yield from _listing(Path(entry.path), depth + 1)
            continue
        try:
            facts = entry.stat()
        except OSError:
            continue  # it was removed, or is a link to nothing
        yield entry.path, facts.st_size, facts.st_mtime_ns, facts.st_ino


def _entries(directory: Path) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return ()
