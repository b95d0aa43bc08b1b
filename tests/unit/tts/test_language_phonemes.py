"""Which source has the phonemes of which language, and what is said where one is missing."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from sayso.errors import LanguageNotInstalled, UnsupportedLanguage
from sayso.text.dictionaries.chinese import chinese_dictionary
from sayso.text.dictionaries.japanese import japanese_dictionary
from sayso.tts.engines.kokoro.vocabulary import NOTATION, SYMBOLS
from sayso.tts.phonemes.chinese import pinyin
from sayso.tts.phonemes.espeak import espeak
from sayso.tts.phonemes.languages import LanguageG2P, phonemes
from sayso.tts.phonemes.phrasing import phrase
from sayso.types import Span, Token, Utterance


def utterance(words: str, language: str) -> Utterance:
    tokens = tuple(Token(spoken=word, span=Span(start=0, end=1), joined=True) for word in words.split())
    return Utterance(tokens=tokens, language=language)


@pytest.fixture
def without_dictionaries(monkeypatch: pytest.MonkeyPatch) -> LanguageG2P:
    """A source on a machine that has espeak-ng alone."""
    import_module = builtins.__import__

    def import_others(name: str, *arguments: Any, **named: Any) -> Any:
        if name in {"pyopenjtalk", "jieba", "pypinyin"}:
            raise ImportError(name)
        return import_module(name, *arguments, **named)

    for part in (japanese_dictionary, chinese_dictionary, pinyin):
        part.cache_clear()
    monkeypatch.setattr(builtins, "__import__", import_others)
    return LanguageG2P(espeak())


def test_other_languages_are_those_of_espeak() -> None:
    """Word for word the same."""
    for words, language in ((["the", "end"], "en-us"), (["les", "amis"], "fr-fr"), (["नमस्ते"], "hi")):
        assert phonemes().pronounce(words, language) == espeak().pronounce(words, language)


@pytest.mark.parametrize(
    ("words", "language", "symbols"),
    [
        ("東京 へ 行って みる", "ja", "toːkʲoː e iʔte mʲiɾɯ"),
        ("GitHub を 使う", "ja", "ɡˈɪthˈʌb o ʦɨkaɯ"),
        ("我们 去 公园", "cmn", "wo↓mən ʨʰy↘ kʊ→ŋɥɛ↗n"),
        ("の 和 iPhone", "zh-hans", "no xɤ↗ ˈIfˈOn"),
    ],
)
def test_words_are_parted_for_kokoro_as_it_learned_them(words: str, language: str, symbols: str) -> None:
    """Spaces between words that are written without, each word in its place."""
    said = phrase(utterance(words, language), phonemes(), NOTATION)

    assert said.symbols == symbols
    assert [said.symbols[start:end] for start, end in said.places] == symbols.split(" ")


@pytest.mark.parametrize(
    ("words", "language", "extra"), [(["東京"], "ja", "ja"), (["北京"], "cmn", "zh"), (["a"], "zh", "zh")]
)
def test_a_missing_dictionary_is_named_with_the_command_that_installs_it(
    words: list[str], language: str, extra: str, without_dictionaries: LanguageG2P
) -> None:
    """It counts as a language that the engine lacks, so that another engine may have it; callers see no command."""
    with pytest.raises(LanguageNotInstalled, match=f"the extra `{extra}`") as refused:
        without_dictionaries.pronounce(words, language)

    assert isinstance(refused.value, UnsupportedLanguage)
    assert refused.value.is_for_one_engine
    assert "install" in str(refused.value.hint)
    assert "install" not in refused.value.for_callers().replace("installed", "")


def test_signs_of_another_script_are_silent() -> None:
    """They are not called by the numbers of their characters."""
    assert phonemes().pronounce(["我", "々"], "cmn")[1] == ""


def test_kana_are_read_without_a_dictionary(without_dictionaries: LanguageG2P) -> None:
    """By espeak-ng, as other languages are."""
    assert without_dictionaries.pronounce(["とうきょう"], "ja") == espeak().pronounce(["とうきょう"], "ja")


def test_the_fingerprint_names_what_is_installed() -> None:
    """Speech is made again when a dictionary changes."""
    assert phonemes().fingerprint.startswith(espeak().fingerprint)
    assert all(name in phonemes().fingerprint for name in ("pyopenjtalk-plus", "pypinyin", "jieba-py"))


_WORDS = st.lists(
    st.text(st.sampled_from("今東京买はゃっーん々〇ァ\u3402的得長AbÉя1'、。\u200b😀ｱﾞ"), min_size=1, max_size=6),
    max_size=6,
)


@given(words=_WORDS, language=st.sampled_from(["ja", "cmn", "ja-jp", "ZH"]))
def test_every_word_has_one_pronunciation_or_is_refused(words: list[str], language: str) -> None:
    """One string for each word, without white space, in symbols that Kokoro has; a refusal names the character."""
    try:
        pronounced = phonemes().pronounce(words, language)
    except UnsupportedLanguage as refused:
        event(refused.message)  # a kanji without a reading
        return
    assert len(pronounced) == len(words)
    for word in pronounced:
        assert not any(map(str.isspace, word))
        assert set(NOTATION.phonemes(word, language)) <= SYMBOLS.keys()
