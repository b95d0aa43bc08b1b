"""What is refused before a narration is accepted, and what is left to the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import (
    Cancelled,
    InvalidInput,
    ModelMissing,
    NothingToSay,
    SpeechTooLong,
    UnknownVoice,
    UnsupportedLanguage,
)
from sayso.narrations.checks import check_request
from sayso.scheduling import UNBOUNDED, Scheduler
from sayso.testing import FakeSpeechEngine
from sayso.tts.selection import LocalSpeech
from sayso.types import Voice
from support.narrations.service import request

if TYPE_CHECKING:
    from sayso.tts.base import SpeechEngine

LONG = "The lamp is lit. It is late.\n\n" * 2000


def source(engine: FakeSpeechEngine | None = None) -> LocalSpeech:
    opened = engine or FakeSpeechEngine()
    return LocalSpeech("fake", lambda: opened, aliases={"alloy": "fake_en"})


def missing() -> LocalSpeech:
    """An engine whose model has not been pulled."""

    def fail() -> SpeechEngine:
        raise ModelMissing("The model is missing.")

    return LocalSpeech("missing", fail)


def check(*sources: LocalSpeech, **fields: Any) -> None:
    check_request(request(**fields), sources or (source(),), UNBOUNDED)


@pytest.mark.parametrize("text", ["It is late.", "# It\n\n*is* [late](x).", "[pause 2s]\n[voice:fake_fr]\nTard.", LONG])
@pytest.mark.parametrize("markdown", [False, True])
def test_a_text_with_something_to_say_passes(text: str, markdown: bool) -> None:
    """Short or long, plain or Markdown."""
    check(text=text, markdown=markdown)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("…", NothingToSay),
        ("<!-- It is late. -->", NothingToSay),
        ("[pause soon]", InvalidInput),
        ("[voice:nobody]\nIt is late.", UnknownVoice),
    ],
)
@pytest.mark.parametrize("before", ["", "* * *\n\n" * 5000], ids=["short", "long"])
def test_a_text_that_cannot_be_narrated_is_refused(text: str, error: type[Exception], before: str) -> None:
    """Wherever in it the mistake is."""
    with pytest.raises(error):
        check(text=before + text, markdown=True)


def test_what_is_hidden_in_a_long_text_is_no_mistake() -> None:
    """A comment may hold what looks like a directive, and may reach over the end of what is looked at closely."""
    check(text="It is late. <!-- " + "[pause soon]\n" * 4000 + " -->", markdown=True)


def test_an_endless_line_costs_no_more_than_others() -> None:
    """It is looked at up to a space, or to where one would have been."""
    check(text="It is late. " * 100_000)
    check(text="late" * 300_000)
    check(text="… " * 300_000 + "late")
    with pytest.raises(NothingToSay):
        check(text="… " * 20_000)


def test_a_language_that_the_voice_does_not_speak_is_refused() -> None:
    """Which only speaking shows; the voice's own language is not tried."""
    engine = FakeSpeechEngine()
    check(source(engine), language="fr-fr")
    assert engine.calls == 1
    check(source(engine), language="en-us")
    check(source(engine), language="en")
    check(source(engine), language=None)
    assert engine.calls == 1
    with pytest.raises(UnsupportedLanguage):
        check(source(engine), language="tlh")


def test_the_first_engine_that_has_the_voice_is_asked() -> None:
    """By the name that the caller knows; one whose model is missing is passed over."""
    other = FakeSpeechEngine(voices=[Voice(name="other", language="fr-fr", engine="fake")])
    check(missing(), source(), source(other), voice="other")
    check(missing(), source(), voice="alloy")


def test_a_voice_that_nobody_has_is_refused_in_the_first_engines_words() -> None:
    """Most voices are the first's."""
    with pytest.raises(UnknownVoice, match="nobody"):
        check(source(), missing(), voice="nobody")
    with pytest.raises(ModelMissing):
        check(missing(), source(), voice="nobody")


def test_a_text_that_is_elsewhere_is_not_looked_at() -> None:
    """The voice is."""
    check(text=None, url="https://example.com/a.md")
    with pytest.raises(UnknownVoice):
        check(text=None, url="https://example.com/a.md", voice="nobody")


def test_nobody_waits_for_the_check_of_a_client_that_left() -> None:
    """It computes under permits of the request."""
    slot = Scheduler(permits=1, slots=1).admit("somebody")
    slot.close(cancelled=True)
    with pytest.raises(Cancelled):
        check_request(request(), [source()], slot)


@pytest.mark.parametrize("before", ["", "* * *\n\n" * 5000], ids=["short", "long"])
@pytest.mark.parametrize("text", ["It is late. " + "[pause 60s]" * 30, "It is late.\n\n" * 3000])
def test_a_text_that_takes_too_long_is_refused(before: str, text: str) -> None:
    """Its pauses count exactly, and its words by the least that they can take; the sender is told before it waits."""
    asked = request(text=before + text)
    check_request(asked, [source()], UNBOUNDED, maximum_seconds=1e6)
    with pytest.raises(SpeechTooLong):
        check_request(asked, [source()], UNBOUNDED, maximum_seconds=900.0)


def test_the_check_of_a_long_text_takes_many_turns_and_ends_when_its_client_leaves() -> None:
    """So that it holds up no other, and goes on for nobody."""
    turns = 0

    def left(_: float) -> None:
        nonlocal turns
        turns += 1
        if turns == 10:
            slot.close(cancelled=True)

    slot = Scheduler(permits=1, slots=1, on_wait=left).admit("somebody")
    with pytest.raises(Cancelled):
        check_request(request(text="… " * 300_000), [source()], slot)
    assert turns == 10
