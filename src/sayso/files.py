"""Text out of bytes, and files that appear complete or not at all."""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from sayso.errors import NotText, OutputFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def decode_text(data: bytes, name: str) -> str:
    """The characters of UTF-8 bytes, without a byte order mark.

    Raises:
        NotText: naming the first byte that is not UTF-8, or the first NUL.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotText(
            f"{name} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}",
            hint="Convert it, for example with: iconv -f windows-1252 -t utf-8",
        ) from error
    nul = text.find("\0")
    if nul >= 0:
        raise NotText(f"{name} is not text: character {nul} is NUL")
    return text


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes ``path``'s place when the block ends well, and leaves no trace when it does not.

    The bytes go to a hidden file in the same directory, which is renamed at the end; it is open for reading
    too. A link is followed, so that its target is replaced. A device or a pipe (``/dev/stdout``) cannot be
    replaced and is written directly.

    Raises:
        OutputFailed: the file cannot be made, written (any `OSError` that leaves the block) or put in place.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            with path.open("wb") as stream:
                yield stream
        else:
            yield from _renamed_at_the_end(path.resolve())
    except OSError as error:
        raise OutputFailed(f"Cannot write {path}: {error.strerror or error}.") from error


def _renamed_at_the_end(path: Path) -> Iterator[BinaryIO]:
    # Not the target's name with a suffix: that could exceed what the file system allows.
    partial = path.with_name(f".sayso-{secrets.token_hex(6)}.part")
    try:
        with partial.open("x+b") as stream:
            yield stream
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def plain_suffix(name: str) -> str:
    """The suffix of a name that somebody else chose, such as ``.mp3``, where it is safe in any path; else nothing."""
    match = re.search(r"\.[A-Za-z0-9]{1,5}$", name)
    return match.group().lower() if match else ""


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
