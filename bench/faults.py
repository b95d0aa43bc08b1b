"""Whether a narration's word times keep their promises."""

from __future__ import annotations

from itertools import pairwise
from typing import Any


def find_faults(text: str, narration: dict[str, Any], decoded_seconds: float) -> list[str]:
    """What is wrong with a narration's JSON, given its source and the length of its audio as decoded."""
    words = narration["words"]
    faults = []
    if narration["text"] != text:
        faults.append("the text is not the source")
    covered = {offset for word in words for offset in range(word["char_start"], word["char_end"])}
    faults += [f"{text[i]!r} at {i} has no time" for i in range(len(text)) if text[i].isalnum() and i not in covered]
    faults += [f"{word['text']!r} ends before it starts" for word in words if word["end"] < word["start"]]
    for before, after in pairwise(words):
        if after["start"] < before["end"]:
            faults.append(f"{after['text']!r} starts before {before['text']!r} ends")
    if words and words[-1]["end"] > decoded_seconds:
        faults.append(f"the last word ends at {words[-1]['end']} s")
    return faults
