"""``/v1/audio/alignments``: what it answers, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import ModelMissing
from sayso.settings import Settings
from sayso.subtitles import parse_subtitles
from support.alignment.written import Writer
from support.api.app_contexts import client_of, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

TEXT = "The ferry leaves at 25 past. Bring a warm coat, and be early."
WRITER = (
    Writer().pause(0.4).say("The ferry leaves at twenty five past").pause(0.5).say("Bring a warm coat and be early")
)
READING = WRITER.pause(0.5).wav


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served()) as client:
        yield client


def post(client: TestClient, file: bytes = READING, **fields: Any) -> Any:
    return client.post("/v1/audio/alignments", files={"file": ("reading.wav", file)}, data={"text": TEXT} | fields)


def test_every_word_has_its_time_place_and_confidence(client: TestClient) -> None:
    """The answer is the JSON of a narration; a number is one word."""
    answer = post(client)
    body = answer.json()
    assert [word["text"] for word in body["words"]] == TEXT.replace(".", "").replace(",", "").split()
    assert all(TEXT[word["char_start"] : word["char_end"]] == word["text"] for word in body["words"])
    assert body["words"][0]["start"] == pytest.approx(WRITER.times[0][1], abs=0.05)
    assert body["words"][4]["end"] == pytest.approx(WRITER.times[5][2], abs=0.08)
    assert all(0 < word["confidence"] <= 1 for word in body["words"])
    assert (body["gaps"], body["insertions"], body["timing"], body["version"]) == ([], [], "aligned", 1)
    assert len(body["segments"]) == 2
    assert answer.headers["x-sayso-engine"] == "written" == body["engine"]


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_subtitles_are_an_answer_of_their_own_or_in_the_json(client: TestClient, form: str) -> None:
    """Both are the same."""
    alone = post(client, response_format=form).text
    assert post(client, subtitles=["srt", "vtt", "ass"]).json()["subtitles"][form] == alone
    assert " ".join(line for cue in parse_subtitles(alone) for line in cue.lines) == TEXT


def test_ttml_is_an_answer_of_its_own_or_in_the_json(client: TestClient) -> None:
    """With its own media type, in the form of the style's owner."""
    alone = post(client, response_format="ttml", style="bbc")
    assert alone.headers["content-type"] == "application/ttml+xml"
    assert "urn:ebu:tt:distribution" in alone.text
    assert post(client, subtitles=["ttml"], style="bbc").json()["subtitles"]["ttml"] == alone.text


def test_the_text_may_be_a_file(client: TestClient) -> None:
    """As curl sends it: ``-F text=@story.txt``."""
    files: dict[str, Any] = {"file": ("reading.wav", READING), "text": ("story.txt", TEXT.encode(), "text/plain")}
    answer = client.post("/v1/audio/alignments", files=files)
    assert len(answer.json()["words"]) == 13


def test_what_is_not_spoken_is_a_gap(client: TestClient) -> None:
    """With its place in the text."""
    more = f"{TEXT} Nothing here was said by anybody."
    (gap,) = post(client, text=more).json()["gaps"]
    assert more[gap["char_start"] : gap["char_end"]].endswith("said by anybody")


def test_markdown_is_not_spoken(client: TestClient) -> None:
    """Its marks are in no word, and a heading is a chapter."""
    body = post(client, text="# The ferry leaves\n\nat **25** past", markdown="true").json()
    assert [word["text"] for word in body["words"]] == ["The", "ferry", "leaves", "at", "25", "past"]
    assert [chapter["title"] for chapter in body["chapters"]] == ["The ferry leaves"]


@pytest.mark.parametrize(("sent", "language"), [("English", "en"), ("en-US", "en-US"), ("en_gb", "en-gb")])
def test_a_language_is_a_tag_or_a_name(client: TestClient, sent: str, language: str) -> None:
    """As for transcriptions."""
    assert post(client, language=sent).json()["language"] == language


def test_auto_is_the_language_of_the_text(client: TestClient) -> None:
    """Where the text shows it; without the field, it is English."""
    assert post(client, language="auto").json()["language"] == "en"
    assert post(client, text="Ferry.").json()["language"] == "en-us"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"text": ""}, "text"),
        ({"text": " … "}, "text"),
        ({"language": "!"}, "language"),
        ({"language": "auto", "text": "Ferry."}, "language"),
        ({"style": "plain"}, "style"),
        ({"response_format": "text"}, "response_format"),
        ({"response_format": "srt", "subtitles": ["vtt"]}, "subtitles"),
        ({"model": "whisper-1"}, "model"),
    ],
)
def test_a_mistake_names_its_field(client: TestClient, fields: dict[str, Any], param: str) -> None:
    """And has OpenAI's envelope."""
    answer = post(client, **fields)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def test_recordings_have_the_errors_of_transcriptions(client: TestClient) -> None:
    """No audio, too short, and none at all."""
    noise = post(client, b"not audio at all")
    assert noise.json()["error"]["message"].startswith("Invalid file format.")
    short = post(client, Writer().pause(0.05).wav)
    assert short.json()["error"]["code"] == "audio_too_short"
    missing = client.post("/v1/audio/alignments", files={"other": ("a.wav", READING)}, data={"text": TEXT})
    assert missing.json()["error"]["param"] == "file"
    assert {noise.status_code, short.status_code, missing.status_code} == {400}


def test_limits_are_those_of_the_settings() -> None:
    """Of the upload's size, and of the recording's length; a text may have half a MiB."""
    settings = Settings(max_upload_bytes=100_000, max_audio_seconds=1.0)
    with client_of(fake_served(settings=settings)) as client:
        assert post(client).status_code == 413
        quiet = Writer().pause(1.5).wav
        assert post(client, quiet).json()["error"]["code"] == "audio_too_long"
        assert post(client, quiet, text="word " * 110_000).status_code == 400


def test_without_the_model_the_server_says_so() -> None:
    """It is the operator's to pull it."""

    def missing() -> Any:
        raise ModelMissing("The model hama-phonemes is not complete in /somewhere")

    with client_of(replace(fake_served(), aligner=missing)) as client:
        answer = post(client)
    assert answer.status_code in {500, 503}
    assert "/somewhere" not in answer.text
