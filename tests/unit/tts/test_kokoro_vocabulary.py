"""What Kokoro reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.tts.engines.kokoro.vocabulary import MAXIMUM_PHONEMES, SYMBOLS, to_symbols
from sayso.tts.engines.kokoro.voices import STYLE_ROWS
from sayso.tts.phonemes.punctuation import PROSODIC, to_prosody

LANGUAGES = st.sampled_from(["en-us", "en-gb", "en-au", "EN-US", "fr-fr", "es", "hi", "it", "ja", "pt-br", "cmn"])


@given(ipa=st.text(), language=LANGUAGES)
def test_only_the_model_s_symbols_come_out(ipa: str, language: str) -> None:
    """Whatever a phoneme source says, the model is only given phonemes that it knows, and no punctuation."""
    assert set(to_symbols(ipa, language)) <= SYMBOLS.keys() - PROSODIC - {" "}


@given(st.text())
def test_only_the_model_s_marks_come_out(punctuation: str) -> None:
    """Whatever stands around a word, the model is only given marks that it knows."""
    assert set(to_prosody(punctuation)) <= SYMBOLS.keys()


@pytest.mark.parametrize(
    ("ipa", "language", "symbols"),
    [
        ("həlˈo͡ʊ", "en-us", "həlˈO"),
        ("həlˈə͡ʊ", "en-gb", "həlˈQ"),
        ("həlˈo͡ʊ", "EN-US", "həlˈO"),
        ("həlˈo͡ʊ", "en-nz", "həlˈO"),
        ("wˈɜːld", "en-us", "wˈɜɹld"),
        ("wˈɜːld", "en-gb", "wˈɜːld"),
        ("t͡ʃˈɔ͡ɪs", "en-us", "ʧˈYs"),
        ("bˈʌʔn\u0329", "en-us", "bˈʌtᵊn"),
        ("bˈʌtl\u0329", "en-us", "bˈʌtᵊl"),
        ("fˈɑːðɚ", "en-us", "fˈɑðəɹ"),
        ("le-z", "fr-fr", "lez"),
        ("bɔ\u0303ʒˈuʁ", "fr-fr", "bɔ\u0303ʒˈuʁ"),
        ("t͡sˈiː", "it", "ʦˈiː"),
        ("s.ˈi.5", "cmn", "sˈi"),
    ],
)
def test_ipa_is_written_as_the_model_was_taught(ipa: str, language: str, symbols: str) -> None:
    """Each language, and each English, has the notation of its training."""
    assert to_symbols(ipa, language) == symbols


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("...", "…"),
        (".”", ".”"),
        (" – ", "—"),
        (" -", "—"),
        ("--", "—"),
        (",--", ",—"),
        ("-", ""),
        (" »", "”"),
        ("。", "."),
        ("؟", "?"),
        ("[", "("),
        ("*_/#", ""),
        ("?!", "?!"),
    ],
)
def test_punctuation_is_written_in_one_way(written: str, heard: str) -> None:
    """Marks of other scripts and styles pause as their English likes do; decoration is silent."""
    assert to_prosody(written) == heard


def test_symbols_are_distinct_and_the_longest_utterance_has_its_style() -> None:
    """No two symbols share a number, none is the pad's, and there is a style row for every length allowed."""
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    assert min(SYMBOLS.values()) > 0
    assert MAXIMUM_PHONEMES == STYLE_ROWS


@pytest.mark.parametrize(("ipa", "symbols"), [("a͡ɪ", "ˌI"), ("ɐ", "ɐ"), ("ɐn", "ɐn"), ("hˈa͡ɪ", "hˈI")])
def test_small_english_words_are_written_as_the_model_read_them(ipa: str, symbols: str) -> None:
    """“I” has a stress, without which the model swallows it, and the articles have their own vowel."""
    assert to_symbols(ipa, "en-us") == symbols
    assert to_symbols("a͡ɪ", "fr-fr") == "I"
