"""The varieties of a language."""

from __future__ import annotations

import pytest

from sayso.text import variety_of


@pytest.mark.parametrize(
    ("language", "own", "expected"),
    [
        ("en", "en-us", "en-us"),
        ("EN", "en-gb", "en-gb"),
        ("en-US", "en-us", "en-us"),
        ("en-gb", "en-us", "en-gb"),
        ("pt", "pt-br", "pt-br"),
        ("zh", "cmn", "cmn"),
        ("fr", "en-us", "fr"),
        ("en-us", "en", "en-us"),
    ],
)
def test_a_language_without_a_variety_is_that_of_the_voice(language: str, own: str, expected: str) -> None:
    """A named variety stays, and so does another language."""
    assert variety_of(language, own) == expected
