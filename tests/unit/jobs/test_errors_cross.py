"""Errors cross from one process to another as they are."""

from __future__ import annotations

import pickle

import pytest

from sayso.errors import Busy, EngineUnavailable, FetchFailed, InvalidInput, SaysoError, UnknownVoice


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput("no", hint="Try another."),
        UnknownVoice("nobody"),
        Busy("full", retry_after_seconds=2.5),
        EngineUnavailable("down", reason="timeout", retry_after_seconds=None, hint="Wait."),
        FetchFailed("down", retry_after_seconds=3),
    ],
)
def test_an_error_is_the_same_in_another_process(error: SaysoError) -> None:
    """Its kind, its words and what it says besides."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own
    assert type(again) is type(error)
    assert again.__dict__ == error.__dict__
    assert str(again) == str(error)
