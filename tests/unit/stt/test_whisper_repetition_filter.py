"""What a model repeats without time for it is left out; what somebody says again stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sayso.stt.whisper.decoding import TimedWord
from sayso.stt.whisper.repetition_filter import without_repetitions


def words(text: str, *, start: float = 0.0, step: float = 0.3) -> list[TimedWord]:
    return [
        TimedWord(f" {word}", start + number * step, start + (number + 1) * step, (number,))
        for number, word in enumerate(text.split())
    ]


def said(made: list[TimedWord]) -> str:
    return "".join(word.text for word in made).strip()


def test_repetitions_without_time_are_left_out() -> None:
    """A phrase that is written fifty times into the last instant of a chunk stays once."""
    made = without_repetitions([*words("He left."), *words("Thank you. " * 50, start=0.6, step=0.004)])
    assert said(made) == "He left. Thank you."


def test_the_one_repetition_that_has_a_time_stays() -> None:
    """Of a loop, what was really said is kept."""
    spoken = words("I see. I see.", start=1.0)
    loop = words("I see. " * 6, start=2.2, step=0.0)
    assert said(without_repetitions([*spoken, *loop])) == "I see. I see."


def test_what_is_said_again_stays() -> None:
    """A refrain, and a word said five times, take their time and are no loop."""
    for text in ("No, no, no, no, no!", "We shall not move. We shall not move. We shall not move.", "ha ha ha ha"):
        assert said(without_repetitions(words(text))) == text


def test_quick_words_that_do_not_repeat_stay() -> None:
    """Too little time alone is no reason to leave a word out."""
    text = "the quick brown fox jumps over the lazy dog"
    assert said(without_repetitions(words(text, step=0.0))) == text


@given(st.lists(st.sampled_from(["a", "b", "c", "stop"]), max_size=40), st.floats(0.2, 1))
def test_words_with_their_time_are_all_kept(spoken: list[str], step: float) -> None:
    """Nothing that took as long as it should is ever left out, and the order stays."""
    given_words = words(" ".join(spoken), step=step)
    assert without_repetitions(given_words) == given_words
