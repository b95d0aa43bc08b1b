"""How wide and how long to read a text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import InvalidInput
from sayso.subtitles import STYLES, style_named
from sayso.subtitles.measure import columns, reading_columns, reading_ms


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("Hello, world", 12),
        ("e\u0301te\u0301", 3),
        ("日本語", 6),
        ("한국", 4),
        ("🎉", 2),
        ("a\u200bb", 2),
        ("“é”", 3),
    ],
)
def test_columns(text: str, width: int) -> None:
    """Accents and joiners take no room, wide characters take two columns."""
    assert columns(text) == width


@given(st.text(), st.text())
def test_columns_add_up(one: str, other: str) -> None:
    """The width of a whole is that of its parts, on which the compiler's running sums rely."""
    assert columns(one + other) == columns(one) + columns(other) == reading_columns([one, other])


def test_reading_time_is_rounded_up() -> None:
    """A text is never given less time than its columns need."""
    assert reading_ms(1, STYLES["kids"]) == 59
    assert reading_ms(20, STYLES["netflix"]) == 1000


def test_styles_are_found_by_name() -> None:
    """Each preset is listed under its own name, Netflix's first, for it is the default."""
    assert list(STYLES) == ["netflix", "bbc", "kids", "flashcard", "karaoke"]
    assert all(style_named(name).name == name for name in STYLES)


def test_an_unknown_style_names_the_known_ones() -> None:
    """A misspelt style is answered with what there is."""
    with pytest.raises(InvalidInput, match="netflix, bbc, kids, flashcard, karaoke"):
        style_named("netflicks")
