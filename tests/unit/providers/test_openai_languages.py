"""The names of languages."""

from __future__ import annotations

import pytest

from sayso.providers.openai.languages import LANGUAGE_NAMES, code_of_language, language_tag


@pytest.mark.parametrize("code", LANGUAGE_NAMES)
def test_a_name_leads_back_to_its_code(code: str) -> None:
    """Every language is found by its code, by its name, and with a region."""
    assert code_of_language(code) == code
    assert code_of_language(LANGUAGE_NAMES[code].title()) == code
    assert code_of_language(f"{code}-XX") == code


def test_the_table_is_whispers_own() -> None:
    """The codes are those of the model that runs here."""
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert set(LANGUAGE_NAMES) == set(_LANGUAGE_CODES)


@pytest.mark.parametrize("language", ["tlh", "", "xx-en", "klingon"])
def test_an_unknown_language_is_none(language: str) -> None:
    """No language is taken for another."""
    assert code_of_language(language) is None


@pytest.mark.parametrize(
    ("language", "tag"),
    [
        ("English", "en"),
        (" FRENCH ", "fr"),
        ("haitian creole", "ht"),
        ("Mandarin", "zh"),
        ("Flemish", "nl"),
        ("en-US", "en-US"),
        ("en_US", "en-US"),
        ("fr", "fr"),
        ("klingon", "klingon"),
    ],
)
def test_a_language_is_a_tag_or_a_name(language: str, tag: str) -> None:
    """A tag stays as it is; what is neither stays too, and is refused by those who use it."""
    assert language_tag(language) == tag


def test_further_names_are_whispers_own() -> None:
    """Each name that its command line takes is taken here."""
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    for name in ("burmese", "valencian", "panjabi", "moldovan", "sinhalese", "castilian"):
        assert language_tag(name) in _LANGUAGE_CODES
