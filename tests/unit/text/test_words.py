"""Words of Japanese and Chinese as tokens, from the real dictionaries."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import LanguageNotInstalled
from sayso.text import Lexicon, ScriptOptions, load_lexicon, words, write_script

if TYPE_CHECKING:
    from sayso.types import Token


def tokens_of(text: str, language: str, lexicon: Lexicon | None = None, *, markdown: bool = True) -> list[Token]:
    options = ScriptOptions(
        voice="v",
        language=language,
        language_of_voice=lambda _: language,
        lexicon=lexicon or Lexicon.empty(),
        markdown=markdown,
    )
    return [token for line in write_script(text, options).lines for token in line.utterance.tokens]


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("ja", "今日は東京の天気が良い。", "今日 は 東京 の 天気 が 良い"),
        ("ja", "すもももももももものうち", "すもも も もも も もも の うち"),
        ("ja", "行って、待ってみる。", "行って 待って みる"),
        ("ja", "25個のりんごとTシャツ", "二十五 個 の りんご と T シャツ"),
        ("ja", "ｶﾞｷﾞの音", "ガ ギ の 音"),
        ("ja", "人々は「コーヒー」と言う", "人々 は コーヒー と 言う"),
        ("cmn", "我们去公园散步。", "我们 去 公园 散步"),
        ("zh-cn", "北京大学的学生都喜欢音乐", "北京大学 的 学生 都 喜欢 音乐"),
        ("zh", "尾巴很长，25%的人喜欢iPhone。", "尾巴 很 长 百分之二十五 的 人 喜欢 iPhone"),
        ("zh", "他跑得很快", "他 跑 得 很快"),
    ],
)
def test_words_are_those_of_the_dictionary(language: str, text: str, spoken: str) -> None:
    """A token is a word, and its span is where the word is written."""
    tokens = tokens_of(text, language)

    assert [token.spoken for token in tokens] == spoken.split()
    for token in tokens:
        assert token.shown is None
        assert token.span.of(text) == token.spoken or not token.spoken.isascii()


def test_markup_within_a_word_is_in_its_span_and_not_shown() -> None:
    """What a reader sees of the word is the word."""
    text = "これは**東**京です。"
    tokens = {token.spoken: token for token in tokens_of(text, "ja")}

    assert tokens["東京"].span.of(text) == "東**京"
    assert tokens["東京"].shown == "東京"


def test_punctuation_parts_words_and_stays_beside_them() -> None:
    """Brackets and commas are the lead and trail of the words that they touch."""
    first, *_, last = tokens_of("「東京」、京都。", "ja")

    assert (first.lead, first.spoken, first.trail) == ("「", "東京", "」、")
    assert (last.spoken, last.trail) == ("京都", "。")


@pytest.mark.parametrize(
    ("entry", "spoken"),
    [("日本橋 = ニッポンバシ", ["ニッポンバシ", "に", "行く"]), ("橋 = ハシ", ["日本", "ハシ", "に", "行く"])],
)
def test_the_lexicon_has_its_way_before_the_dictionary(entry: str, spoken: list[str]) -> None:
    """An entry may be a word, several, or a part of one."""
    assert [token.spoken for token in tokens_of("日本橋に行く", "ja", load_lexicon(entry))] == spoken


def test_a_lexicon_may_give_the_sound_of_characters() -> None:
    """IPA stays with its token, which is not joined to others."""
    (name, *_) = tokens_of("大和に行く", "ja", load_lexicon("大和 = /jamato/"))

    assert (name.spoken, name.ipa) == ("大和", "jamato")


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_without_the_dictionary_characters_stay_as_they_are(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Subtitles and other engines need no dictionary."""

    def missing(*_: Any) -> Any:
        raise LanguageNotInstalled("none")

    monkeypatch.setattr(words, "japanese_dictionary", missing)
    monkeypatch.setattr(words, "chinese_dictionary", missing)
    assert [token.spoken for token in tokens_of("東京都", language)] == ["東", "京", "都"]


_CHARACTERS = st.text(
    st.sampled_from("今日東京都はがをっーゃん々〇ッァ漢字买们的得abA1 、。「」*😀\u200b\n"), min_size=1, max_size=40
)


@given(text=_CHARACTERS, language=st.sampled_from(["ja", "cmn"]))
def test_every_letter_is_in_the_span_of_one_word(text: str, language: str) -> None:
    """Whatever is written: spans are ordered, do not overlap, and leave no letter or digit out."""
    plain = f"あ{text}"
    tokens = tokens_of(plain, language, markdown=False)
    covered = sorted({(token.span.start, token.span.end) for token in tokens})

    assert all(before[1] <= after[0] for before, after in pairwise(covered))
    inside = {at for start, end in covered for at in range(start, end)}
    assert all(at in inside for at, character in enumerate(plain) if character.isalnum())
    assert all(token.spoken and not any(map(str.isspace, token.spoken)) for token in tokens)
