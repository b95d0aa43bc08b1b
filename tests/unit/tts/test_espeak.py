"""Phonemes from the real espeak-ng."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sayso.errors import UnsupportedLanguage
from sayso.tts.phonemes.espeak import espeak
from sayso.tts.phonemes.ipa import TIE


@pytest.mark.parametrize(
    ("words", "language", "expected"),
    [
        (["Hello", "world"], "en-us", ["həlˈo͡ʊ", "wˈɜːld"]),
        (["Hello", "world"], "en-gb", ["həlˈə͡ʊ", "wˈɜːld"]),
        (["the", "end", "of", "the", "day"], "en-us", ["ðɪ", "ˈɛnd", "ʌv", "ðə", "dˈe͡ɪ"]),
        (["les", "amis"], "fr-fr", ["le-z", "amˈi"]),
        (["takk"], "no", ["tˈɑkː"]),
    ],
)
def test_words_are_pronounced_as_in_their_phrase(words: list[str], language: str, expected: list[str]) -> None:
    """Weak forms, words run together and French liaison are shared out to the right words."""
    assert espeak().pronounce(words, language) == expected


def test_pieces_that_happen_to_be_as_many_as_the_words_are_not_mistaken_for_them() -> None:
    """One word taken apart and two run together make the right count of the wrong pieces."""
    mp3, of, the, band = espeak().pronounce(["mp3", "of", "the", "band"], "en-us")

    assert mp3.endswith("θɹˈiː")
    assert (of, the) == ("ʌv", "ðə")
    assert band.startswith("bˈæ")


def test_a_capital_letter_alone_is_spelled() -> None:
    """A letter on its own is its name, not the word that it may also be."""
    assert [espeak().pronounce([letter], "en-us") for letter in "ABI"] == [["ˈe͡ɪ"], ["bˈiː"], ["ˈa͡ɪ"]]


def test_no_language_flag_is_left_among_the_phonemes() -> None:
    """A word that espeak-ng takes for foreign is pronounced without the flags around it."""
    assert espeak().pronounce(["le", "parking"], "fr-fr") == ["lə-", "pˈɑːkɪŋ"]


@pytest.mark.parametrize("word", ["—", "\N{ZERO WIDTH SPACE}", "\x01"])
def test_a_word_without_sound_is_empty(word: str) -> None:
    """What cannot be pronounced takes nothing from its neighbours."""
    before, silent, after = espeak().pronounce(["good", word, "day"], "en-us")

    assert (before, silent, after) == ("ɡˈʊd", "", "dˈe͡ɪ")


def test_a_nul_byte_cuts_nothing_off() -> None:
    """C ends a text at a NUL; ours goes on."""
    assert espeak().pronounce(["good", "d\0ay", "sir"], "en-us") == espeak().pronounce(["good", "day", "sir"], "en-us")


def test_no_words_have_no_pronunciations() -> None:
    """An empty phrase is a phrase."""
    assert espeak().pronounce([], "en-us") == []


@pytest.mark.parametrize("language", ["xx", "e", "", "../../en", "klingon"])
def test_an_unknown_language_is_refused(language: str) -> None:
    """The nearest voice, which may be any, never stands in for a language that is not there."""
    with pytest.raises(UnsupportedLanguage):
        espeak().pronounce(["hello"], language)


def test_a_refused_language_leaves_the_next_call_alone() -> None:
    """After a failure the next language is chosen anew."""
    before = espeak().pronounce(["chat"], "fr-fr")
    with pytest.raises(UnsupportedLanguage):
        espeak().pronounce(["chat"], "xx")

    assert espeak().pronounce(["chat"], "fr-fr") == before != espeak().pronounce(["chat"], "en-us")


def test_threads_with_different_languages_do_not_disturb_one_another() -> None:
    """The library's one state is never seen in another thread's language."""
    phrases = [(["the", "chat", "is", "over"], "en-us"), (["le", "chat", "est", "là"], "fr-fr")]
    expected = [espeak().pronounce(words, language) for words, language in phrases]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda number: espeak().pronounce(*phrases[number % 2]), range(400)))

    assert results == [expected[number % 2] for number in range(400)]


def test_diphthongs_and_affricates_are_tied() -> None:
    """Engines tell "choice" from "nut shell" by the tie."""
    assert espeak().pronounce(["choice"], "en-us") == [f"t{TIE}ʃˈɔ{TIE}ɪs"]


def test_there_is_one_espeak_per_process() -> None:
    """The library's state is process-wide, and so is what guards it."""
    assert espeak() is espeak()
    assert espeak().fingerprint.startswith("espeak-ng 1.")


def test_kanji_are_refused_rather_than_called_chinese_letters() -> None:
    """The message names the character and what to do; kana is spoken."""
    with pytest.raises(UnsupportedLanguage, match=r"'東'.*kana only") as refused:
        espeak().pronounce(["これは", "東京"], "ja")

    assert "in kana" in str(refused.value.hint)
    assert all(espeak().pronounce(["これは", "とうきょう"], "ja"))
