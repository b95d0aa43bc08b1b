"""The language of a text, by its script, and for Latin script by its commonest words."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ_CHARACTERS = 20_000
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_COMMON_WORDS = 2
_LEAST_SHARE = 0.08
_LEAST_SCRIPT_SHARE = 0.3

# The language that is written most in each script, and the first and the last letter of the script.
_SCRIPTS: tuple[tuple[str, str, str], ...] = (
    ("ja", "\u3040", "\u30ff"),
    ("ko", "\uac00", "\ud7af"),
    ("zh", "\u4e00", "\u9fff"),
    ("el", "\u0370", "\u03ff"),
    ("he", "\u0590", "\u05ff"),
    ("ar", "\u0600", "\u06ff"),
    ("hi", "\u0900", "\u097f"),
    ("th", "\u0e00", "\u0e7f"),
    ("ru", "\u0400", "\u04ff"),
)
_UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE)

_COMMON: Mapping[str, str] = {
    "en": "the and of to in a is that it was for on with as he she you are at this had not but from",
    "fr": "le la les de des du un une et est il elle que qui dans pour pas ne sur au avec ce se je",
    "es": "el la los las de del un una y es que en por para con no se su lo al como más pero ella",
    "it": "il lo la gli le di del della un una e è che in per con non si su al come più ma anche era",
    "pt": "o a os as de do da um uma e é que em por para com não se seu no na ao como mais mas ele",
    "de": "der die das und ist nicht ein eine zu den dem mit von auf für sich es war im er sie ich",
    "nl": "de het een en van in is dat niet op te met voor zijn er aan hij zij was maar ook naar",
}
"""Words that nearly every sentence has some of."""


def language_of_text(text: str) -> str | None:
    """The language that a text is written in, as a code; None where that does not show.

    Only its beginning is read. Languages that share a script with a larger one, and are not known here by their words,
    are taken for that one.
    """
    beginning = text[:_READ_CHARACTERS]
    letters = sum(map(str.isalpha, beginning))
    for language, first, last in _SCRIPTS:
        own = sum(first <= letter <= last for letter in beginning)
        if own and own >= _LEAST_SCRIPT_SHARE * letters:
            return "uk" if language == "ru" and _UKRAINIAN.search(beginning) else language
    words = Counter(word.lower() for word in _WORD.findall(beginning))
    counts = {language: sum(words[word] for word in common.split()) for language, common in _COMMON.items()}
    best, second = sorted(counts, key=lambda language: -counts[language])[:2]
    is_enough = counts[best] >= max(_FEWEST_COMMON_WORDS, _LEAST_SHARE * words.total())
    return best if is_enough and counts[best] > counts[second] else None
