"""From tokens to utterances."""

from __future__ import annotations

from sayso.text.cutting import LONGEST_UTTERANCE, spoken_length
from sayso.text.segments import mark_boundaries, utterances
from sayso.types import Boundary, Span, Token


def sentence(text: str) -> list[Token]:
    tokens = [Token(spoken=word, span=Span(start=0, end=1)) for word in text.split()]
    return [*tokens[:-1], Token(spoken=tokens[-1].spoken, span=tokens[-1].span, boundary=Boundary.SENTENCE)]


def grouped(*sentences: str) -> list[str]:
    tokens = [token for text in sentences for token in sentence(text)]
    return [" ".join(token.spoken for token in group) for group in utterances(tokens, "en")]


LONG = " ".join(["wordy"] * 35)  # 210 spoken characters


def test_an_utterance_is_a_sentence() -> None:
    """So that an edited sentence costs the speech of one sentence."""
    texts = ["This is the first sentence", "And here is the second one"]
    assert grouped(*texts) == texts


def test_a_fragment_is_spoken_with_what_follows() -> None:
    """Too few words or too few characters make a fragment."""
    assert grouped("No", "This is a whole sentence", "Oh I see it", "And on it went for hours") == [
        "No This is a whole sentence",
        "Oh I see it And on it went for hours",
    ]


def test_the_last_fragment_is_spoken_with_what_precedes() -> None:
    """There is nothing else in its paragraph."""
    assert grouped("This is a whole sentence", "No") == ["This is a whole sentence No"]
    assert grouped("No") == ["No"]


def test_a_fragment_goes_where_there_is_room() -> None:
    """Merging makes nothing that is too long."""
    full = f"{LONG} wordy abc"  # 220
    assert grouped(LONG, "Oh", full) == [f"{LONG} Oh", full]
    assert grouped(full, "Oh dear me", full) == [full, "Oh dear me", full]


def test_editing_a_sentence_leaves_the_others_alone() -> None:
    """Utterances far from the edit are the same as before."""
    before = grouped("The first one is here", "Yes", "The third one is here", "The fourth one is here")
    after = grouped("The first one has changed a lot", "Yes", "The third one is here", "The fourth one is here")
    assert before[1:] == after[1:]


def test_a_long_sentence_is_spoken_in_parts() -> None:
    """None is longer than an utterance may be, and nothing is lost."""
    text = " ".join(["wordy"] * 200)
    tokens = sentence(text)
    parts = utterances(tokens, "en")
    assert [token for part in parts for token in part] == tokens
    assert all(spoken_length(part) <= LONGEST_UTTERANCE for part in parts)
    assert min(map(len, parts)) > 10


def test_sentences_and_the_paragraph_end_where_they_should() -> None:
    """An offset within a word ends no sentence; the last word ends the paragraph; a stronger break stays."""
    tokens = [Token(spoken="word", span=Span(start=start, end=start + 4)) for start in (0, 5, 10, 15)]
    marked = mark_boundaries(tokens, [7, 10, 10, 20])
    assert [token.boundary for token in marked] == [
        Boundary.NONE,
        Boundary.SENTENCE,
        Boundary.NONE,
        Boundary.PARAGRAPH,
    ]
    assert mark_boundaries([], [0]) == []
