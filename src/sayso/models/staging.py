"""Check downloaded bytes against the catalogue before they become files of a model."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from sayso.errors import OutputFailed
from sayso.models.files import ONE_MIB, publish, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from sayso.models.model_types import File, Part

_WORK_PREFIX = "work-"
_ARRIVING_SUFFIX = ".arriving"


class DownloadStaging:
    """Receives what the sources deliver for one model, checks it, and moves complete files to their final paths.

    Content is recognised by its checksum, never by the name it was delivered under, so no name from outside becomes a
    path. Incomplete parts and transfers stay in ``.partial`` beside the files, where an interrupted pull resumes. Only
    one staging directory may be open for a model at a time; the store's lock ensures that.
    """

    def __init__(self, home: Path, missing: Sequence[File], on_bytes: Callable[[int, int], None]) -> None:
        """Open the staging directory, and resume what was interrupted.

        Args:
            home: the model's directory.
            missing: the files to be received.
            on_bytes: called with the number of bytes of ``missing`` that are received or in transfer, and the total.

        Raises:
            OutputFailed: the directory cannot be written.
        """
        self.home = home
        self.directory = home / ".partial"
        self.size_bytes = sum(file.size_bytes for file in missing)
        self._missing = list(missing)
        self._kept: set[str] = set()
        self._on_bytes = on_bytes
        with writing_to(self.directory):
            self._resume()
        self.arriving(0)

    @property
    def missing(self) -> tuple[File, ...]:
        """The files that are not at their final paths yet."""
        return tuple(self._missing)

    @property
    def wanted(self) -> tuple[File | Part, ...]:
        """Everything that a source may deliver now: missing files and missing parts of them."""
        parts = (part for file in self._missing for part in file.parts if part.sha256 not in self._kept)
        return (*self._missing, *parts)

    @property
    def bytes_wanted(self) -> int:
        """How many bytes have yet to be received."""
        kept = (part for file in self._missing for part in file.parts if part.sha256 in self._kept)
        return sum(file.size_bytes for file in self._missing) - sum(part.size_bytes for part in kept)

    def wants_size(self, size_bytes: int) -> bool:
        """Whether any wanted file or part has this size."""
        return any(blob.size_bytes == size_bytes for blob in self.wanted)

    def arriving(self, size_bytes: int) -> None:
        """Report so many bytes that are in transfer and not checked yet."""
        here = self.size_bytes - self.bytes_wanted
        self._on_bytes(min(here + size_bytes, self.size_bytes), self.size_bytes)

    def work_directory(self, name: str, *, resumable: bool = False) -> Path:
        """An empty directory for a source's own use; a resumable one keeps its content when a pull is interrupted."""
        directory = self.directory / (name if resumable else f"{_WORK_PREFIX}{name}")
        with writing_to(directory):
            if not resumable:
                shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(exist_ok=True)
        return directory

    def offer(self, stream: BinaryIO, size_bytes: int) -> bool:
        """Store the content of a stream if it is wanted.

        Args:
            stream: the content; at most one byte more than ``size_bytes`` is read.
            size_bytes: the declared size.

        Returns:
            Whether it was wanted.

        Raises:
            OutputFailed: the content cannot be written. Exceptions of the stream itself are passed on.
        """
        if not self.wants_size(size_bytes):
            return False
        incoming = self.directory / f"offered{_ARRIVING_SUFFIX}"
        self._write(incoming, _pieces(stream, size_bytes + 1), start=0)
        return self.adopt(incoming)

    def arrived(self, file: File) -> int:
        """How many bytes of a file an interrupted transfer has left, from where `receive` can continue."""
        path = self._transfer_path(file)
        return path.stat().st_size if path.exists() else 0

    def receive(self, file: File, pieces: Iterable[bytes], *, start: int = 0) -> bool:
        """Store a file from a resumable transfer.

        Args:
            file: the file that is being transferred.
            pieces: its content from ``start`` on.
            start: 0, or the result of `arrived`.

        Returns:
            Whether the complete file matches the catalogue.

        Raises:
            OutputFailed: the content cannot be written. Exceptions of ``pieces`` itself are passed on.
        """
        path = self._transfer_path(file)
        self._write(path, pieces, start=start)
        return self.adopt(path)

    def adopt(self, path: Path) -> bool:
        """Move a file below `directory` to its final path if its content is wanted; otherwise delete it.

        Returns:
            Whether it was wanted.

        Raises:
            OutputFailed: the file system refuses.
        """
        with writing_to(self.home):
            size_bytes = path.stat().st_size
            digest = sha256_of(path) if self.wants_size(size_bytes) else None
            blob = next((blob for blob in self.wanted if blob.sha256 == digest), None)
            if blob is None:
                path.unlink()
                return False
            if blob in self._missing:
                self._put_in_place(blob, path)
            else:
                publish(path, self.directory / blob.sha256)
                self._kept.add(blob.sha256)
                self._join_parts()
        self.arriving(0)
        return True

    def close(self) -> None:
        """Remove what is not needed any more: everything once no file is missing, otherwise what cannot be resumed."""
        with writing_to(self.directory):
            for path in self.directory.iterdir():
                if not self._missing or path.name.startswith(_WORK_PREFIX):
                    _remove(path)
            for directory in (self.directory, self.home):
                if directory.is_dir() and not any(directory.iterdir()):
                    directory.rmdir()

    def _resume(self) -> None:
        """Keep valid parts and incomplete transfers of wanted files; remove everything else except resumable work."""
        self.directory.mkdir(parents=True, exist_ok=True)
        wanted = {blob.sha256 for blob in self.wanted}
        for path in self.directory.iterdir():
            content = path.name.removesuffix(_ARRIVING_SUFFIX)
            if path.is_dir():
                if path.name.startswith(_WORK_PREFIX):
                    _remove(path)
            elif content not in wanted:
                _remove(path)
            elif content == path.name and sha256_of(path) == path.name:
                self._kept.add(path.name)
            elif content == path.name:
                _remove(path)
        self._join_parts()

    def _join_parts(self) -> None:
        """Join the parts of each file whose parts are all here."""
        for file in self.missing:
            if not file.parts or any(part.sha256 not in self._kept for part in file.parts):
                continue
            joined = self.directory / f"joined{_ARRIVING_SUFFIX}"
            with joined.open("wb") as out:
                for part in file.parts:
                    with (self.directory / part.sha256).open("rb") as stream:
                        shutil.copyfileobj(stream, out, ONE_MIB)
            self._put_in_place(file, joined)

    def _put_in_place(self, file: File, path: Path) -> None:
        publish(path, self.home / file.path)
        self._missing.remove(file)
        for part in file.parts:
            (self.directory / part.sha256).unlink(missing_ok=True)

    def _transfer_path(self, file: File) -> Path:
        return self.directory / f"{file.sha256}{_ARRIVING_SUFFIX}"

    def _write(self, path: Path, pieces: Iterable[bytes], *, start: int) -> None:
        """Write pieces from ``start`` on; keeps errors of the pieces apart from errors of the disk."""
        with writing_to(path):
            out = path.open("r+b" if start else "wb")
        arrived = start
        try:
            with writing_to(path):
                out.seek(start)
            for piece in pieces:
                with writing_to(path):
                    out.write(piece)
                arrived += len(piece)
                self.arriving(arrived)
        finally:
            with writing_to(path):
                out.close()


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn an error of the file system into `OutputFailed`, which names the path."""
    try:
        yield
    except OSError as error:
        raise OutputFailed(
            f"Cannot write {path}: {error.strerror or error}.",
            hint="Free some space, or set MODELS_BASE_PATH to a directory that can be written.",
        ) from error


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _pieces(stream: BinaryIO, limit_bytes: int) -> Iterator[bytes]:
    """The content of a stream in pieces, at most ``limit_bytes`` of it."""
    while limit_bytes > 0 and (piece := stream.read(min(ONE_MIB, limit_bytes))):
        limit_bytes -= len(piece)
        yield piece
