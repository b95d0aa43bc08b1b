"""English words of one spelling and two pronunciations: the words around them decide.

Each homograph has clues in order: a pattern for the text before it, one for the text after it, and the reading that
both together decide for. The text is that of the sentence, in lower case, with one space between words. Where no clue
fits, the last reading is used, or none at all: the engine's own rules decide then, and the lexicon can.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sayso.text.normalise.grammar import LETTER, WORD_END, alternatives, listed
from sayso.text.normalise.languages.english.homograph_clues import HOMOGRAPHS
from sayso.text.normalise.rules import Rule, Written, rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.text.normalise.rules import Reading

_REACH = 60  # characters to look at on each side
_SENTENCE_END = re.compile(r"[.!?;:](?=[ \"'”’)]|$)")
_OPENING = re.compile(r"[\"“”‘(),]+|(?<!\w)['’]|['’](?!\w)")


class _Clue(NamedTuple):
    """A decision for a reading (American and British IPA) where both patterns match."""

    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    american: str
    british: str


def homographs(*, american: bool) -> Rule:
    """The rule for "read", "lead", "live", "record", "close" and their like: the spoken word gets its IPA."""

    def read(match: re.Match[str]) -> Reading:
        word = match[0].lower()
        before, after = _sentence_around(match)
        for clue in _clues()[word]:
            if (clue.before is None or clue.before.search(before)) and (clue.after is None or clue.after.match(after)):
                ipa = clue.american if american else clue.british
                return [Written(match.start(), match.end(), (match[0],), ipa or None)]
        return None

    starts = [letter for word in HOMOGRAPHS for letter in (word[0], word[0].upper())]
    return rule(rf"(?i:{alternatives(HOMOGRAPHS)}){WORD_END}(?!['’-]{LETTER})", read, starts)


def _sentence_around(match: re.Match[str]) -> tuple[str, str]:
    """The text of the sentence before a word and after it; the first begins with "^" where the sentence does."""
    text = match.string
    before = text[max(0, match.start() - _REACH) : match.start()]
    after = text[match.end() : match.end() + _REACH]
    ends = [end.end() for end in _SENTENCE_END.finditer(before)]
    begins = bool(ends) or match.start() <= _REACH
    before = before[ends[-1] :] if ends else before
    end = _SENTENCE_END.search(after)
    after = after[: end.start()] if end else after
    name = _NAME_BEFORE.search(before)
    words = _OPENING.sub(" ", before).lower().replace("’", "'").split()
    if name and words and words[-1] not in _NO_NAMES:
        words[-1] += "|"
    following = _OPENING.sub(" , ", after).lower().replace("’", "'").split()
    return " ".join(["^" if begins else "", *words, ""]), " ".join(["", *following, ""]) if following else " "


_NO_NAMES = listed(
    "please i you we they he she it who people most many some all the a an this that these those do don't did can will "
    "would could should may let's then first now next when if where never always and or but to in on at yesterday "
    "today children men women "
    "students readers both others"
)
_NAME_BEFORE = re.compile(r"[A-Z][a-z]+ $")


@lru_cache(maxsize=1)
def _clues() -> dict[str, Sequence[_Clue]]:
    """The clues with their patterns; they are compiled at the first homograph."""
    return {
        word: [
            _Clue(
                re.compile(before) if before else None,
                re.compile(after) if after else None,
                *(reading if isinstance(reading, tuple) else (reading, reading)),
            )
            for before, after, reading in clues
        ]
        for word, clues in HOMOGRAPHS.items()
    }
