"""Faults in word times are found, and only faults."""

from __future__ import annotations

from typing import Any

import pytest

from bench.faults import find_faults

TEXT = "# One two"


def narration(**changes: Any) -> dict[str, Any]:
    words = [
        {"text": "One", "start": 0.1, "end": 0.4, "char_start": 2, "char_end": 5},
        {"text": "two", "start": 0.4, "end": 0.9, "char_start": 6, "char_end": 9},
    ]
    for index, key in ((0, "first"), (1, "second")):
        words[index].update(changes.get(key, {}))
    return {"text": changes.get("text", TEXT), "words": words}


def test_a_sound_narration_has_no_faults() -> None:
    """Words that cover the letters, in order, within the audio: nothing is found."""
    assert find_faults(TEXT, narration(), 0.9) == []


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (narration(text="# One"), "the text is not the source"),
        (narration(second={"char_end": 8}), "'o' at 8 has no time"),
        (narration(first={"start": 0.5, "end": 0.4}), "'One' ends before it starts"),
        (narration(second={"start": 0.3}), "'two' starts before 'One' ends"),
        (narration(second={"end": 0.95}), "the last word ends at 0.95 s"),
    ],
)
def test_each_fault_is_named(broken: dict[str, Any], fault: str) -> None:
    """Another text, a letter without a time, times out of order or beyond the audio are each found."""
    assert find_faults(TEXT, broken, 0.9) == [fault]
