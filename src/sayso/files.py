"""Decode text, replace files atomically, and create files and locks that other users cannot open."""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import re
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from sayso.errors import NotText, OutputFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import FileLock

_LOCK_MODE = 0o600
_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark is a prefix of this one
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""The byte order marks of encodings other than UTF-8."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private_directory(path: Path, *, group_reads: bool = False, everyone_reads: bool = False) -> None:
    """Make a directory and its missing parents, for their owner only by default, whatever the umask is.

    A directory that exists already keeps its mode: it may have been opened to others on purpose.

    Args:
        path: of the directory.
        group_reads: whether its group may enter and list it, too.
        everyone_reads: whether every user may, such as that of a web server.

    Raises:
        OSError: it cannot be made.
    """
    mode = 0o755 if everyone_reads else 0o750 if group_reads else 0o700
    try:
        path.mkdir(mode)
    except FileNotFoundError:
        make_private_directory(path.parent, group_reads=group_reads, everyone_reads=everyone_reads)
        make_private_directory(path, group_reads=group_reads, everyone_reads=everyone_reads)
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        path.chmod(mode | (path.stat().st_mode & stat.S_ISGID))  # which a directory passes on to those below it


def check_writable(directory: Path) -> None:
    """Make a directory for its owner only, if it is missing, and make sure that this process can write there.

    Raises:
        OSError: it cannot.
    """
    make_private_directory(directory)
    probe = directory / f".sayso-probe-{os.getpid()}"
    probe.touch()
    probe.unlink()


def writable_hint(error: OSError, directory: Path) -> str:
    """What an operator does so that this process can write to a directory; empty where that is unknown."""
    if error.errno == errno.EROFS:
        return "It is read-only here: mount a volume there that can be written."
    if error.errno not in {errno.EACCES, errno.EPERM}:
        return ""
    command = f"chown -R {os.getuid()}:{os.getgid()} {directory}"
    if not os.path.exists(directory):  # noqa: PTH110 -- False also where its parents may not be entered
        command = f"mkdir -p {directory} && {command}"
    return f"Run as root, where the volume is mounted: {command}."


def create_private(path: Path, *, group_reads: bool = False, everyone_reads: bool = False) -> BinaryIO:
    """Make a new file for its owner only by default, whatever the umask is, open for writing and reading.

    Args:
        path: of the file, which must not exist.
        group_reads: whether its group may read it, too.
        everyone_reads: whether every user may.

    Raises:
        OSError: it cannot be made.
    """
    mode = 0o644 if everyone_reads else 0o640 if group_reads else 0o600
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, mode)
    return os.fdopen(descriptor, "w+b")


def private_lock(path: Path, *, poll_seconds: float = 0.05) -> FileLock:
    """A lock between processes, in a file that other users cannot open: a user who can read the file could lock it.

    If an earlier version left the lock file open to others, its mode is corrected.

    Args:
        path: of the lock file.
        poll_seconds: how often to try while another process holds the lock.
    """
    from filelock import FileLock

    with suppress(OSError):  # it does not exist yet, or it belongs to another user
        facts = path.lstat()
        if stat.S_ISREG(facts.st_mode) and facts.st_mode & _OTHERS:
            path.chmod(_LOCK_MODE)
    return FileLock(path, mode=_LOCK_MODE, poll_interval=poll_seconds)


def decode_text(data: bytes, name: str) -> str:
    """Decode UTF-8 bytes, without a byte order mark.

    Raises:
        NotText: the message names the first byte that is not UTF-8, the first NUL, or the other encoding whose byte
            order mark the bytes begin with.
    """
    for mark, encoding in _OTHER_MARKS.items():
        if data.startswith(mark):
            raise NotText(
                f"{name} is not UTF-8 but {encoding}",
                hint=f"Convert it, for example with: iconv -f {encoding} -t utf-8",
            )
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


def decode_prose(data: bytes, name: str) -> str:
    """Decode a text that is to be read aloud.

    Raises:
        NotText: as for `decode_text`; or the text is a web page, whose tags would be read aloud, or another format.
    """
    for beginning, kind in _OTHER_FORMATS.items():
        if data.startswith(beginning):
            raise NotText(f"{name} is {kind}, not a text to read aloud", hint=PROSE_HINT)
    text = decode_text(data, name)
    if _NO_PROSE.match(text, 0, _SNIFFED_CHARACTERS):
        raise NotText(f"{name} is {_kind_of(text)}, not a text to read aloud", hint=PROSE_HINT)
    return text


PROSE_HINT = "Plain text or Markdown, in UTF-8, is taken."

_OTHER_FORMATS = {
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive, as .docx, .odt and .epub are",
    b"\xd0\xcf\x11\xe0": "a document of an old office suite",
    b"{\\rtf": "an RTF document",
}
"""The first bytes of files that are often named as texts."""

_SNIFFED_CHARACTERS = 64 * 1024
"""How many characters of a text are examined for its format."""

_NO_PROSE = re.compile(
    r"(?:\s++|<\?xml[^>]*+>|<!--(?:[^-]|-(?!->))*+-->)*+"
    r"(?:<(?:!doctype\s++(?:html|svg)|html|head|body|title|rss|feed|svg)\b|%pdf-|\{\\rtf)",
    re.IGNORECASE,
)
"""The beginnings of HTML and XML documents; a Markdown text may begin with another tag."""


def _kind_of(text: str) -> str:
    beginning = text.lstrip()[:1]
    return {"%": "a PDF document", "{": "an RTF document"}.get(beginning, "a web page (HTML) or XML")


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a file that replaces ``path`` when the block succeeds, and is removed when it fails.

    The bytes go to a hidden file in the same directory, which is renamed at the end. It is open for reading, too.
    A symbolic link is followed: its target is replaced. A device or a pipe (``/dev/stdout``) cannot be
    replaced and is written directly.

    Args:
        path: of the file.
        private: whether only its owner may open the file; otherwise the umask decides.

    Raises:
        OutputFailed: the file cannot be made, written (any `OSError` that leaves the block) or put in place.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            with path.open("wb") as stream:
                yield stream
        else:
            yield from _renamed_at_the_end(path.resolve(), private=private)
    except OSError as error:
        raise OutputFailed(f"Cannot write {path}: {error.strerror or error}.") from error


def _renamed_at_the_end(path: Path, *, private: bool) -> Iterator[BinaryIO]:
    # Not the target's name with a suffix: that could exceed what the file system allows.
    partial = path.with_name(f".sayso-{secrets.token_hex(6)}.part")
    try:
        with create_private(partial) if private else partial.open("x+b") as stream:
            yield stream
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def plain_suffix(name: str) -> str:
    """The suffix of a name from outside, such as ``.mp3``, if it is safe in any path; otherwise an empty string."""
    match = re.search(r"\.[A-Za-z0-9]{1,5}$", name)
    return match.group().lower() if match else ""


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
