"""Cues and lines end where a reader would pause: not inside a name, a number, or a sentence that has just begun."""

from __future__ import annotations

import pytest

from sayso.subtitles import STYLES, compile_cues
from unit.subtitles.timelines import Said, spoken, timeline_of

STYLE = STYLES["netflix"]


@pytest.mark.parametrize(
    ("phrase", "language"),
    [
        ("Martin Luther King Jr.", "en"),
        ("Louis XIV", "fr"),
        ("Marie Curie", "fr"),
        ("3.5 million", "en"),
        ("06 12 34 56", "fr"),
        ("12 kg", "en"),
        ("$40 billion", "en"),
        ("10 a.m.", "en"),
    ],
)
def test_names_and_numbers_stay_on_a_line(phrase: str, language: str) -> None:
    """Wherever in a sentence they stand, while other places for a break are near."""
    for before in range(16):
        text = (
            f"{'people came ' * (before // 2)}{'home ' * (before % 2)}saw {phrase} there {'and went away ' * 4}again."
        )
        lines = [line for cue in compile_cues(spoken(text), STYLE, language=language) for line in cue.lines]
        assert any(phrase in line for line in lines), lines


def test_no_cue_ends_with_the_first_words_of_a_sentence() -> None:
    """They go to the next cue, with what they begin."""
    for before in range(4, 14):
        text = f"{'walking ' * before}home. But then {'nobody came ' * 5}again."
        for cue in compile_cues(spoken(text), STYLE, language="en"):
            assert not cue.lines[-1].endswith(("But", "But then")), before


@pytest.mark.parametrize(
    "word",
    [
        "well-intentioned-but-entirely-impossible-undertakings",
        "https://example.org/a-page/with/a-path/that-is-long/and-wide",
        "some_identifier_that_is_wider_than_any_line_there_is",
    ],
)
def test_a_word_wider_than_a_line_is_cut_behind_its_marks(word: str) -> None:
    """Where it has any; nothing of it is lost."""
    lines = [line for cue in compile_cues(timeline_of([Said(word, 5000)]), STYLE, language="en") for line in cue.lines]
    assert "".join(lines) == word
    assert all(line[-1] in "-/_" for line in lines[:-1])


@pytest.mark.parametrize("style", ["bbc", "karaoke", "flashcard"])
def test_a_brief_cue_joins_its_neighbour(style: str) -> None:
    """Rather than flash for two thirds of a second, where both have room in one."""
    cues = compile_cues(spoken("It ran. Then we stopped there.", pause_ms=60), STYLES[style], language="en")
    assert all(cue.end_ms - cue.start_ms >= 1000 for cue in cues)
