"""Removes Whisper's invented repetitions: a phrase that it repeats although it was spoken once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.stt.whisper.decoding import TimedWord

_LONGEST_PHRASE_WORDS = 12
_FEWEST_REPETITIONS = 3

_FASTEST_SECONDS_PER_CHARACTER = 0.025
"""Forty characters a second; a quick speaker says twenty. Invented words get hardly any time."""


def without_repetitions(words: Sequence[TimedWord]) -> list[TimedWord]:
    """The words without repetitions for which there was no time.

    A phrase that is really repeated takes its time, and stays.
    """
    kept: list[TimedWord] = []
    position = 0
    while position < len(words):
        length, times = _repetition(words, position)
        if not length:
            kept.append(words[position])
            position += 1
            continue
        for repetition in range(times):
            phrase = words[position + repetition * length : position + (repetition + 1) * length]
            if repetition == 0 or not _is_invented(phrase):
                kept += phrase
        position += length * times
    return kept


def _repetition(words: Sequence[TimedWord], start: int) -> tuple[int, int]:
    """The length in words of the phrase that is repeated from here on, and its count; zeros without one."""
    letters = [_letters(word) for word in words[start:]]
    for length in range(1, min(_LONGEST_PHRASE_WORDS, len(letters) // _FEWEST_REPETITIONS) + 1):
        times = 1
        while letters[times * length : (times + 1) * length] == letters[:length]:
            times += 1
        if times >= _FEWEST_REPETITIONS:
            return length, times
    return 0, 0


def _is_invented(phrase: Sequence[TimedWord]) -> bool:
    characters = sum(len(_letters(word)) for word in phrase)
    seconds = sum(word.end_seconds - word.start_seconds for word in phrase)
    return seconds < _FASTEST_SECONDS_PER_CHARACTER * characters


def _letters(word: TimedWord) -> str:
    return "".join(filter(str.isalnum, word.text.lower()))
