"""``/v1/audio/transcriptions`` as OpenAI's Python client uses it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sayso.subtitles import parse_subtitles
from support.audio.sounds import encoded
from support.openai_server.conformance import heard, silent_samples, wav

if TYPE_CHECKING:
    from openai import OpenAI

    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine

FIRST, LAST = "keeper", "boats"

SEGMENT_FIELDS = {
    "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob",
}  # fmt: skip


def listen(client: OpenAI, recording: bytes, **fields: Any) -> Any:
    """The answer for a recording."""
    return client.audio.transcriptions.create(**({"model": "whisper-1", "file": ("night.wav", recording)} | fields))


def plain(text: str) -> str:
    """The words alone."""
    return " ".join(re.findall(r"[a-z']+", text.lower()))


@pytest.fixture(scope="module")
def verbose(client: OpenAI, recording: bytes) -> dict[str, Any]:
    """verbose_json with both granularities."""
    answer = listen(
        client, recording, response_format="verbose_json", timestamp_granularities=["word", "segment"], language="en"
    )
    body: dict[str, Any] = answer.model_dump()
    return body


@pytest.fixture(scope="module")
def duration_seconds(recording: bytes) -> float:
    return heard(recording).duration_seconds


def test_json_is_the_text(client: OpenAI, recording: bytes) -> None:
    """By default the answer is the text."""
    text = listen(client, recording).text
    assert FIRST in text
    assert LAST in text


def test_json_says_what_was_used(client: OpenAI, recording: bytes, duration_seconds: float) -> None:
    """json has ``usage``: the length of the recording in seconds."""
    usage = listen(client, recording, response_format="json").usage
    assert usage.type == "duration"
    assert usage.seconds == pytest.approx(duration_seconds, abs=1)


def test_text_is_bare(client: OpenAI, recording: bytes) -> None:
    """``text`` is the text and nothing around it."""
    answer = listen(client, recording, response_format="text")
    assert isinstance(answer, str)
    assert answer.strip()[0].isalpha()
    assert LAST in answer


def test_srt_is_subrip(client: OpenAI, recording: bytes, duration_seconds: float) -> None:
    """``srt`` is a file of numbered cues, in order, within the recording, with every word."""
    answer = listen(client, recording, response_format="srt")
    assert re.match(r"1\r?\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\r?\n", answer)
    cues = parse_subtitles(answer)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(cues))
    assert cues[-1].end_ms <= duration_seconds * 1000 + 1
    assert LAST in answer


def test_vtt_is_webvtt(client: OpenAI, recording: bytes) -> None:
    """``vtt`` begins with its signature, and holds every word."""
    answer = listen(client, recording, response_format="vtt")
    assert answer.startswith("WEBVTT\n\n")
    assert len(parse_subtitles(answer)) >= 2
    assert LAST in answer


def test_verbose_says_what_it_heard(verbose: dict[str, Any], duration_seconds: float) -> None:
    """verbose_json has the task, the language as an English word in lower case, the length and the text."""
    assert verbose["task"] == "transcribe"
    assert verbose["language"] == "english"
    assert verbose["duration"] == pytest.approx(duration_seconds, abs=0.1)
    assert LAST in verbose["text"]


def test_verbose_says_what_was_used(verbose: dict[str, Any], duration_seconds: float) -> None:
    """verbose_json has ``usage`` too."""
    assert verbose["usage"]["type"] == "duration"
    assert verbose["usage"]["seconds"] == pytest.approx(duration_seconds, abs=1)


def test_segments_have_every_field(verbose: dict[str, Any]) -> None:
    """Each segment has all of OpenAI's fields, none of them null, of the right types."""
    segments = verbose["segments"]
    assert len(segments) >= 2
    for number, segment in enumerate(segments):
        assert set(segment) >= SEGMENT_FIELDS
        assert segment["id"] == number
        assert isinstance(segment["seek"], int)
        assert all(isinstance(token, int) for token in segment["tokens"])
        assert segment["tokens"]
        assert segment["avg_logprob"] <= 0
        assert 0 <= segment["no_speech_prob"] <= 1
        assert segment["compression_ratio"] > 0


def test_segments_are_in_order(verbose: dict[str, Any]) -> None:
    """Segments follow one another, end after they begin, end with the recording at the latest, and hold the text."""
    segments = verbose["segments"]
    assert all(segment["start"] < segment["end"] <= verbose["duration"] + 0.001 for segment in segments)
    assert all(before["end"] <= after["start"] + 0.001 for before, after in pairwise(segments))
    assert plain(" ".join(segment["text"] for segment in segments)) == plain(verbose["text"])


def test_words_have_times(verbose: dict[str, Any]) -> None:
    """Each word has its times: none null, in order, none before its beginning, none after the recording's end."""
    words = verbose["words"]
    for word in words:
        assert word["word"].strip()
        assert 0 <= word["start"] <= word["end"] <= verbose["duration"] + 0.001
    assert all(before["start"] <= after["start"] for before, after in pairwise(words))
    assert plain(" ".join(word["word"] for word in words)) == plain(verbose["text"])


def test_the_default_granularity_is_the_segment(client: OpenAI, recording: bytes) -> None:
    """verbose_json without granularities has segments and no words."""
    answer = listen(client, recording, response_format="verbose_json")
    assert answer.segments
    assert not answer.words


def test_words_alone(client: OpenAI, recording: bytes) -> None:
    """With ``word`` alone there are words and no segments."""
    answer = listen(client, recording, response_format="verbose_json", timestamp_granularities=["word"])
    assert answer.words
    assert not answer.segments


@pytest.mark.parametrize("name", ["timestamp_granularities", "timestamp_granularities[]"])
def test_granularities_with_and_without_brackets(client: OpenAI, recording: bytes, name: str) -> None:
    """The field is understood with brackets, as the client sends it, and without."""
    answer: Any = client.post(
        "/audio/transcriptions",
        body={"model": "whisper-1", "response_format": "verbose_json", name: "word"},
        files={"file": ("night.wav", recording)},
        options={"headers": {"content-type": "multipart/form-data"}},
        cast_to=object,
    )
    assert answer["words"]


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"])
def test_every_transcription_model_of_openai_listens(client: OpenAI, recording: bytes, model: str) -> None:
    """OpenAI's model names for transcription are served."""
    assert LAST in listen(client, recording, model=model).text


def test_local_models_go_by_their_names(client: OpenAI, recording: bytes, target: Target) -> None:
    """A local model is asked for by its own name."""
    assert LAST in listen(client, recording, model=target.transcription_model).text


@pytest.mark.parametrize("kind", ["wav", "mp3", "ogg", "flac", "m4a", "webm", "mp4", "opus"])
def test_every_container_is_heard(client: OpenAI, recording: bytes, kind: str) -> None:
    """Files of every kind that OpenAI takes are heard."""
    data = encoded(heard(recording).samples, kind)
    assert LAST in listen(client, data, file=(f"night.{kind}", data)).text


def test_language_is_taken(client: OpenAI, french_recording: bytes) -> None:
    """With ``language`` the text is in it, and verbose_json names it."""
    answer = listen(client, french_recording, language="fr", response_format="verbose_json")
    assert answer.language == "french"
    assert "lampe" in answer.text.lower()


def test_language_is_detected(client: OpenAI, french_recording: bytes) -> None:
    """Without ``language`` it is detected."""
    assert listen(client, french_recording, response_format="verbose_json").language == "french"


def test_prompt_is_taken(client: OpenAI, recording: bytes) -> None:
    """``prompt`` is taken and is not part of the text."""
    text = listen(client, recording, prompt="A story about Ardnamurchan lighthouse.").text
    assert "Ardnamurchan" not in text
    assert LAST in text


@pytest.mark.parametrize("temperature", [0.0, 0.2, 1.0])
def test_temperature_is_taken(client: OpenAI, recording: bytes, temperature: float) -> None:
    """``temperature`` from 0 to 1 is taken."""
    assert listen(client, recording, temperature=temperature).text


@pytest.mark.parametrize(
    "strategy",
    ["auto", {"type": "server_vad"}, {"type": "server_vad", "threshold": 0.4, "silence_duration_ms": 300}],
)
def test_chunking_strategy_is_taken(client: OpenAI, recording: bytes, strategy: Any) -> None:
    """``chunking_strategy`` is auto or describes how speech is told from silence."""
    assert LAST in listen(client, recording, model="gpt-4o-transcribe", chunking_strategy=strategy).text


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json"])
def test_silence_is_no_error(client: OpenAI, response_format: Any) -> None:
    """Silent audio is 200 with an empty text, in every format."""
    quiet = wav(silent_samples(3.0))
    answer = listen(client, quiet, response_format=response_format)
    text = answer if isinstance(answer, str) else answer.text
    assert text.strip() in {"", "WEBVTT"}


def test_noise_is_no_error(client: OpenAI) -> None:
    """Faint noise without a word in it is 200, and brings no words of its own."""
    noise = (0.003 * np.random.default_rng(3).standard_normal(3 * 24_000)).astype(np.float32)
    assert len(listen(client, wav(noise)).text.split()) <= 2


def test_a_tenth_of_a_second_is_enough(client: OpenAI) -> None:
    """Audio of 0.1 s is taken."""
    assert listen(client, wav(silent_samples(0.11))).text == ""


@pytest.fixture(scope="module")
def events(client: OpenAI, recording: bytes) -> list[Any]:
    """The events of a streamed transcription."""
    return list(listen(client, recording, model="gpt-4o-mini-transcribe", stream=True))


def test_a_stream_tells_the_text_in_pieces(events: list[Any]) -> None:
    """A stream is ``transcript.text.delta`` events, at least one for each part of the recording, and one done."""
    types = [event.type for event in events]
    assert types.count("transcript.text.done") == 1
    assert types[-1] == "transcript.text.done"
    assert set(types[:-1]) <= {"transcript.text.delta", "transcript.text.segment"}
    assert types.count("transcript.text.delta") >= 2


def test_the_last_event_has_the_whole_text(events: list[Any]) -> None:
    """``transcript.text.done`` has the text, and the deltas, joined, are the same."""
    whole = events[-1].text
    assert LAST in whole
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == whole


def test_a_silent_stream_is_one_event(client: OpenAI) -> None:
    """Silence, streamed, ends with an empty text and no error."""
    told = list(listen(client, wav(silent_samples(2.0)), model="gpt-4o-mini-transcribe", stream=True))
    assert told[-1].type == "transcript.text.done"
    assert told[-1].text == ""
