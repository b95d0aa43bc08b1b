"""Whether speech says what it was to say: a model that speaks freely may reword a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import structlog

from sayso.errors import EngineFailed, InvalidInput, ModelCorrupt, ModelMissing, NotInstalled
from sayso.text import ScriptOptions, write_script

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.scheduling import RequestContext
    from sayso.types import Audio

_log = structlog.get_logger(__name__)

MOST_WRONG = 0.2
"""The share of a text's words that a recogniser may hear otherwise: it mishears names, and never so many words."""

_NO_RECOGNISER = (ModelMissing, ModelCorrupt, NotInstalled, EngineFailed, InvalidInput)


_FIGURES = re.compile(r"\S*\d(?:\S|\s(?=\S*\d))*")
"""Words with digits; those that follow one another count as one."""


_MOST_NUMBERS = 20

_LONGEST_NUMBER = 80
"""How many letters a number has in words, at the most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingCheck:
    """How speech is compared with its text; any thread may use it.

    Attributes:
        is_suspected: whether the sound does not fit the text, by a quick look; given the audio, text, language and the
            request's context. It may raise `ModelMissing` and its like where there is no aligner.
        hear: transcribes speech on this machine; given the audio, language and context.
    """

    is_suspected: Callable[[Audio, str, str, RequestContext], bool]
    hear: Callable[[Audio, str, RequestContext], str]

    def accepts(self, audio: Audio, text: str, transcript: str, *, language: str, context: RequestContext) -> bool:
        """Whether speech says the text.

        The model's own transcript must have the text's words. If it has, and the sound does not fit them all the same,
        what the recogniser hears decides. Without a recogniser the transcript does.

        Args:
            audio: the speech.
            text: that was to be said.
            transcript: what the model says that it said.
            language: of the text.
            context: the request's.
        """
        if not same_words(text, transcript, language):
            return False
        try:
            if not self.is_suspected(audio, text, language, context):
                return True
            heard = self.hear(audio, language, context)
        except _NO_RECOGNISER as error:
            _log.info("speech was compared by its transcript only", reason=error.message)
            return True
        return wrong_share(text, heard, language) <= MOST_WRONG


TRANSCRIPT_ONLY = ReadingCheck(is_suspected=lambda *_: False, hear=lambda *_: "")
"""The check where there is no engine that listens."""


def same_words(text: str, other: str, language: str) -> bool:
    """Whether two texts are spoken alike: numbers and signs may be written in figures or in words.

    A number may be read in more than one way ("three fifty", "three dollars and fifty cents"): where the text has one,
    only its other words count, as long as there is something in the number's place.
    """
    if "".join(spoken_words(text, language)) == "".join(spoken_words(other, language)):
        return True
    if not any(map(str.isdigit, text)):
        return False
    parts = [_letters(part) for part in _FIGURES.split(text.casefold())]
    if len(parts) > _MOST_NUMBERS + 1:  # a table rather than a sentence
        return wrong_share(text, other, language) <= MOST_WRONG
    return _has_parts(_letters(other.casefold()), parts)


def _has_parts(letters: str, parts: Sequence[str]) -> bool:
    """Whether a text is these parts in order, with 1 to `_LONGEST_NUMBER` letters between two of them."""
    ends = {len(parts[0])} if letters.startswith(parts[0]) else set()
    for part in parts[1:]:
        starts = {start for end in ends for start in range(end + 1, end + 1 + _LONGEST_NUMBER)}
        ends = {start + len(part) for start in starts if letters.startswith(part, start)}
    return len(letters) in ends


def wrong_share(text: str, heard: str, language: str) -> float:
    """The share of a text's words that were not heard, or were heard besides it; 0 for a text without words."""
    expected, found = spoken_words(text, language), spoken_words(heard, language)
    if not expected:
        return 0.0
    blocks = SequenceMatcher(None, expected, found, autojunk=False).get_matching_blocks()
    matched = sum(block.size for block in blocks)
    return (max(len(expected), len(found)) - matched) / len(expected)


def spoken_words(text: str, language: str) -> Sequence[str]:
    """The words of a text as they are spoken, as letters and digits only, in lower case."""
    options = ScriptOptions(
        voice="", language=language, language_of_voice=lambda _: language, markdown=False, directives="off"
    )
    try:
        lines = write_script(text, options).lines
    except InvalidInput:  # it holds nothing that can be spoken
        return ()
    words = (_letters(token.spoken.casefold()) for line in lines for token in line.utterance.tokens)
    return [word for word in words if word]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))
