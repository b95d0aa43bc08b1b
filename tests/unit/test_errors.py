"""What callers are told of errors."""

from __future__ import annotations

import pytest

from sayso.errors import InvalidInput


@pytest.mark.parametrize("message", ["The blend cannot be read", "The blend cannot be read."])
def test_a_message_and_its_hint_are_two_sentences(message: str) -> None:
    """Whether or not the message ends in a full stop, the hint begins a sentence."""
    told = InvalidInput(message, hint="Write it otherwise.").for_callers()
    assert told == "The blend cannot be read. Write it otherwise."
