"""Phonemes of Mandarin, from the real dictionary."""

from __future__ import annotations

import pytest
from pypinyin import Style, lazy_pinyin
from pypinyin.pinyin_dict import pinyin_dict

from sayso.errors import UnsupportedLanguage
from sayso.tts.engines.kokoro.vocabulary import SYMBOLS, to_symbols
from sayso.tts.phonemes.chinese import ChineseG2P, ipa_of, pinyin

G2P = ChineseG2P(pinyin(), lambda word: f"<{word}>")


@pytest.mark.parametrize(
    ("syllable", "ipa"),
    [
        ("zhong1", "ʈ͡ʂʊ˥ŋ"),
        ("guo2", "kwo˧˥"),
        ("ni3", "ni˨˩˦"),
        ("hao3", "xau˨˩˦"),
        ("shi4", "ʂɻ̩˥˩"),
        ("zi5", "t͡sɹ̩"),
        ("nv3", "ny˨˩˦"),
        ("xue2", "ɕɥe˧˥"),
        ("yuan2", "ɥɛ˧˥n"),
        ("jun1", "t͡ɕy˥n"),
        ("dui4", "twei˥˩"),
        ("lun2", "lwə˧˥n"),
        ("liu2", "ljou˧˥"),
        ("er2", "ɚ˧˥"),
        ("wang2", "wa˧˥ŋ"),
        ("yi1", "i˥"),
        ("bo1", "pwo˥"),
        ("qiong2", "t͡ɕʰjʊ˧˥ŋ"),
        ("ng2", "ŋ˧˥"),
    ],
)
def test_syllables_become_ipa(syllable: str, ipa: str) -> None:
    """Initial, vowel, tone, and the nasal after it."""
    assert ipa_of(syllable) == ipa


def test_kokoro_has_symbols_for_every_syllable_of_the_dictionary() -> None:
    """No character loses a phoneme or its tone on its way into the model."""
    arrows = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
    syllables = {
        each
        for code in pinyin_dict
        for each in lazy_pinyin(chr(code), style=Style.TONE3, neutral_tone_with_five=True)
        if each[-1:].isdigit()
    }
    assert len(syllables) > 1200
    for syllable in syllables:
        symbols = to_symbols(ipa_of(syllable), "cmn")
        assert symbols
        assert set(symbols) <= SYMBOLS.keys()
        assert [each for each in symbols if each in "→↗↓↘"] == list(arrows[syllable[-1]])
        assert to_symbols(ipa_of(syllable), "zh-cn") == symbols


@pytest.mark.parametrize(
    ("words", "syllables"),
    [
        (["重庆", "的", "重要性"], ["chong2 qing4", "de5", "zhong4 yao4 xing4"]),
        (["银行", "行走"], ["yin2 hang2", "xing2 zou3"]),
        (["高兴", "地", "跑"], ["gao1 xing4", "de5", "pao3"]),
        (["这块", "地", "大"], ["zhe4 kuai4", "di4", "da4"]),
        (["跑", "得", "快"], ["pao3", "de5", "kuai4"]),
        (["你", "得", "去"], ["ni3", "dei3", "qu4"]),
        (["这", "只", "猫"], ["zhe4", "zhi1", "mao1"]),
        (["这", "只", "是"], ["zhe4", "zhi3", "shi4"]),
        (["尾巴", "很", "长"], ["wei3 ba5", "hen3", "chang2"]),
        (["他", "长", "高"], ["ta1", "zhang3", "gao1"]),
    ],
)
def test_characters_are_read_by_their_words_and_neighbours(words: list[str], syllables: list[str]) -> None:
    """Heteronyms: by the dictionary of phrases within a word, by what is beside them as words of their own."""
    assert G2P.pronounce(words, "cmn") == ["".join(map(ipa_of, each.split())) for each in syllables]


def test_words_of_other_scripts() -> None:
    """They are pronounced by another source."""
    assert G2P.pronounce(["我", "iPhone"], "cmn") == [ipa_of("wo3"), "<iPhone>"]


def test_a_character_without_a_reading_is_refused() -> None:
    """It is named, and nothing is left out silently."""
    with pytest.raises(UnsupportedLanguage, match="no reading of"):
        G2P.pronounce(["我", "\u3402"], "cmn")
