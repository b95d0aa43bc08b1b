"""The names of languages."""

from __future__ import annotations

import pytest

from sayso.providers.openai.languages import LANGUAGE_NAMES, code_of_language


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
