"""The files of a Whisper model: which ones there must be, and loading a model only from the files that were found."""

from __future__ import annotations

from hashlib import file_digest
from typing import TYPE_CHECKING, NamedTuple

from sayso.errors import ModelCorrupt, ModelMissing, ModelReplaced
from sayso.stt.whisper.model import LoadedWhisper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NEEDED = ("model.bin", "config.json", "tokenizer.json")  # without the last, faster-whisper would ask a model hub
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_WEIGHTS = "model.bin"


class _Facts(NamedTuple):
    """What changes when a file is replaced."""

    name: str
    inode: int
    size_bytes: int
    modified_ns: int


class WhisperFiles:
    """The files of a model in CTranslate2's format; any thread may use it.

    CTranslate2 and the tokeniser read whole files when a model is loaded, and map none: a loaded model needs no file
    any more, so that a replaced file, or ESTALE of NFS, does not reach it.

    Args:
        directory: of the model.
        may_change: whether another process replaces the files. Then a model is loaded only from those that were there
            when this was made.

    Raises:
        ModelMissing: a file is not there.
    """

    def __init__(self, directory: Path, *, may_change: bool) -> None:
        missing = [name for name in _NEEDED if not (directory / name).is_file()]
        if may_change and not any((directory / name).is_file() for name in _VOCABULARIES):
            missing.append(" or ".join(_VOCABULARIES))
        if missing:
            raise ModelMissing(
                f"{directory} is no Whisper model: it lacks {', '.join(missing)}.",
                hint="Put a Whisper model in CTranslate2's format there, with its tokenizer.json."
                if may_change
                else f"Run: sayso models pull {directory.name}",
            )
        self._directory = directory
        self._may_change = may_change
        self._found = tuple(self._facts())
        self.known_digest: str | None = None
        """The SHA-256 of the weights in hexadecimal, once they were read."""

    def load(self, *, workers: int) -> LoadedWhisper:
        """The model in memory.

        Args:
            workers: as `LoadedWhisper` takes them.

        Raises:
            ModelCorrupt: it cannot be loaded.
            ModelReplaced: the files may change, and they have.
        """
        self._require_unchanged()
        try:
            loaded = LoadedWhisper(self._directory, workers=workers)
        except Exception as error:  # the libraries below document none of theirs
            self._require_unchanged()  # then it is not their fault
            raise ModelCorrupt(
                f"The Whisper model in {self._directory} cannot be loaded: {error}.",
                hint=None if self._may_change else "Run: sayso models verify",
            ) from error
        if self._may_change:
            self.digest()
        return loaded

    def digest(self) -> str:
        """The SHA-256 of the weights, in hexadecimal.

        Raises:
            ModelReplaced: the files may change, and they have.
        """
        if self.known_digest is None:
            with (self._directory / _WEIGHTS).open("rb") as weights:
                digest = file_digest(weights, "sha256").hexdigest()
            self._require_unchanged()
            self.known_digest = digest
        return self.known_digest

    def _require_unchanged(self) -> None:
        if not self._may_change:
            return
        try:
            is_same = tuple(self._facts()) == self._found
        except OSError:
            is_same = False
        if not is_same:
            raise ModelReplaced(f"The Whisper model in {self._directory} was replaced.", hint="It is opened again.")

    def _facts(self) -> Iterator[_Facts]:
        for name in (*_NEEDED, *_VOCABULARIES):
            path = self._directory / name
            if name in _NEEDED or path.exists():
                facts = path.stat()
                yield _Facts(name, facts.st_ino, facts.st_size, facts.st_mtime_ns)
