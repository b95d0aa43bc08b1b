"""Handle the events of a multipart parser: text fields go to memory, a file goes to the disk."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self
from urllib.parse import unquote_to_bytes

from python_multipart.multipart import parse_options_header

from sayso.errors import InvalidInput, TooLarge
from sayso.files import plain_suffix

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import TracebackType

    from python_multipart.multipart import MultipartCallbacks

_MAXIMUM_FIELDS = 64
MAXIMUM_FIELD_BYTES = 64 * 1024
"""The longest text field of most forms."""

_EXTENDED_NAME = re.compile(
    rb";\s*filename\*\s*=\s*\"?(?P<charset>[a-z0-9_-]*)'[a-z0-9-]*'(?P<quoted>[^;\"]*)\"?\s*(?:;|$)", re.IGNORECASE
)
_EXTENDED_PARAMETER = re.compile(rb";\s*filename\*\s*=", re.IGNORECASE)
_MEDIA = (b"audio/", b"video/", b"application/octet-stream", b"application/ogg")
"""The content types of parts that are files, even without a file's name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """An uploaded file.

    Attributes:
        field: the form's field; empty for a file that was sent without one.
        path: of the temporary file, while its form is open; the suffix is the client's if that is safe.
        size_bytes: its size.
        name: the client's name for it; never to be used as a path.
    """

    field: str
    path: Path
    size_bytes: int
    name: str


@dataclass(slots=True)
class _Part:
    """The part that is being read.

    Attributes:
        headers: of the part, names in lower case.
        name: of the field.
        is_file: whether it is a file.
        content: of a text field.
    """

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    is_file: bool = False
    content: bytearray = field(default_factory=bytearray)


class FormReader:
    """Collects the parser's events; belongs to one request, and is used by one thread at a time.

    At the end of its block the file is closed, and deleted unless the caller keeps it.

    Args:
        maximum_bytes: the size of the largest file that is accepted.
        file_field: the field that is a file even if the client does not name the file; None for no such field.
        maximum_field_bytes: the length of the longest text field that is accepted.
        text_fields: the fields that are text even if the client sends them as files.

    Attributes:
        maximum_bytes: the size of the largest file that is accepted.
        pending: the bytes that have yet to be written to the file.
        complete: whether the last boundary has arrived.
    """

    def __init__(
        self,
        maximum_bytes: int,
        *,
        file_field: str | None = None,
        maximum_field_bytes: int = MAXIMUM_FIELD_BYTES,
        text_fields: Collection[str] = (),
    ) -> None:
        self.pending = bytearray()
        self.complete = False
        self.maximum_bytes = maximum_bytes
        self._file_in = file_field
        self._maximum_field_bytes = maximum_field_bytes
        self._text_in = text_fields
        self._part = _Part()
        self._header = bytearray()
        self._value = bytearray()
        self._fields: dict[str, list[str]] = {}
        self._field_count = 0
        self._file: BinaryIO | None = None
        self._file_name = ""
        self._file_field = ""
        self._file_bytes = 0
        self._path: Path | None = None

    def callbacks(self) -> MultipartCallbacks:
        """The parser's callbacks."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def flush(self) -> None:
        """Write the pending bytes."""
        if self._file is not None:
            self._file.write(self.pending)
            self._file.flush()
        self.pending.clear()

    def fields(self) -> Mapping[str, tuple[str, ...]]:
        """The values of the text fields."""
        return {name: tuple(values) for name, values in self._fields.items()}

    def keep_file(self) -> Upload | None:
        """The file, which belongs to the caller from now on; None if none was sent."""
        if self._path is None:
            return None
        path, self._path = self._path, None
        return Upload(field=self._file_field, path=path, size_bytes=self._file_bytes, name=self._file_name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._part = _Part()

    def _end_header(self) -> None:
        self._part.headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end_headers(self) -> None:
        disposition = self._part.headers.get(b"content-disposition")
        _, options = parse_options_header(disposition)
        file_name = _file_name(disposition or b"", options)
        name = options.get(b"name")
        if name is None and file_name is None:
            raise InvalidInput("A part of the form has no name.")
        self._part.name = _text(name or b"").removesuffix("[]")
        if file_name is None and (self._part.name == self._file_in or _holds_media(self._part.headers)):
            file_name = ""
        if self._part.name in self._text_in:
            file_name = None
        self._part.is_file = file_name is not None
        if file_name is not None:
            self._open(file_name)
            return
        self._field_count += 1
        if self._field_count > _MAXIMUM_FIELDS:
            raise InvalidInput(f"The form has more than {_MAXIMUM_FIELDS} fields.")

    def _open(self, name: str) -> None:
        if self._path is not None:
            raise InvalidInput("The form holds several files; send one.")
        handle, path = tempfile.mkstemp(prefix="sayso-upload-", suffix=plain_suffix(name))
        self._path = Path(path)
        self._file = os.fdopen(handle, "wb")
        self._file_name = name
        self._file_field = self._part.name

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._part.is_file:
            self._file_bytes += end - start
            if self._file_bytes > self.maximum_bytes:
                raise TooLarge(f"The file is larger than {self.maximum_bytes} bytes.")
            self.pending += data[start:end]
            return
        self._part.content += data[start:end]
        if len(self._part.content) > self._maximum_field_bytes:
            raise InvalidInput(f"The field {self._part.name!r} is longer than {self._maximum_field_bytes} bytes.")

    def _end_part(self) -> None:
        if not self._part.is_file:
            try:
                value = self._part.content.decode()
            except UnicodeDecodeError:
                raise InvalidInput(f"The field {self._part.name!r} is not UTF-8.") from None
            self._fields.setdefault(self._part.name, []).append(value)

    def _end(self) -> None:
        self.complete = True


def _file_name(disposition: bytes, options: Mapping[bytes, bytes]) -> str | None:
    """The client's name for its file; None for a part that does not name one.

    Some clients send a non-ASCII name as ``filename*`` of RFC 5987, with or without a ``filename`` beside it. One that
    cannot be read still says that the part is a file.
    """
    extended = _EXTENDED_NAME.search(disposition)
    if extended is not None and extended["charset"].lower() == b"utf-8":
        return unquote_to_bytes(extended["quoted"].rstrip()).decode("utf-8", "replace")
    name = options.get(b"filename")
    if name is not None:
        return _text(name)
    if extended is not None:
        return _decoded(unquote_to_bytes(extended["quoted"].rstrip()), extended["charset"].decode("ascii"))
    return "" if _EXTENDED_PARAMETER.search(disposition) else None


def _decoded(name: bytes, charset: str) -> str:
    """A file's name in the character set that the client names; as UTF-8 if there is no such one."""
    try:
        return name.decode(charset, "replace")
    except (LookupError, ValueError):
        return _text(name)


def _holds_media(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a part without a file's name holds a recording, by its content type."""
    return headers.get(b"content-type", b"").strip().lower().startswith(_MEDIA)


def _text(data: bytes) -> str:
    """A name in a header, decoded as UTF-8 if possible, as clients send it."""
    return data.decode("utf-8", "replace")
