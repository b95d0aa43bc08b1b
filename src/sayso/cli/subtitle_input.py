"""Subtitle files on the command line: reading them in their encoding, and saying where their names are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from sayso.errors import InvalidInput, NotSubtitles
from sayso.subtitles import Remark, decode_subtitles

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.subtitles import FileFormat

MAXIMUM_BYTES = 16 * 1024 * 1024

EncodingOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="The encoding of the file, such as windows-1252 or gb2312; UTF-8 by default, or what its first bytes say.",
    ),
]

_NAMES = {"srt": "SubRip", "vtt": "WebVTT", "ttml": "TTML"}
_SUFFIXES = {".srt": "srt", ".vtt": "vtt", ".ttml": "ttml", ".dfxp": "ttml", ".itt": "ttml", ".imsc": "ttml"}


def read_content(path: Path, *, encoding: str | None) -> str:
    """The content of a subtitle file.

    Raises:
        InvalidInput: it cannot be read, or there is no such encoding.
        NotSubtitles: it is too large.
        NotText: it is not in the encoding.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"Cannot read {path}: {error.strerror}") from error
    if len(data) > MAXIMUM_BYTES:
        raise NotSubtitles(f"{path} is larger than {MAXIMUM_BYTES // 2**20} MiB: it is no subtitle file.")
    return decode_subtitles(data, str(path), encoding=encoding)


def misnamed(path: Path, file_format: FileFormat) -> tuple[Remark, ...]:
    """A remark if the suffix of a file's name is that of another format: players go by it, or refuse the file."""
    expected = _SUFFIXES.get(path.suffix.lower(), file_format)
    if expected == file_format:
        return ()
    message = f"{path.name} holds {_NAMES[file_format]}, and its name says {_NAMES[expected]}"
    return (Remark(line=1, message=message),)
