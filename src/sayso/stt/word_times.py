"""Times of words that can be relied on: in order, within the audio, none too short to be said or absurdly long.

Engines give words of no length where they crowd, and stretch a word over a silence or over speech that they left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sayso.stt.recording import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTEST_SECONDS = 0.04
"""The shortest word: a quick "a"."""

LONGEST_SECONDS = 5.0
_LONGEST_FIRST_SECONDS = 1.5
_LONGEST_PER_CHARACTER_SECONDS = 0.25
"""The longest word: so much, and so much for each character, but never over `LONGEST_SECONDS`."""

_TOUCHING_SECONDS = 0.1


class WordTime(NamedTuple):
    """When a word sounds, in samples at `SAMPLE_RATE_HZ`."""

    start: int
    end: int


def fitted(times: Sequence[WordTime], characters: Sequence[int], duration_samples: int) -> list[WordTime]:
    """The nearest times that are possible.

    Starts count more than ends: of two words that overlap, the first ends where the second begins. A word that is too
    long keeps its end if the next word follows it at once, for a silence is counted as part of the word after it.
    Crowded words push each other apart. If there are more words than there is time for, all are equally short.

    Args:
        times: of the words in their order; they may overlap, be out of order and leave the audio.
        characters: of each word.
        duration_samples: the length of the audio.
    """
    if not times:
        return []
    shortest = min(round(SHORTEST_SECONDS * SAMPLE_RATE_HZ), duration_samples // len(times))
    bounded = _within_longest(_in_bounds(times, duration_samples), characters)
    edges: list[list[int]] = []
    for number, (start, end) in enumerate(bounded):
        begun = max(start, edges[-1][1] if edges else 0)
        following = bounded[number + 1].start if number + 1 < len(bounded) else duration_samples
        edges.append([begun, max(min(end, max(following, begun)), begun + shortest)])
    latest = duration_samples
    for edge in reversed(edges):
        edge[1] = min(edge[1], latest)
        edge[0] = min(edge[0], edge[1] - shortest)
        latest = edge[0]
    return [WordTime(start, end) for start, end in edges]


def _in_bounds(times: Sequence[WordTime], duration_samples: int) -> list[WordTime]:
    bounded = []
    for start, end in times:
        begun = min(max(start, 0), duration_samples)
        bounded.append(WordTime(begun, min(max(end, begun), duration_samples)))
    return bounded


def _within_longest(times: Sequence[WordTime], characters: Sequence[int]) -> list[WordTime]:
    kept = []
    for number, ((start, end), count) in enumerate(zip(times, characters, strict=True)):
        seconds = min(LONGEST_SECONDS, _LONGEST_FIRST_SECONDS + _LONGEST_PER_CHARACTER_SECONDS * count)
        longest = round(seconds * SAMPLE_RATE_HZ)
        if end - start <= longest:
            kept.append(WordTime(start, end))
            continue
        following = times[number + 1].start if number + 1 < len(times) else None
        touches = following is not None and abs(following - end) < _TOUCHING_SECONDS * SAMPLE_RATE_HZ
        kept.append(WordTime(end - longest, end) if touches else WordTime(start, start + longest))
    return kept
