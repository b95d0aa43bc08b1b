"""What every source of phonemes promises, asked of espeak-ng, of all sources together, and of the fake."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import UnsupportedLanguage
from sayso.testing import FakeG2P
from sayso.tts.phonemes.espeak import espeak
from sayso.tts.phonemes.languages import phonemes

if TYPE_CHECKING:
    from sayso.tts.base import G2P

SOURCES = pytest.mark.parametrize("g2p", [FakeG2P(), espeak(), phonemes()], ids=["fake", "espeak", "all"])
WORDS = st.lists(st.text(min_size=1).filter(lambda word: not any(map(str.isspace, word))), max_size=8)


@SOURCES
@given(words=WORDS, language=st.sampled_from(["en-us", "en-gb", "fr-fr"]))
def test_every_word_has_one_pronunciation(g2p: G2P, words: list[str], language: str) -> None:
    """Whatever the words are, there is one string for each, without white space."""
    pronounced = g2p.pronounce(words, language)

    assert len(pronounced) == len(words)
    assert not any(character.isspace() for word in pronounced for character in word)


@SOURCES
def test_the_same_words_sound_the_same(g2p: G2P) -> None:
    """Neither earlier phrases nor other threads change a pronunciation."""
    words = ["the", "lamp", "was", "out"]
    expected = g2p.pronounce(words, "en-us")

    with ThreadPoolExecutor(4) as pool:
        others = pool.map(lambda language: g2p.pronounce(["autre", "chose"], language), ["fr-fr", "en-us"] * 50)
        again = list(pool.map(lambda _: g2p.pronounce(words, "en-us"), range(50)))
        list(others)

    assert again == [expected] * 50
    assert all(expected)


@SOURCES
def test_a_language_that_is_not_there_is_refused(g2p: G2P) -> None:
    """No language is pronounced as if it were another."""
    with pytest.raises(UnsupportedLanguage):
        g2p.pronounce(["hello"], "xx")


@SOURCES
def test_the_source_has_a_fingerprint(g2p: G2P) -> None:
    """Caches can tell one source from another."""
    assert g2p.fingerprint
