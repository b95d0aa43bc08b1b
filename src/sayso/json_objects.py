"""JSON from strangers: what surrounds its texts is bounded, and nothing is built of it before that is known.

A document of 20 MB of ``[]`` becomes ten million lists. What we are sent is a handful of fields, of which one may be a
long text: so it is the bytes outside of strings that are counted, as they arrive, and they are few in everything that
is meant. What is left to parse then holds a few thousand values, whatever its size.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sayso.errors import InvalidInput

MAXIMUM_OUTSIDE_BYTES = 64 * 1024
"""How many bytes may be outside of strings, their quotes counted as outside."""

_MAXIMUM_DEPTH = 32
MAXIMUM_DIGITS = 400
"""Of a number: more than any float has."""

_BYTE_ORDER_MARK = "\ufeff"

_STRING_PART = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


class Outline:
    """Counts what is outside of the strings of a JSON document that arrives in chunks.

    Attributes:
        outside_bytes: how much that is so far.
    """

    def __init__(self) -> None:
        self.outside_bytes = 0
        self._in_string = False
        self._escapes_next = False

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk; the time it takes grows with its length alone.

        Raises:
            InvalidInput: there is more outside of strings than any request needs.
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
        if chunk[end : end + 1] == b"\\":  # the last byte: what it escapes comes with the next chunk
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
    """The JSON object in a body that an `Outline` has passed.

    Raises:
        InvalidInput: it is none: not UTF-8, malformed, something else, nested too deeply, with numbers or characters
            that JSON does not have.
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
    """The JSON value in a text that another program wrote, as Python reads it, with what such programs add to it.

    A byte order mark before it is skipped, ``NaN`` and ``Infinity`` are numbers, and an integer of more than
    `MAXIMUM_DIGITS` digits, which Python refuses to read, is the string of its digits: whether a field may hold one is
    for its reader to say.

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
    """Refuse what is nested too deeply, and half a surrogate pair, which is a character to Python alone.

    Raises:
        InvalidInput: it holds one of them.
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
