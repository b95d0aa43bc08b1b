"""``/v1/audio/speech/captions``: sound, words and subtitles in one answer, or as they are made."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any, get_args

import pytest

from sayso.audio import decode
from sayso.subtitles import STYLES, StyleName, parse_subtitles
from sayso.testing import FakeSpeechEngine
from support.api.app_contexts import client_of, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from sayso.types import Speech, Utterance

TEXT = "The keeper’s lamp costs £3.50. Nobody came."
PATH = "/v1/audio/speech/captions"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served()) as client:
        yield client


def ask(client: TestClient, **fields: Any) -> Any:
    return client.post(PATH, json={"model": "fake", "input": TEXT, "voice": "fake_en"} | fields)


def test_one_answer_has_it_all(client: TestClient) -> None:
    """The sound, the words as they were written with their times, and the subtitle files that were asked for."""
    answer = ask(client, subtitles=["srt", "ass"])
    body = answer.json()
    assert answer.headers["x-sayso-engine"] == body["engine"] == "fake"
    assert (body["timing"], body["response_format"], body["text"]) == ("exact", "mp3", TEXT)
    audio = decode(io.BytesIO(base64.b64decode(body["audio"])), sample_rate_hz=24_000)
    assert audio.duration_seconds == pytest.approx(body["duration"], abs=0.05)
    assert [word["text"] for word in body["words"]] == ["The", "keeper’s", "lamp", "costs", "£3.50", "Nobody", "came"]
    assert all(TEXT[word["char_start"] : word["char_end"]] == word["text"] for word in body["words"])
    assert set(body["subtitles"]) == {"srt", "ass"}
    cues = parse_subtitles(body["subtitles"]["srt"])
    assert " ".join(line for cue in cues for line in cue.lines) == TEXT


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_a_lexicon_and_dropped_citations_are_applied(stream_format: str) -> None:
    """The engine gets the respelling and no marks of notes; the words are shown as they are written."""
    heard: list[list[str]] = []

    class Listening(FakeSpeechEngine):
        def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
            heard.append([token.spoken for token in utterance.tokens])
            return super().synthesise(utterance, voice=voice, speed=speed)

    engine = Listening()
    options = {"lexicon": "SQL = sequel", "citations": "drop", "response_format": "pcm"}
    with client_of(fake_served(speech=engine)) as client:
        answer = ask(client, input="They use SQL [15].", stream_format=stream_format, **options)
        assert answer.status_code == 200
        refused = ask(client, lexicon="SQL sequel", stream_format=stream_format)
    assert heard == [["They", "use", "sequel"]]
    error = refused.json()["error"]
    assert (refused.status_code, error["param"], error["code"]) == (400, "lexicon", "invalid_lexicon")
    assert "SQL sequel" in error["message"]


def test_marks_of_markdown_are_in_no_subtitle(client: TestClient) -> None:
    """As Markdown a heading is spoken without its mark, is a chapter, and is shown so; otherwise text is text."""
    text = "# The Lamp\n\nIt *burned*, see [the log](https://example.org/log).\n\n- One.\n- Two."
    body = ask(client, input=text, subtitles=["srt", "vtt", "ass"], markdown=True).json()
    shown = " ".join(line for cue in parse_subtitles(body["subtitles"]["srt"]) for line in cue.lines)
    assert shown == "The Lamp It burned, see the log. One. Two."
    assert [chapter["title"] for chapter in body["chapters"]] == ["The Lamp"]
    assert all(text[word["char_start"] : word["char_end"]] == word["text"] for word in body["words"])
    streamed = ask(client, input=text, markdown=True, response_format="pcm", stream_format="sse").text
    assert "example.org" not in streamed
    assert "# The Lamp" in ask(client, input=text, subtitles=["srt"]).json()["subtitles"]["srt"]


def test_fast_speech_is_slowed_only_when_asked(client: TestClient) -> None:
    """The sound has the speed that was asked for whichever files come with it, unless subtitles may slow it down."""
    text = "Keepers counted seventeen gulls. " * 3
    plain = ask(client, input=text, speed=4.0, subtitles=[]).json()["duration"]
    assert ask(client, input=text, speed=4.0).json()["duration"] == plain
    assert ask(client, input=text, speed=4.0, keep_speed=False).json()["duration"] > plain


def test_bare_samples_are_as_long_as_they_say(client: TestClient) -> None:
    """``pcm`` has no header."""
    body = ask(client, response_format="pcm").json()
    assert len(base64.b64decode(body["audio"])) == round(body["duration"] * 24_000) * 2


@pytest.mark.parametrize("rate_hz", [16_000, 22_050])
def test_bare_samples_are_at_24_khz_whatever_the_engine(rate_hz: int) -> None:
    """No header could state another rate; in events too."""
    with client_of(fake_served(speech=FakeSpeechEngine(sample_rate_hz=rate_hz))) as client:
        body = ask(client, response_format="pcm").json()
        assert len(base64.b64decode(body["audio"])) / 2 == pytest.approx(body["duration"] * 24_000, abs=50)
        answer = ask(client, stream_format="sse", response_format="pcm")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    samples = sum(len(base64.b64decode(event.get("audio", ""))) for event in events) / 2
    assert samples == pytest.approx(events[-1]["duration"] * 24_000, abs=50)


def test_events_bring_words_before_their_sound(client: TestClient) -> None:
    """In events each word comes before the sound that it is heard in, and the last says how it was timed."""
    answer = ask(client, stream_format="sse", response_format="pcm")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    heard_seconds, words = 0.0, []
    for event in events:
        if event["type"] == "speech.words.delta":
            assert all(word["start"] >= heard_seconds for word in event["words"])
            words += event["words"]
        elif event["type"] == "speech.audio.delta":
            heard_seconds += len(base64.b64decode(event["audio"])) / 2 / 24_000
    assert [word["text"] for word in words] == ["The", "keeper’s", "lamp", "costs", "£3.50", "Nobody", "came"]
    last = events[-1]
    assert (last["type"], last["timing"], last["engine"]) == ("speech.audio.done", "exact", "fake")
    assert last["duration"] == pytest.approx(heard_seconds, abs=0.001)


def test_an_engine_without_times_says_so() -> None:
    """Times that were shared out by characters are called naive, in both kinds of answer."""
    with client_of(fake_served(speech=FakeSpeechEngine(timed=False))) as client:
        assert ask(client).json()["timing"] == "naive"
        assert '"timing": "naive"' in ask(client, stream_format="sse").text


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"subtitles": ["docx"]}, "subtitles"), ({"style": "loud"}, "style"), ({"input": " "}, "input")],
)
def test_what_is_wrong_is_named(client: TestClient, fields: dict[str, Any], param: str) -> None:
    """As in every other route."""
    answer = ask(client, **fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_every_style_can_be_asked_for() -> None:
    """The names that are taken are the presets that there are."""
    assert get_args(StyleName) == tuple(STYLES)
