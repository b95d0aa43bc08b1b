"""What an author writes between brackets to be done."""

from __future__ import annotations

import pytest

from sayso.errors import InvalidInput
from sayso.text.directives import Pause, VoiceSwitch, find_directives


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("[pause 0.5s]", 0.5),
        ("[pause 500ms]", 0.5),
        ("[pause 0,5 s]", 0.5),
        ("[pause .5s]", 0.5),
        ("[Pause 2S]", 2.0),
        ("[pause0]", None),
        ("[pause 60s]", 60.0),
    ],
)
def test_a_pause_says_how_long_in_seconds_or_milliseconds(written: str, seconds: float | None) -> None:
    """Lengths are read in either unit, with point or comma; "[pause0]" is a word in brackets."""
    found = [directive.seconds for directive in find_directives(f"a {written} b") if isinstance(directive, Pause)]
    assert found == ([] if seconds is None else [seconds])


def test_a_directive_covers_its_brackets_and_no_more() -> None:
    """Its span is what must not be spoken."""
    text = "a [pause 1s] b"
    (directive,) = find_directives(text)
    assert directive.span.of(text) == "[pause 1s]"


@pytest.mark.parametrize(
    "text", ["[voice:bm_george] Hello.", "Hi.\n  [voice: bm_george ]\nHello.", "[pause 1s][voice:bm_george]"]
)
def test_a_voice_switch_begins_a_line(text: str) -> None:
    """White space and other directives may stand before it."""
    switches = [directive for directive in find_directives(text) if isinstance(directive, VoiceSwitch)]
    assert [switch.voice for switch in switches] == ["bm_george"]


def test_a_voice_may_be_a_blend_or_the_documents_own() -> None:
    """Names are handed on as they are written; no name means the first voice."""
    found = find_directives("[voice:af_heart:0.6+bm_george:0.4]\nA\n[voice:]\nB")
    assert [switch.voice for switch in found if isinstance(switch, VoiceSwitch)] == ["af_heart:0.6+bm_george:0.4", ""]


@pytest.mark.parametrize(
    "text",
    [
        "[pause]",
        "[pause abc]",
        "[pause 5]",
        "[pause 61s]",
        "[pause 60001ms]",
        "[pause -1s]",
        "[pause 1s",
        "[voice:a",
        "Hello [voice:a]",
        "[voice:a] Hello [voice:b]",
    ],
)
def test_a_malformed_directive_is_an_error_that_names_its_line(text: str) -> None:
    """Nothing an author wrote is dropped in silence, and a mistyped directive is not read aloud."""
    with pytest.raises(InvalidInput, match="Line 3") as caught:
        find_directives(f"first\nsecond\n{text}\nfourth")
    assert caught.value.hint


@pytest.mark.parametrize(
    "text", ["[sic]", "[paused]", "[pause-button]", "[voice breaking]", r"\[pause for effect]", "pause 1s"]
)
def test_other_brackets_are_text(text: str) -> None:
    """Only the two directives are; a backslash makes text even of those."""
    assert find_directives(text) == []


@pytest.mark.parametrize(
    "text",
    ["[pause for effect]", "[pause]", "[pause 61s]", "[pause 1s", "Then [voice:x] came.", "[voice:x", "[pause 1s [b]"],
)
def test_read_leniently_an_invalid_directive_is_text(text: str) -> None:
    """Chat models write such things: they are no reason to refuse a whole text."""
    assert find_directives(text, reading="lenient") == []


def test_read_leniently_the_valid_ones_are_carried_out() -> None:
    """Beside those that are not."""
    text = "[pause for effect] A [pause 1s] b. [voice:x]\n[voice:bm_george] C"
    found = find_directives(text, reading="lenient")
    assert [directive.span.of(text) for directive in found] == ["[pause 1s]", "[voice:bm_george]"]


def test_where_there_are_no_directives_brackets_are_text() -> None:
    assert find_directives("[pause 1s] [voice:bm_george]", reading="off") == []
