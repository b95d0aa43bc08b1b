"""Parse JSON from untrusted senders: the size of its structure is bounded before anything is built.

A document of 20 MB of ``[]`` would become ten million lists. The requests that we expect have a handful of fields, one
of which may be a long text. So the bytes outside of strings are counted as they arrive; a valid request has few of
them. The parser then builds a few thousand values at most, whatever the document's size.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sayso.errors import InvalidInput

MAXIMUM_OUTSIDE_BYTES = 64 * 1024
"""The bound on the bytes outside of strings; the quotes of a string count as outside."""

_MAXIMUM_DEPTH = 32
MAXIMUM_DIGITS = 400
"""The bound on the digits of a number; more than any float has."""

_BYTE_ORDER_MARK = "\ufeff"

_STRING_PART = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


class Outline:
    """Counts the bytes outside of strings in a JSON document that arrives in chunks.

    Attributes:
        outside_bytes: the count so far.
    """

    def __init__(self) -> None:
        self.outside_bytes = 0
        self._in_string = False
        self._escapes_next = False

    def feed(self, chunk: bytes) -> None:
        """Count the next chunk, in time linear in its length.

        Raises:
            InvalidInput: there are more bytes outside of strings than any valid request has.
        """
        place = 0
        while place < len(chunk):
            place = self._inside(chunk, place) if self._in_string else self._outside(chunk, place)

    def _inside(self, chunk: bytes, place: int) -> int:
        if self._escapes_next:
            self._escapes_next = False
            return place + 1
        match = _STRING_PART.match(chunk, place)
        end = match.end() if match else place
        if end == len(chunk):
            return end
        if chunk[end : end + 1] == b"\\":  # the last byte: the character it escapes is in the next chunk
            self._escapes_next = True
            return end + 1
        self._in_string = False
        self._count(1)
        return end + 1

    def _outside(self, chunk: bytes, place: int) -> int:
        quote = chunk.find(b'"', place)
        if quote < 0:
            self._count(len(chunk) - place)
            return len(chunk)
        self._count(quote + 1 - place)
        self._in_string = True
        return quote + 1

    def _count(self, size: int) -> None:
        self.outside_bytes += size
        if self.outside_bytes > MAXIMUM_OUTSIDE_BYTES:
            raise InvalidInput("The JSON has more fields, values or white space than any request needs.")


def read_object(body: bytes | bytearray) -> dict[str, Any]:
    """Parse a body that an `Outline` has accepted as a JSON object.

    Raises:
        InvalidInput: the body is not UTF-8, is malformed, is not an object, is nested too deeply, or holds numbers or
            characters that JSON does not have.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_no_such_number, parse_int=_int, parse_float=_float)
    except UnicodeError:
        raise InvalidInput("The body is not JSON in UTF-8.") from None
    except RecursionError:
        raise InvalidInput("The body is nested too deeply.") from None
    except ValueError as error:
        raise InvalidInput(f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidInput("The body must be a JSON object.")
    _check(value)
    return value


def read_tolerantly(text: str) -> Any:
    """Parse JSON from another program, with the deviations that such programs use.

    A byte order mark is skipped. ``NaN`` and ``Infinity`` are numbers. An integer of more than `MAXIMUM_DIGITS` digits,
    which Python refuses to parse, becomes the string of its digits; the caller decides whether a field may hold one.

    Raises:
        InvalidInput: it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(text.removeprefix(_BYTE_ORDER_MARK), parse_int=_int_or_digits)
    except (ValueError, RecursionError):
        raise InvalidInput("The text is not JSON.") from None


def _int_or_digits(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAXIMUM_DIGITS else digits


def _no_such_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _int(digits: str) -> int:
    if len(digits) > MAXIMUM_DIGITS:
        raise ValueError(f"a number has more than {MAXIMUM_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > MAXIMUM_DIGITS:
        raise ValueError(f"a number has more than {MAXIMUM_DIGITS} digits")
    return float(digits)


def _check(value: Any) -> None:
    """Refuse deep nesting and lone surrogates, which JSON does not have and Python accepts.

    Raises:
        InvalidInput: the value holds one of them.
    """
    level = [value]
    for _ in range(_MAXIMUM_DEPTH):
        children: list[Any] = []
        for parent in level:
            if isinstance(parent, str):
                if not parent.isascii():
                    _encode(parent)
            elif isinstance(parent, dict):
                children += [*parent.keys(), *parent.values()]
            elif isinstance(parent, list):
                children += parent
        level = children
        if not level:
            return
    raise InvalidInput("The body is nested too deeply.")


def _encode(text: str) -> None:
    try:
        text.encode()
    except UnicodeError:
        raise InvalidInput("The body is not JSON in UTF-8.") from None
