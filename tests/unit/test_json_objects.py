"""JSON from strangers is bounded before anything is built of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import InvalidInput
from sayso.json_objects import MAXIMUM_OUTSIDE_BYTES, Outline, read_object, read_tolerantly

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(), children, max_size=5),
    max_leaves=20,
)


def outside_bytes(data: bytes, chunk_bytes: int) -> int:
    """How much an outline counts outside of strings."""
    outline = Outline()
    for start in range(0, len(data), chunk_bytes):
        outline.feed(data[start : start + chunk_bytes])
    return outline.outside_bytes


@given(VALUES, st.integers(1, 40), st.booleans())
def test_what_is_outside_of_strings_is_counted(value: Any, chunk_bytes: int, ascii_only: bool) -> None:
    """Wherever the chunks end, it is the length of the document without the content of its strings."""
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    inside = sum(len(string) - 2 for string in strings(data))
    assert outside_bytes(data, chunk_bytes) == len(data) - inside


def strings(data: bytes) -> list[bytes]:
    """The strings of a document, in their quotes, as they are written."""
    found, start, place = [], None, 0
    while place < len(data):
        byte = data[place : place + 1]
        if start is not None and byte == b"\\":
            place += 1
        elif byte == b'"':
            if start is None:
                start = place
            else:
                found.append(data[start : place + 1])
                start = None
        place += 1
    return found


@pytest.mark.parametrize(
    "unit", [b"[]", b"[],", b"{}", b'"",', b'{"a":', b"[", b" ", b"1", b"-1e9,", b"null,", b'"\\"",'], ids=repr
)
def test_a_flood_is_refused_while_it_arrives(unit: bytes) -> None:
    """Lists, objects, numbers, strings or white space without end are refused after a few chunks of them."""
    with pytest.raises(InvalidInput):
        outside_bytes(unit * (4 * MAXIMUM_OUTSIDE_BYTES // len(unit)), 4096)


def test_a_long_text_is_no_flood() -> None:
    """Brackets, quotes and escapes inside a string count for nothing."""
    body = json.dumps({"input": '[] {} "quoted" \\ ' * 100_000}).encode()
    assert outside_bytes(body, 65_536) < 20
    assert read_object(body)["input"].startswith("[] {}")


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "0." + "1" * 5000, "1e" + "9" * 5000])
def test_a_number_of_many_digits_is_the_callers_mistake(number: str) -> None:
    """It is said so in plain words, without advice about Python."""
    with pytest.raises(InvalidInput, match="more than 400 digits") as refused:
        read_object(b'{"a": ' + number.encode() + b"}")
    assert "sys." not in refused.value.message


@given(VALUES)
def test_a_value_of_another_program_is_read_as_it_was_written(value: Any) -> None:
    """With a byte order mark or without."""
    assert read_tolerantly(json.dumps(value)) == read_tolerantly("\ufeff" + json.dumps(value)) == value


def test_a_number_that_python_refuses_is_read_as_its_digits() -> None:
    """Whether a field may hold it is for the field's reader to say."""
    assert read_tolerantly(f'{{"a": {"9" * 5000}, "b": 7}}') == {"a": "9" * 5000, "b": 7}


@pytest.mark.parametrize("text", ["", "hello", "{", "[" * 100_000])
def test_a_text_that_is_no_json_is_refused(text: str) -> None:
    """Also one that is nested deeper than Python reads."""
    with pytest.raises(InvalidInput, match="not JSON"):
        read_tolerantly(text)
