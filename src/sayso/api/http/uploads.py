"""Read a request's body with a limit that applies while it is read.

A file goes to a temporary file as it arrives; everything else is small and stays in memory. The client's name for its
file appears in messages and in requests to other services, and is never part of a path.
"""

from __future__ import annotations

import re
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from sayso.api.http.form_reader import MAXIMUM_FIELD_BYTES, FormReader
from sayso.errors import Cancelled, InvalidInput, SaysoError, TooLarge
from sayso.json_objects import Outline, read_object

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from starlette.requests import Request

    from sayso.api.http.form_reader import Upload

_MAXIMUM_OVERHEAD_BYTES = 1024 * 1024
"""How much larger than its file a body may be, for boundaries, headers and all text fields."""

_WRITTEN_AT_ONCE_BYTES = 1024 * 1024
"""The size of a write: the loop collects this much, and a thread writes it, so that the loop never waits for a disk."""

_PARSED_ON_THE_LOOP_BYTES = 256 * 1024
"""A larger JSON body is parsed by a thread."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_LONGEST_NAME_CHARACTERS = 80

_SILENCE_SECONDS = 60
"""A client that sends nothing for so long in the middle of a body counts as disconnected, as mobile clients may be."""


class Form:
    """A parsed form; its file is deleted when it is closed, or garbage collected.

    Attributes:
        fields: the values of each text field, in the order in which they came. ``name[]`` is the same as ``name``.
        file: the file, if one was sent.
    """

    def __init__(self, fields: Mapping[str, tuple[str, ...]], file: Upload | None) -> None:
        self.fields = fields
        self.file = file
        self._delete = weakref.finalize(self, _unlink, None if file is None else file.path)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field; empty if it was not sent."""
        return self.fields.get(name, ())

    def one(self, name: str) -> str | None:
        """The value of a field that may be sent once; None if it was not sent, or is empty.

        Raises:
            InvalidInput: it was sent more than once.
        """
        values = self.all(name)
        if len(values) > 1:
            raise InvalidInput(f"The field {name!r} was sent {len(values)} times; it takes one value.")
        return values[0] or None if values else None

    def close(self) -> None:
        """Delete the file; a second call does nothing."""
        self._delete()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def errors_named(path: Path, name: str) -> Iterator[None]:
    """Errors in the block name the file as its owner does, not by its temporary path.

    Args:
        path: of the temporary file.
        name: the owner's name for it; without one, it is "The file".
    """
    try:
        yield
    except SaysoError as error:
        plain = _UNPRINTABLE.sub("", name).strip()[:_LONGEST_NAME_CHARACTERS] or "The file"
        for known in (str(path), path.name):
            error.message = error.message.replace(known, plain)
        raise


async def read_form(
    request: Request,
    *,
    maximum_bytes: int,
    file_field: str | None = None,
    maximum_field_bytes: int = MAXIMUM_FIELD_BYTES,
    text_fields: Collection[str] = (),
    silence_seconds: float = _SILENCE_SECONDS,
) -> Form:
    """Read a ``multipart/form-data`` body with at most one file.

    Args:
        request: whose body has not been read.
        maximum_bytes: the size of the largest file that is accepted.
        file_field: the field that is a file even if the client does not name the file; None for no such field.
        maximum_field_bytes: the length of the longest text field that is accepted; all together, and what a form has
            besides, are at most a MiB.
        text_fields: the fields that are text even if the client sends them as files.
        silence_seconds: for how long the client may send nothing.

    Raises:
        TooLarge: the file is larger; raised before anything is read if the request declares it, otherwise as soon as
            the limit is exceeded.
        InvalidInput: it is not a form, is malformed or truncated, holds several files, or has more or longer fields
            than any valid request.
        Cancelled: the client disconnected.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise InvalidInput("The body must be multipart/form-data, with its boundary in the Content-Type header.")
    with FormReader(
        maximum_bytes, file_field=file_field, maximum_field_bytes=maximum_field_bytes, text_fields=text_fields
    ) as reader:
        chunks = _bounded(request, maximum_bytes, _MAXIMUM_OVERHEAD_BYTES, silence_seconds=silence_seconds)
        await _feed(reader, options[b"boundary"], chunks)
        return Form(reader.fields(), reader.keep_file())


async def _feed(reader: FormReader, boundary: bytes, chunks: AsyncIterator[bytes]) -> None:
    """Pass the chunks of a body to a parser, whose events the reader handles."""
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
            if len(reader.pending) >= _WRITTEN_AT_ONCE_BYTES:
                await anyio.to_thread.run_sync(reader.flush)
        parser.finalize()
    except FormParserError:
        raise InvalidInput("The multipart body is malformed.") from None
    if not reader.complete:
        raise InvalidInput("The multipart body is cut off: its last boundary is missing.")
    await anyio.to_thread.run_sync(reader.flush)


async def read_json(request: Request, *, maximum_bytes: int) -> dict[str, Any]:
    """Read a body that is a JSON object.

    Raises:
        TooLarge: it is larger than ``maximum_bytes``.
        InvalidInput: its content type is not JSON, or `sayso.json_objects` refuses it; a body with too many values is
            refused as soon as they have arrived.
        Cancelled: the client disconnected.
    """
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind != b"application/json":
        raise InvalidInput("The body must be JSON, with the Content-Type application/json.")
    body, outline = bytearray(), Outline()
    async for chunk in _bounded(request, maximum_bytes):
        outline.feed(chunk)
        body += chunk
    if len(body) <= _PARSED_ON_THE_LOOP_BYTES:
        return read_object(body)
    return await anyio.to_thread.run_sync(read_object, body)


async def _bounded(
    request: Request, maximum_bytes: int, overhead_bytes: int = 0, *, silence_seconds: float = _SILENCE_SECONDS
) -> AsyncIterator[bytes]:
    """The chunks of a body, up to a limit for its content and one for its overhead."""
    too_large = TooLarge(f"The body is larger than the {maximum_bytes} bytes that are accepted.")
    maximum_bytes += overhead_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > maximum_bytes:
        raise too_large
    read_bytes = 0
    try:
        stream = aiter(request.stream())
        while True:
            with anyio.fail_after(silence_seconds):
                chunk = await anext(stream, None)
            if chunk is None:
                return
            read_bytes += len(chunk)
            if read_bytes > maximum_bytes:
                raise too_large
            yield chunk
    except ClientDisconnect:
        raise Cancelled("The client went away.") from None
    except TimeoutError:
        raise Cancelled(f"The client sent nothing for {silence_seconds:g} seconds.") from None


def _unlink(path: Path | None) -> None:
    if path is not None:
        path.unlink(missing_ok=True)
