"""HTTP headers for the files of a storage."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

_TYPES = {
    "aac": "audio/aac",
    "ass": "text/x-ssa; charset=utf-8",
    "flac": "audio/flac",
    "json": "application/json",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "srt": "application/x-subrip; charset=utf-8",
    "ttml": "application/ttml+xml; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "wav": "audio/wav",
}

_UNKNOWN = "application/octet-stream"


def content_type_of(name: str) -> str:
    """The media type of a file, by the suffix of its name."""
    return _TYPES.get(PurePosixPath(name).suffix.lower().removeprefix("."), _UNKNOWN)


def content_disposition(file_name: str) -> str:
    """The header with which a browser saves the file under this name (RFC 6266); the plain form is for old browsers."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in file_name)
    header = f'attachment; filename="{plain}"'
    return header if plain == file_name else f"{header}; filename*=UTF-8''{quote(file_name, safe='', errors='replace')}"
