"""The spec of a narration: its values are checked, and requests and messages take their options from it."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

from sayso.audio import AudioFormat
from sayso.errors import InvalidInput
from sayso.narration import (
    SHOWN,
    SUBTITLE_FORMATS,
    VERSION,
    NarrationSpec,
    SubtitleFormat,
    offered_options,
    spec,
    takes_none,
)
from sayso.narration.spec import Offered
from sayso.narrations.postgres.statements import ADD
from sayso.subtitles import STYLES, StyleName
from sayso.text import Lexicon, load_lexicon
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED


def test_values_have_the_types_that_are_written() -> None:
    """Lists become tuples and names formats, so that equal specs are equal whatever they were parsed from."""
    values: dict[str, Any] = {"audio": ["wav", "mp3"], "subtitles": ["srt"], "speed": 2}
    made = NarrationSpec(**values)
    assert made == NarrationSpec(audio=(AudioFormat.WAV, AudioFormat.MP3), subtitles=("srt",), speed=2.0)
    assert [type(each) for each in made.audio] == [AudioFormat, AudioFormat]
    assert made.formats == ("wav", "mp3", "srt")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("speed", MINIMUM_SPEED - 0.01),
        ("speed", MAXIMUM_SPEED + 0.01),
        ("speed", float("nan")),
        ("name", ""),
        ("name", "a" * 513),
        ("voice", ""),
        ("language", ""),
        ("audio", ("midi",)),
        ("subtitles", ("sub",)),
        ("style", "baroque"),
        ("loudness_lufs", -41.0),
        ("loudness_lufs", 0.0),
        ("emoji", "perhaps"),
        ("timing", "late"),
        ("lexicon", {"a": "b"}),
        ("lexicon", "no entry"),
        ("lexicon", "word = /!/"),
        ("lexicon", "a\0b = c"),
        ("lexicon", "a = b\n" * 20_000),
        ("lexicon", f"{'word ' * 41} = b"),
    ],
)
def test_what_is_out_of_bounds_is_refused(option: str, value: object) -> None:
    """At every edge and by `replace`; the error names the option."""
    values: dict[str, Any] = {option: value}
    with pytest.raises(InvalidInput, match=option.partition("_")[0]):
        NarrationSpec(**values)
    with pytest.raises(InvalidInput):
        replace(NarrationSpec(), **values)


def test_a_lexicon_is_read_from_its_text_and_written_as_it() -> None:
    """So that it passes through messages, and can be downloaded as the file that it was."""
    text = "# Names\nSiobhan = shivawn\n"
    values: dict[str, Any] = {"lexicon": text}
    made = NarrationSpec(**values)
    assert made == NarrationSpec(lexicon=load_lexicon(text))
    assert (made.content()["lexicon"], made.shown()["lexicon"]) == (text, text)
    assert NarrationSpec().shown()["lexicon"] is None


def test_a_spec_does_not_change() -> None:
    """It is frozen, and comes out of another process as it went in."""
    made = NarrationSpec(name="a", lexicon=Lexicon.empty())
    with pytest.raises(FrozenInstanceError):
        made.speed = 2.0  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 -- made in this test


def test_every_option_is_described() -> None:
    """In a sentence, once: here, and in OpenAPI where it is offered."""
    for name, annotation in NarrationSpec.__annotations__.items():
        (field,) = [fact for fact in get_args(annotation) if isinstance(fact, FieldInfo)]
        assert (field.description or "").endswith("."), name


def test_the_names_of_formats_and_styles_are_all_there_are() -> None:
    """Their types are spelled out for readers and type checkers."""
    assert get_args(StyleName) == tuple(STYLES)
    assert {name for part in get_args(SubtitleFormat) for name in get_args(part)} == set(SUBTITLE_FORMATS)


def test_what_is_shown_is_offered_and_has_a_column() -> None:
    """The narration object can only have what its row has."""
    assert set(SHOWN) <= set(offered_options())
    assert all(f"%({name})s" in ADD for name in SHOWN)
    assert tuple(NarrationSpec().shown()) == SHOWN


def test_the_first_version_says_all_that_it_offers() -> None:
    """Defaults too, so that fingerprints and messages stay what they were."""
    first = {name for name, offer in spec._offers().items() if offer.since == 1}
    assert set(NarrationSpec().content()) == first <= set(offered_options())
    assert NarrationSpec().version == 1


def test_a_later_option_is_said_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only then has the spec the later version, which readers that do not know the option refuse."""
    offers = {**spec._offers(), "emoji": Offered(since=VERSION + 1)}
    monkeypatch.setattr(spec, "_offers", lambda: offers)
    assert NarrationSpec().version == 1
    assert "emoji" not in NarrationSpec().content()
    named = NarrationSpec(emoji="name")
    assert named.version == VERSION + 1
    assert named.content() == NarrationSpec().content() | {"emoji": "name"}
    assert "emoji" in named.message()
    assert offered_options()["emoji"] == (NarrationSpec.__annotations__["emoji"], "drop")


def test_none_is_said_where_it_is_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is None by default is left out of messages; what is not must be told from its default."""
    offers = {**spec._offers(), "loudness_lufs": Offered(since=VERSION + 1)}
    monkeypatch.setattr(spec, "_offers", lambda: offers)
    assert NarrationSpec(loudness_lufs=None).message()["loudness_lufs"] is None
    assert "loudness_lufs" not in NarrationSpec().message()
    assert {"name", "voice", "language", "markdown"}.isdisjoint(NarrationSpec().message())
    assert takes_none("loudness_lufs")
    assert takes_none("voice")
    assert not takes_none("speed")
