"""What callers are told of errors."""

from __future__ import annotations

import pytest

from sayso.errors import InvalidInput, SaysoError, TooLarge, UnknownVoice


@pytest.mark.parametrize("message", ["The blend cannot be read", "The blend cannot be read."])
def test_a_message_and_its_hint_are_two_sentences(message: str) -> None:
    """Whether or not the message ends in a full stop, the hint begins a sentence."""
    told = InvalidInput(message, hint="Write it otherwise.").for_callers()
    assert told == "The blend cannot be read. Write it otherwise."


@pytest.mark.parametrize(
    ("error", "code"), [(UnknownVoice, "unknown_voice"), (TooLarge, "too_large"), (InvalidInput, "invalid_input")]
)
def test_a_program_knows_an_error_by_its_code(error: type[SaysoError], code: str) -> None:
    """Whatever its message is."""
    assert error("The voice is not here.").code == code
