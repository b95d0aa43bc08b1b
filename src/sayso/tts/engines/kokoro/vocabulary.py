"""What Kokoro reads and in which units it answers: 178 symbols, and how IPA and punctuation are written in them.

The symbols and their numbers are the model's own (``config.json`` of hexgrad/Kokoro-82M). It was trained on the
notation of the misaki library, which writes diphthongs and affricates as single capitals or ligatures, so espeak-ng's
IPA is rewritten the way misaki does it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.tts.phonemes.phrasing import Notation
from sayso.tts.phonemes.punctuation import PROSODIC, to_prosody

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_RATE_HZ = 24_000
SAMPLES_PER_FRAME = 600
"""The duration predictor's unit: 25 ms."""

PAD = 0
MAXIMUM_PHONEMES = 510
"""The model's positions are 512, and a pad stands at either end."""

SYMBOLS: Mapping[str, int] = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15,
    " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23, "A": 24, "I": 25, "O": 31, "Q": 33,
    "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50,
    "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62,
    "u": 63, "v": 64, "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76,
    "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90, "ɡ": 92, "ɥ": 99,
    "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113, "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118,
    "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126, "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133,
    "ʊ": 135, "ʋ": 136, "ʌ": 138, "ɣ": 139, "ɤ": 140, "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157,
    "ː": 158, "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip

_PHONEMES = SYMBOLS.keys() - PROSODIC - {" "}

# misaki/espeak.py, EspeakFallback: IPA with ties on the left, misaki's notation on the right.
_ENGLISH = {
    "ʔˌn\u0329": "tᵊn", "ʔn\u0329": "tᵊn", "ʔn": "tᵊn", "ʔ": "t", "a͡ɪ": "I", "a͡ʊ": "W", "d͡ʒ": "ʤ", "e͡ɪ": "A",
    "t͡ʃ": "ʧ", "ɔ͡ɪ": "Y", "ə͡l": "ᵊl", "ʲo͡ʊ": "jO", "ʲə͡ʊ": "jQ", "ʲ": "", "ɚɹ": "əɹ", "ɚ": "əɹ", "ɐ": "ə", "ɬ": "l",
    "r": "ɹ", "x": "k", "ç": "k", "e": "A", "o": "ɔ", "\u0303": "",
}  # fmt: skip
_AMERICAN = {"o͡ʊ": "O", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ː": ""}
_BRITISH = {"e͡ə": "ɛː", "iə": "ɪə", "ə͡ʊ": "Q"}
# misaki/en.py, Lexicon.get_special_case: small words that it writes as the model has always read them. An "I" without
# stress is hardly audible at the start of a sentence.
_ENGLISH_WORDS = {"I": "ˌI", "ə": "ɐ", "ən": "ɐn"}
# misaki/espeak.py, EspeakG2P: every other language.
_OTHERS = {
    "a͡ɪ": "I", "a͡ʊ": "W", "d͡z": "ʣ", "d͡ʒ": "ʤ", "e͡ɪ": "A", "o͡ʊ": "O", "ə͡ʊ": "Q", "s͡s": "S", "t͡s": "ʦ",
    "t͡ʃ": "ʧ", "ɔ͡ɪ": "Y",
}  # fmt: skip
# misaki/cutlet.py and misaki/zh.py, ZHG2P.retone: what `sayso.tts.phonemes` has for Japanese and Mandarin.
_JAPANESE = {"t͡ɕ": "ʨ", "d͡ʑ": "ʥ"}
_MANDARIN = {
    "t͡ɕ": "ʨ", "ʈ͡ʂ": "ꭧ", "ɻ\u0329": "ɨ", "ɹ\u0329": "ɨ", "˧˥": "↗", "˨˩˦": "↓", "˥˩": "↘", "˥": "→",
}  # fmt: skip


def _rewriter(*tables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for table in tables for pair in sorted(table.items(), key=lambda pair: -len(pair[0])))


_REWRITES = {
    "en-us": _rewriter(_AMERICAN | _ENGLISH),
    "en-gb": _rewriter(_BRITISH | _ENGLISH),
    "ja": _rewriter(_OTHERS | _JAPANESE),
    **dict.fromkeys(("zh", "cmn"), _rewriter(_OTHERS | _MANDARIN)),
}
_OTHER_REWRITES = _rewriter(_OTHERS)


def to_symbols(ipa: str, language: str) -> str:
    """IPA in the model's symbols; phonemes without a symbol are left out.

    Args:
        ipa: the phonemes of a word, diphthongs and affricates tied (U+0361).
        language: a BCP 47 tag; the region matters for English.
    """
    language = language.lower()
    primary = language.partition("-")[0]
    english = primary == "en"
    rewrites = _REWRITES.get(language) or _REWRITES.get("en-us" if english else primary, _OTHER_REWRITES)
    for written, symbol in rewrites:
        ipa = ipa.replace(written, symbol)
    if english:
        ipa = re.sub("(\\S)\u0329", "ᵊ\\1", ipa)
    symbols = "".join(symbol for symbol in ipa if symbol in _PHONEMES)
    return _ENGLISH_WORDS.get(symbols, symbols) if english else symbols


NOTATION = Notation(phonemes=to_symbols, marks=to_prosody, spaced=frozenset({"ja", "zh", "cmn"}))
