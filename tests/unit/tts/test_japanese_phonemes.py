"""Phonemes of Japanese, from the real dictionary."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sayso.errors import UnsupportedLanguage
from sayso.text.dictionaries.japanese import japanese_dictionary
from sayso.tts.engines.kokoro.vocabulary import SYMBOLS, to_symbols
from sayso.tts.phonemes.japanese import JapaneseG2P, has_kanji, ipa_of, read_kana

G2P = JapaneseG2P(japanese_dictionary(), lambda word: f"<{word}>")


@pytest.mark.parametrize(
    ("kana", "ipa"),
    [
        ("コンニチワ", "koɲɲit͡ɕiβa"),
        ("トーキョー", "toːkʲoː"),
        ("ガッコー", "ɡaʔkoː"),
        ("シンカンセン", "ɕiŋkaɴseɴ"),
        ("サンビャク", "sambʲakɯ"),
        ("アンナ", "anna"),
        ("ジュース", "d͡ʑɨːsɨ"),
        ("フツー", "ɸɯt͡sɨː"),
        ("パーティー", "paːtʲiː"),
        ("ウィスキー", "βisɨkʲiː"),
        ("チェック", "t͡ɕeʔkɯ"),
        ("ファイル", "ɸaiɾɯ"),
        ("クォーツ", "kᵝoːt͡sɨ"),
        ("ヴァイオリン", "vaioɾʲiɴ"),
        ("ヒャク", "çakɯ"),
        ("ヂャ", "d͡ʑa"),
        ("トゥ", "tɯ"),
        ("イェ", "je"),
        ("ンー", "ɴː"),
        ("A、", ""),
        ("", ""),
    ],
)
def test_moras_become_ipa(kana: str, ipa: str) -> None:
    """Each mora in the narrow IPA of Kokoro's Japanese voices."""
    assert ipa_of(kana) == ipa


def test_kokoro_has_a_symbol_for_every_sound() -> None:
    """No mora loses a phoneme on its way into the model."""
    moras = [chr(code) for code in range(ord("ァ"), ord("ヺ") + 1)]
    pairs = [mora + small for mora in moras for small in "ァィゥェォャュョ"]
    for mora in (*moras, *pairs):
        symbols = to_symbols(ipa_of(mora), "ja")
        assert symbols
        assert set(symbols) <= SYMBOLS.keys()
        assert len(symbols) == len(ipa_of(mora).replace("t͡", "").replace("d͡", ""))


@pytest.mark.parametrize(
    ("words", "kana"),
    [
        (["今日", "は", "東京", "へ", "行きます"], ["キョー", "ワ", "トーキョー", "エ", "イキマス"]),
        (["三", "百", "円"], ["サン", "ビャク", "エン"]),
        (["一", "分"], ["イッ", "プン"]),
        (["二〇二四", "年", "四", "月", "一", "日"], ["ニセンニジューヨ", "ネン", "シ", "ガツ", "ツイ", "タチ"]),
        (["先生", "を", "思う"], ["センセー", "オ", "オモウ"]),
        (["子牛", "の", "格子"], ["コウシ", "ノ", "コーシ"]),
        (["すもも", "も", "もも", "も", "もも", "の", "うち"], ["スモモ", "モ", "モモ", "モ", "モモ", "ノ", "ウチ"]),
    ],
)
def test_words_are_read_in_their_phrase(words: list[str], kana: list[str]) -> None:
    """Particles, counters and long vowels, each with its own word."""
    assert G2P.pronounce(words, "ja") == [ipa_of(each) for each in kana]


def test_a_word_that_spans_several_tokens_is_divided_between_moras() -> None:
    """Each token has a part of the sound, whatever parts the word."""
    assert "".join(G2P.pronounce(["東", "京", "都"], "ja")) == ipa_of("トーキョート")
    assert all(G2P.pronounce(["東", "京", "都"], "ja"))


@pytest.mark.parametrize(
    ("word", "pronounced"),
    [
        ("Google", ipa_of("グーグル")),
        ("USB", ipa_of("ユーエスビー")),
        ("T", ipa_of("ティー")),
        ("documentation", "<documentation>"),
        ("don't", "<don't>"),
        ("привет", "<привет>"),
    ],
)
def test_words_of_other_scripts(word: str, pronounced: str) -> None:
    """As the dictionary has them, capitals by their names, all others as in English: never letter by letter."""
    assert G2P.pronounce(["これ", word], "ja") == [ipa_of("コレ"), pronounced]


def test_a_kanji_without_a_reading_is_refused() -> None:
    """It is named, and nothing is left out silently."""
    with pytest.raises(UnsupportedLanguage, match=r"no reading of '买'") as refused:
        G2P.pronounce(["これ", "买"], "ja")

    assert "lexicon" in str(refused.value.hint)


def test_rare_kanji_have_the_reading_of_unihan() -> None:
    """Without another dictionary being loaded."""
    assert G2P.pronounce(["鱻"], "ja") == [ipa_of("セン")]


def test_kana_need_no_dictionary() -> None:
    """For a Japanese word in a text of another language."""
    assert read_kana("ひらがな") == ipa_of("ヒラガナ")
    assert read_kana("コーヒー") == ipa_of("コーヒー")
    assert read_kana("漢字") == read_kana("abc") == read_kana("") == ""
    assert has_kanji("これは東")
    assert not has_kanji("これはヒガシ")


def test_threads_share_the_dictionary() -> None:
    """What one thread asks for does not get into another's answer."""
    phrases = [["今日", "は"], ["明日", "の", "天気"], ["三", "本"]]
    expected = [G2P.pronounce(phrase, "ja") for phrase in phrases]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda turn: G2P.pronounce(phrases[turn % 3], "ja"), range(90))) == expected * 30
