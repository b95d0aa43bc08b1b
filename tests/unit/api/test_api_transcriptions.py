"""``/v1/audio/transcriptions``, ``/translations`` and the hybrid routes: what they answer."""

from __future__ import annotations

import io
import json
import wave
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
import pytest

from sayso.alignment import AlignedWord, AlignedWords
from sayso.errors import EngineUnavailable, ModelMissing
from sayso.settings import Settings
from sayso.subtitles import parse_subtitles
from sayso.testing import FakeTranscriber
from sayso.types import Span
from support.api.app_contexts import client_of, fake_served
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.testclient import TestClient

    from sayso.alignment import Aligner, HeardWord
    from sayso.stt import Recording

HEARD = "It was late. Nobody came, and the lamp burned on."
HUM = encoded(np.random.default_rng(1).standard_normal(24_000 * 5).astype(np.float32) * 0.1, "wav")


class Unavailable(FakeTranscriber):
    """A cloud that does not answer."""

    name = "openai:whisper-1"

    def transcribe(self, *_args: Any, **_options: Any) -> Any:
        raise EngineUnavailable("OpenAI did not answer within 30 s.", reason="timeout")


class Cloud(FakeTranscriber):
    """A cloud that hears something else."""

    name = "openai:whisper-1"

    def __init__(self) -> None:
        super().__init__("The cloud heard this.")


class Exhausted(FakeTranscriber):
    """A cloud that fails after it has heard everything."""

    name = "openai:whisper-1"

    def transcribe(self, *args: Any, **options: Any) -> Any:
        super().transcribe(*args, **options)
        raise EngineUnavailable("OpenAI broke off.", reason="connection")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served()) as client:
        yield client


def post(client: TestClient, file: bytes = HUM, path: str = "/v1/audio/transcriptions", **fields: Any) -> Any:
    return client.post(path, files={"file": ("hum.wav", file)}, data={"model": "fake"} | fields)


def test_json_is_the_text_and_what_was_used(client: TestClient) -> None:
    """By default the answer is the text, with the seconds that count, and names the engine."""
    answer = post(client)
    assert answer.json() == {"text": HEARD, "usage": {"type": "duration", "seconds": 5}}
    assert answer.headers["x-sayso-engine"] == "fake"


def test_text_is_only_the_text(client: TestClient) -> None:
    """``text`` is the text and a line's end."""
    answer = post(client, response_format="text")
    assert answer.text == f"{HEARD}\n"
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("response_format", ["srt", "vtt"])
def test_subtitles_hold_every_word(client: TestClient, response_format: str) -> None:
    """Subtitles are those of our compiler, and hold what was heard."""
    answer = post(client, response_format=response_format)
    cues = parse_subtitles(answer.text)
    assert " ".join(line for cue in cues for line in cue.lines) == HEARD


def test_ttml_is_an_answer_of_its_own_or_in_the_json(client: TestClient) -> None:
    """An extension: with its own media type, and the language of what was heard."""
    alone = post(client, response_format="ttml")
    assert alone.headers["content-type"] == "application/ttml+xml"
    assert 'xml:lang="en"' in alone.text
    assert post(client, subtitles="ttml").json()["subtitles"]["ttml"] == alone.text


def test_verbose_json_has_every_field(client: TestClient) -> None:
    """Segments have all of OpenAI's fields, the language its English name, and words come only when asked for."""
    verbose = post(client, response_format="verbose_json").json()
    assert verbose["language"] == "english"
    assert verbose["task"] == "transcribe"
    assert verbose["duration"] == 5.0
    assert "words" not in verbose
    names = "id seek start end text tokens temperature avg_logprob compression_ratio no_speech_prob"
    assert all(set(segment) == set(names.split()) for segment in verbose["segments"])


@pytest.mark.parametrize("field", ["timestamp_granularities[]", "timestamp_granularities"])
def test_granularities_choose_the_times(client: TestClient, field: str) -> None:
    """Words have their times when they are asked for, in either way of writing the field."""
    asked: dict[str, Any] = {field: ["word"]}
    verbose = post(client, response_format="verbose_json", **asked).json()
    assert [word["word"] for word in verbose["words"]] == HEARD.replace(".", "").replace(",", "").split()
    assert all(word["start"] < word["end"] <= 5.0 for word in verbose["words"])
    assert "segments" not in verbose
    asked = {field: ["word", "segment"]}
    both = post(client, response_format="verbose_json", **asked).json()
    assert both["words"]
    assert both["segments"]


def test_events_bring_the_text_as_it_is_heard(client: TestClient) -> None:
    """Deltas joined are the text of the last event, which holds what was used."""
    answer = post(client, stream="true")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert "".join(event["delta"] for event in events[:-1]) == HEARD
    assert len(events) > 2
    assert events[-1]["type"] == "transcript.text.done"
    assert events[-1]["text"] == HEARD
    usage = events[-1]["usage"]
    assert (usage["type"], usage["input_tokens"]) == ("tokens", 50)  # ten for each second
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_one_transcription_has_everything(client: TestClient) -> None:
    """The last event of a stream has the times, the language and the subtitles; progress is sent only if requested."""
    asked: dict[str, Any] = {"timestamp_granularities[]": ["word", "segment"], "subtitles[]": ["srt", "vtt"]}
    answer = post(client, stream="true", progress="true", response_format="verbose_json", **asked)
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert events[0]["type"] == "transcript.text.delta"  # nothing is sent that a failure could follow at once
    positions = [event for event in events if event["type"] == "transcript.progress"]
    assert [event["seconds"] for event in positions] == sorted(event["seconds"] for event in positions)
    assert positions[-1] == {"type": "transcript.progress", "seconds": 5.0, "duration": 5.0}
    done = events[-1]
    for form in ("srt", "vtt"):
        assert done["subtitles"][form] == post(client, response_format=form).text
    whole = post(client, response_format="verbose_json", **asked).json()
    assert {name: done[name] for name in ("text", "words", "segments", "language", "duration", "subtitles")} == {
        name: whole[name] for name in ("text", "words", "segments", "language", "duration", "subtitles")
    }
    assert "subtitles" not in post(client, response_format="verbose_json").json()


@pytest.mark.parametrize(
    ("path", "file_field", "fields"),
    [
        ("/v1/audio/transcriptions", "file", {"model": "whisper-1"}),
        ("/v1/audio/transcriptions", "file", {"model": "whisper-1", "stream": "true"}),
        ("/v1/audio/translations", "file", {"model": "whisper-1"}),
        ("/api/v1/hybrid/stt", "audio_file", {}),
        ("/api/v1/hybrid/translate", "audio_file", {"target_language": "en", "source_language": "fr"}),
    ],
)
def test_a_recording_is_decoded_once_for_all_engines(
    monkeypatch: pytest.MonkeyPatch, path: str, file_field: str, fields: dict[str, str]
) -> None:
    """When the first engine fails after it has read the recording, the next one reads what was decoded for both."""
    opened = []
    av_open: Any = av.open

    def counting(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        opened.append(mode)
        return av_open(file, mode, *args, **options)

    with client_of(fake_served(cloud_transcriber=Exhausted())) as client:
        monkeypatch.setattr(av, "open", counting)
        answer = client.post(path, files={file_field: ("hum.wav", HUM)}, data=fields)
        assert answer.status_code == 200
        assert HEARD in answer.text
        counted = client.get("/metrics").text
    assert 'sayso_fallbacks_total{engine="openai",reason="connection"}' in counted
    assert opened == ["r"]


def test_silence_is_an_empty_text(client: TestClient) -> None:
    """Silence is answered like anything else: 200, nothing was said; streamed too."""
    silence = encoded(np.zeros(24_000, np.float32), "wav")
    assert post(client, silence).json()["text"] == ""
    events = post(client, silence, stream="true").text
    assert json.loads(events.removeprefix("data: "))["text"] == ""


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "docx"}, "response_format"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities"),
        ({"response_format": "verbose_json", "timestamp_granularities[]": "letter"}, "timestamp_granularities"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"subtitles[]": "srt", "response_format": "text"}, "subtitles"),
        ({"subtitles[]": "docx"}, "subtitles"),
        ({"temperature": "2"}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"language": "english please"}, "language"),
        ({"language": "de"}, "language"),
        ({"include[]": "logprobs"}, "include"),
        ({"chunking_strategy": "sometimes"}, "chunking_strategy"),
        ({"chunking_strategy": '{"type": "server_vad", "threshold": 7}'}, "chunking_strategy"),
        ({"tempreature": "0"}, "tempreature"),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, fields: dict[str, Any], param: str) -> None:
    """A wrong field is the caller's mistake and is named, with all four keys of the envelope."""
    answer = post(client, **fields)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param


@pytest.mark.parametrize(
    "fields",
    [
        {"chunking_strategy": "auto"},
        {"chunking_strategy": '{"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 500}'},
        {"chunking_strategy[type]": "server_vad", "chunking_strategy[prefix_padding_ms]": "100"},
    ],
)
def test_chunking_is_taken_in_every_form(client: TestClient, fields: dict[str, Any]) -> None:
    """A strategy comes as a word, as JSON, or member by member as OpenAI's client writes it."""
    assert post(client, **fields).json()["text"] == HEARD


def test_what_is_no_audio_is_said_so(client: TestClient) -> None:
    """A file that is not audio is told in OpenAI's words, one that is too short with its code."""
    answer = post(client, b"Dear all, this makes no sound.")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("Invalid file format.")
    short = post(client, encoded(np.ones(1000, np.float32) * 0.1, "wav"))
    assert (short.status_code, short.json()["error"]["code"]) == (400, "audio_too_short")
    assert short.json()["error"]["param"] == "file"
    empty = post(client, b"")
    assert empty.status_code == 400


def test_a_few_bytes_that_claim_to_be_hours_are_no_audio(client: TestClient) -> None:
    """Eight kilobytes at one sample a second are told as no recording, in OpenAI's words."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setparams((1, 1, 1, 8000, "NONE", ""))
        recording.writeframes(bytes([128]) * 8000)
    answer = post(client, file.getvalue())
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")
    assert answer.json()["error"]["message"].startswith("Invalid file format.")


def test_a_request_without_a_file_is_told(client: TestClient) -> None:
    """A form without its file says which field is missing."""
    answer = client.post("/v1/audio/transcriptions", files={"file": (None, "text")}, data={"model": "fake"})
    assert answer.status_code == 400
    answer = client.post("/v1/audio/transcriptions", files={"sound": ("hum.wav", HUM)}, data={"model": "fake"})
    assert answer.json()["error"]["param"] == "file"


def test_a_large_file_is_too_much_for_openais_names_only() -> None:
    """Over 25 MiB an OpenAI model name answers 413, and our own names listen."""
    large = encoded(np.zeros(24_000 * 60 * 10, np.float32), "wav")
    assert len(large) > 25 * 2**20
    with client_of(fake_served()) as client:
        refused = post(client, large, model="whisper-1")
        assert refused.status_code == 413
        assert set(refused.json()["error"]) == {"message", "type", "param", "code"}
        assert post(client, large, model="hybrid").status_code == 200


def test_an_upload_over_the_bound_is_refused() -> None:
    """What is larger than the server takes is refused for every model."""
    served = fake_served(settings=Settings(max_upload_bytes=100_000))
    with client_of(served) as client:
        assert post(client).status_code == 413
        assert served.scheduler.load.taken == 0


def test_translations_are_english(client: TestClient) -> None:
    """A translation is told to be one, and in English."""
    verbose = post(client, path="/v1/audio/translations", response_format="verbose_json").json()
    assert (verbose["task"], verbose["language"]) == ("translate", "english")
    assert post(client, path="/v1/audio/translations", response_format="diarized_json").status_code == 400
    assert post(client, path="/v1/audio/translations", language="fr").status_code == 200  # of the speech


def test_the_fallback_hears_what_the_cloud_does_not() -> None:
    """When OpenAI fails the local engine answers, for whole answers and streams, and it is counted."""
    with client_of(fake_served(cloud_transcriber=Unavailable())) as client:
        answer = post(client, model="whisper-1")
        assert (answer.json()["text"], answer.headers["x-sayso-engine"]) == (HEARD, "fake")
        assert HEARD in post(client, model="whisper-1", stream="true").text
        counted = client.get("/metrics").text
    assert 'sayso_fallbacks_total{engine="openai",reason="timeout"} 2.0' in counted


def test_a_stream_of_an_engine_with_another_behind_it_is_told_once() -> None:
    """The text of an engine that could still fail comes when it cannot any more, and only once."""
    with client_of(fake_served(cloud_transcriber=Cloud())) as client:
        answer = post(client, model="whisper-1", stream="true")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert "".join(event["delta"] for event in events[:-1]) == events[-1]["text"] == "The cloud heard this."


def hybrid(client: TestClient, **fields: Any) -> Any:
    return client.post("/api/v1/hybrid/stt", files={"audio_file": ("hum.wav", HUM)}, data=fields)


def test_hybrid_tells_who_heard_it() -> None:
    """The source is openai, local or fallback, and the metadata says how it was done."""
    with client_of(fake_served()) as client:
        local = hybrid(client).json()
    with client_of(fake_served(cloud_transcriber=Cloud())) as client:
        cloud = hybrid(client).json()
    with client_of(fake_served(cloud_transcriber=Unavailable())) as client:
        fallback = hybrid(client, return_debug="true").json()
    assert (local["source"], local["text"]) == ("local", HEARD)
    assert "debug" not in local
    assert (cloud["source"], cloud["metadata"]["model_used"]) == ("openai", "whisper-1")
    assert fallback["source"] == "fallback"
    assert fallback["debug"]["fallback_reason"] == "timeout"
    assert fallback["debug"]["chunk_details"]
    names = "confidence duration language fallback_used chunks_processed model_used processing_time"
    assert set(fallback["metadata"]) == set(names.split())
    assert fallback["metadata"]["fallback_used"]
    assert fallback["metadata"]["duration"] == 5.0


def test_hybrid_wants_one_recording(client: TestClient) -> None:
    """Neither a file nor an address, or both, is a mistake; so is an address of a private network."""
    none = client.post("/api/v1/hybrid/stt", files={"language": (None, "en")})
    both = hybrid(client, audio_url="https://example.com/a.wav")
    assert none.status_code == both.status_code == 400
    private = client.post("/api/v1/hybrid/stt", files={"audio_url": (None, "http://127.0.0.1:9/a.wav")})
    assert private.status_code == 400
    assert private.json()["error"]["param"] == "audio_url"


def test_hybrid_translation_has_both_texts(client: TestClient) -> None:
    """The text comes as it was said and in English; another target is a mistake."""
    files = {"audio_file": ("hum.wav", HUM)}
    answer = client.post("/api/v1/hybrid/translate", files=files, data={"target_language": "en"}).json()
    assert answer["original_text"] == answer["translated_text"] == HEARD
    assert (answer["source_language"], answer["target_language"]) == ("en", "en")
    refused = client.post("/api/v1/hybrid/translate", files=files, data={"target_language": "ru"})
    assert refused.json()["error"]["param"] == "target_language"


class Replaceable(FakeTranscriber):
    """One whose model may be replaced while it serves."""

    def transcribe(self, *args: Any, **options: Any) -> Any:
        transcript = super().transcribe(*args, **options)
        return replace(transcript, model="模型 a@2", fingerprint="fake 1 0123")


def test_a_model_that_may_be_replaced_is_named_by_its_answers() -> None:
    """By the hybrid route in its JSON, by the others in headers, in which only ASCII can be."""
    with client_of(fake_served(transcriber=Replaceable())) as client:
        answer = post(client)
        assert answer.headers["x-sayso-model"] == "%E6%A8%A1%E5%9E%8B a@2"
        assert answer.headers["x-sayso-fingerprint"] == "fake 1 0123"
        hybrid = client.post("/api/v1/hybrid/stt", files={"audio_file": ("hum.wav", HUM)})
        assert hybrid.json()["metadata"]["model_used"] == "模型 a@2"
    with client_of(fake_served()) as client:
        assert "x-sayso-model" not in post(client).headers


@pytest.mark.parametrize("form", ["verbose_json", "srt", "vtt"])
def test_times_come_from_the_aligner(form: str) -> None:
    """Where times are returned, words are placed in the sound, and a header says so; texts wait for no aligner."""

    class Later:
        """Finds each word a second after its middle."""

        def align(self, recording: Recording, text: str, *_: Any, heard: Sequence[HeardWord], **_context: Any) -> Any:
            words, at = [], 0
            for word in heard:
                at = text.index(word.text, at)
                start = round((word.start_seconds + 0.25) * 16_000)
                span = Span(start=at, end=at + len(word.text))
                words.append(
                    AlignedWord(span=span, start_sample=start, end_sample=start + 800, confidence=0.9, method="ctc")
                )
            return AlignedWords(words=tuple(words), duration_samples=recording.duration_samples, model="later")

    def starts(client: TestClient) -> list[int]:
        answer = post(client, response_format=form)
        timing.append(answer.headers["x-sayso-timing"])
        if form == "verbose_json":
            return [round(segment["start"] * 1000) for segment in answer.json()["segments"]]
        return [cue.start_ms for cue in parse_subtitles(answer.text)]

    def missing() -> Any:
        raise ModelMissing("It has not been pulled.")

    timing: list[str] = []
    with client_of(replace(fake_served(), aligner=missing)) as client:
        before = starts(client)
    with client_of(replace(fake_served(), aligner=lambda: cast("Aligner", Later()))) as client:
        assert "x-sayso-timing" not in post(client).headers
        after = starts(client)
    assert timing == ["estimated", "aligned"]
    assert [later - earlier for earlier, later in zip(before, after, strict=True)] == [250] * len(before)
