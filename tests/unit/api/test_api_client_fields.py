"""The fields of other servers' clients: each is honoured, named as ignored, or refused, as its table says."""

from __future__ import annotations

import io
import json
import wave
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sayso.api.schemas.audio import CaptionedSpeechBody, SpeechBody
from sayso.api.schemas.client_fields import CLIENT_FIELDS, KOKORO_LANGUAGES, ClientField, Treatment
from sayso.api.schemas.narrations import NarrationBody
from sayso.api.schemas.recordings import TimestampsForm, TranscriptionForm, TranslationForm
from sayso.audio import decode
from sayso.testing import FakeSpeechEngine, FakeTranscriber
from support.api.app_contexts import client_of, fake_served
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from sayso.stt import Transcript, TranscriptionOptions

HUM = encoded(np.random.default_rng(1).standard_normal(24_000).astype(np.float32) * 0.1, "wav")
SPEECH, CAPTIONED = "/v1/audio/speech", "/dev/captioned_speech"
TRANSCRIPTIONS, TRANSLATIONS = "/v1/audio/transcriptions", "/v1/audio/translations"
TIMESTAMPS = "/v1/audio/speech/timestamps"
SCHEMAS: dict[str, Any] = {
    SPEECH: SpeechBody,
    CAPTIONED: CaptionedSpeechBody,
    TRANSCRIPTIONS: TranscriptionForm,
    TRANSLATIONS: TranslationForm,
    TIMESTAMPS: TimestampsForm,
}
JSON = {SPEECH, CAPTIONED}


class Noting(FakeTranscriber):
    """Keeps the options of its last call."""

    def __init__(self) -> None:
        super().__init__()
        self.options: TranscriptionOptions | None = None

    def transcribe(self, recording: Any, options: Any = None, **more: Any) -> Transcript:
        self.options = options
        return super().transcribe(recording, options, **more)


EARS = Noting()


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served(transcriber=EARS)) as client:
        yield client


def post(client: TestClient, endpoint: str, **fields: Any) -> Any:
    if endpoint in JSON:
        body = {"model": "fake", "input": "It was late.", "voice": "fake_en", **fields}
        return client.post(endpoint, json=body)
    own = {} if endpoint == TIMESTAMPS else {"model": "fake"}
    return client.post(endpoint, files={"file": ("hum.wav", HUM)}, data={**own, **fields})


def rows(treatment: Treatment) -> list[Any]:
    return [
        pytest.param(endpoint, field, id=f"{endpoint} {field.name}")
        for endpoint, table in CLIENT_FIELDS.items()
        for field in table
        if field.treatment is treatment
    ]


def named(answer: Any) -> list[str]:
    return [name for name in answer.headers.get("sayso-ignored-fields", "").split(", ") if name]


def value_of(endpoint: str) -> Any:
    return 7 if endpoint in JSON else "7"


@pytest.mark.parametrize(("endpoint", "field"), rows(Treatment.HONOURED))
def test_a_honoured_field_is_one_of_the_endpoints_own(endpoint: str, field: ClientField) -> None:
    """Or it becomes one, or its members are treated by themselves."""
    assert field.members or (field.becomes or field.name) in SCHEMAS[endpoint].model_fields


@pytest.mark.parametrize(("endpoint", "field"), rows(Treatment.IGNORED))
def test_an_ignored_field_is_named_in_a_header(client: TestClient, endpoint: str, field: ClientField) -> None:
    """The request is served; the header says that the field had no effect, unless it asked for none."""
    assert named(post(client, endpoint, **{field.name: value_of(endpoint)})) == [field.name]
    for neutral in field.neutral:
        value = neutral if endpoint in JSON else str(neutral).lower()
        assert named(post(client, endpoint, **{field.name: value})) == []


@pytest.mark.parametrize(("endpoint", "field"), rows(Treatment.REFUSED))
def test_a_refused_field_is_named_with_the_reason(client: TestClient, endpoint: str, field: ClientField) -> None:
    """Ignoring it would give something else than the client asked for; a value that asks for nothing is accepted."""
    answer = post(client, endpoint, **{field.name: value_of(endpoint)})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, field.name, "unsupported_parameter")
    assert field.note in error["message"]
    for neutral in field.neutral:
        value = neutral if endpoint in JSON else str(neutral).lower()
        answer = post(client, endpoint, **{field.name: value})
        assert (answer.status_code, named(answer)) == (200, [])


@pytest.mark.parametrize("endpoint", CLIENT_FIELDS)
def test_a_field_of_no_table_is_still_refused(client: TestClient, endpoint: str) -> None:
    """It may be a typing error."""
    answer = post(client, endpoint, sped="2")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_parameter")


def test_ignored_fields_are_named_in_errors_too(client: TestClient) -> None:
    """And in the request's order, each once."""
    answer = post(client, SPEECH, seed=1, user="u", voice="no_such_voice")
    assert (answer.status_code, named(answer)) == (400, ["seed", "user"])


def samples_of(answer: Any) -> Any:
    return decode(io.BytesIO(answer.content), sample_rate_hz=24_000).samples


def test_a_speech_that_is_not_streamed_has_its_length(client: TestClient) -> None:
    """A Content-Length, and a WAV whose header states its length; the samples are the same."""
    whole = post(client, SPEECH, stream=False, response_format="wav")
    flowing = post(client, SPEECH, stream=True, response_format="wav")
    assert int(whole.headers["content-length"]) == len(whole.content)
    assert "content-length" not in flowing.headers
    with wave.open(io.BytesIO(whole.content)) as file:
        assert file.getnframes() * 2 == len(file.readframes(file.getnframes()))
        assert 0 < file.getnframes() < 24_000 * 5
    assert np.array_equal(samples_of(whole), samples_of(flowing))


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_every_format_comes_whole_too(client: TestClient, response_format: str) -> None:
    """With the format's media type."""
    answer = post(client, SPEECH, stream=False, response_format=response_format)
    assert (answer.status_code, int(answer.headers["content-length"])) == (200, len(answer.content))
    assert answer.content


def test_a_stream_of_events_is_a_stream(client: TestClient) -> None:
    """Both at once contradict one another."""
    answer = post(client, SPEECH, stream=False, stream_format="sse")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "stream")


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 48_000])
def test_the_sample_rate_is_the_clients(client: TestClient, rate: int) -> None:
    """Of the file's header, and of the same length in seconds."""
    usual = samples_of(post(client, SPEECH, stream=False, response_format="wav"))
    answer = post(client, SPEECH, stream=False, response_format="wav", sample_rate=rate)
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.getframerate() == rate
        assert abs(file.getnframes() / rate - len(usual) / 24_000) < 0.002
    bare = post(client, SPEECH, response_format="pcm", sample_rate=rate).content
    assert abs(len(bare) / 2 / rate - len(usual) / 24_000) < 0.002


@pytest.mark.parametrize(
    ("response_format", "rate"), [("opus", 44_100), ("mp3", 9000), ("wav", 7999), ("wav", 96_000), ("wav", 16_000.5)]
)
def test_a_rate_that_the_format_has_not_is_refused(client: TestClient, response_format: str, rate: float) -> None:
    """Another rate would be sent without a word."""
    answer = post(client, SPEECH, response_format=response_format, sample_rate=rate)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "sample_rate")


def test_bare_samples_are_at_24_khz_whatever_the_engine() -> None:
    """``pcm`` has no header that could state another rate."""
    slow = FakeSpeechEngine(sample_rate_hz=16_000)
    with client_of(fake_served()) as usual, client_of(fake_served(speech=slow)) as other:
        expected = len(post(usual, SPEECH, response_format="pcm").content)
        assert abs(len(post(other, SPEECH, response_format="pcm").content) - expected) < 100


@pytest.mark.parametrize("factor", [0.0, 0.5, 2.0])
def test_the_volume_is_multiplied(client: TestClient, factor: float) -> None:
    """The samples are, and what is beyond full scale is clipped."""
    usual = samples_of(post(client, SPEECH, response_format="wav"))
    louder = samples_of(post(client, SPEECH, response_format="wav", volume_multiplier=factor))
    assert np.allclose(louder, np.clip(usual * factor, -1, 1), atol=2e-4)
    refused = post(client, SPEECH, volume_multiplier=-1)
    assert refused.json()["error"]["param"] == "volume_multiplier"


@pytest.mark.parametrize(("code", "language"), [*KOKORO_LANGUAGES.items(), ("fr-fr", "fr-fr")])
def test_kokoros_language_codes_are_languages(code: str, language: str) -> None:
    """A letter, or a tag."""
    from sayso.api.schemas.sorted_fields import sort_fields

    assert sort_fields(SPEECH, {"lang_code": code}).kept == {"language": language}


def test_a_language_comes_before_its_code(client: TestClient) -> None:
    """The code is then named as ignored."""
    answer = post(client, SPEECH, language="en-us", lang_code="f")
    assert (answer.status_code, named(answer)) == (200, ["lang_code"])
    assert named(post(client, SPEECH, language="en-us", lang_code=None)) == []


@pytest.mark.parametrize("language", ["English", "ENGLISH", "en", "en-US", "en_us", "auto", "French"])
@pytest.mark.parametrize("endpoint", [SPEECH, CAPTIONED, "/v1/audio/speech/captions"])
def test_speech_takes_a_language_by_its_name_too(client: TestClient, endpoint: str, language: str) -> None:
    """As transcriptions do; ``auto`` is the voice's."""
    body = {"model": "fake", "input": "It was late.", "voice": "fake_en", "language": language}
    assert client.post(endpoint, json=body).status_code == 200
    refused = client.post(endpoint, json={**body, "language": "no language"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "language")


def test_narrations_take_a_language_by_its_name_too() -> None:
    """And ``auto`` for the voice's."""
    bodies = [{"text": "It was late.", "language": language} for language in ("English", "en-US", "auto")]
    read: list[Any] = [NarrationBody.model_validate(body) for body in bodies]
    assert [body.language for body in read] == ["en", "en-US", None]


@pytest.mark.parametrize(
    ("options", "ignored"),
    [
        ({"normalize": True, "url_normalization": True, "unit_normalization": True}, []),
        ({"normalize": False}, ["normalization_options.normalize"]),
        ({"unit_normalization": False}, ["normalization_options.unit_normalization"]),
        ({}, []),
        (None, []),
    ],
)
def test_normalisation_is_what_it_is(client: TestClient, options: Any, ignored: list[str]) -> None:
    """What is true is done; what cannot be switched off is named."""
    answer = post(client, SPEECH, normalization_options=options)
    assert (answer.status_code, named(answer)) == (200, ignored)


@pytest.mark.parametrize("options", ["all", {"normalise": True}, [1]])
def test_normalisation_options_are_an_object(client: TestClient, options: Any) -> None:
    """With the members that Kokoro-FastAPI has."""
    answer = post(client, SPEECH, normalization_options=options)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "normalization_options")


def options_after(client: TestClient, endpoint: str, **fields: Any) -> TranscriptionOptions:
    answer = post(client, endpoint, **fields)
    assert answer.status_code == 200, answer.text
    assert EARS.options is not None
    return EARS.options


@pytest.mark.parametrize("endpoint", [TRANSCRIPTIONS, TRANSLATIONS])
def test_words_that_may_occur_are_keywords(client: TestClient, endpoint: str) -> None:
    """Hot words as one text, keywords as a list, the prompt by either of its names."""
    fields = {"hotwords": "Ada, Lovelace", "keywords[]": ["Babbage", "Byron"], "prompt": "A lecture."}
    options = options_after(client, endpoint, **fields)
    assert options.keywords == ("Ada", "Lovelace", "Babbage", "Byron")
    assert options.prompt == "A lecture."
    assert options_after(client, endpoint, initial_prompt="A lecture.").prompt == "A lecture."
    assert options_after(client, endpoint).prompt is None


@pytest.mark.parametrize("endpoint", [TRANSCRIPTIONS, TRANSLATIONS])
def test_without_the_filter_everything_is_speech(client: TestClient, endpoint: str) -> None:
    """A threshold of 0 lets everything through; by default the engine decides."""
    vad = options_after(client, endpoint, vad_filter="false").vad
    assert vad is not None
    assert vad.threshold == 0.0
    assert options_after(client, endpoint, vad_filter="true").vad is None


def test_the_language_is_one_of_the_candidates(client: TestClient) -> None:
    """One candidate is the language; several are those among which it is detected; a named language comes first."""
    one = options_after(client, TRANSCRIPTIONS, **{"languages[]": ["fr"]})
    assert (one.language, one.languages) == ("fr", ())
    several = options_after(client, TRANSCRIPTIONS, **{"languages[]": ["fr", "en"]})
    assert (several.language, several.languages) == (None, ("fr", "en"))
    named_too = options_after(client, TRANSCRIPTIONS, language="en", **{"languages[]": ["fr", "en"]})
    assert (named_too.language, named_too.languages) == ("en", ())


@pytest.mark.parametrize(("sent", "language"), [("fr", "fr"), ("French", "fr"), ("auto", None), ("", None)])
@pytest.mark.parametrize("endpoint", [TRANSCRIPTIONS, TRANSLATIONS])
def test_a_language_may_be_named_in_english(client: TestClient, endpoint: str, sent: str, language: str | None) -> None:
    """Or be ``auto``, as clients of whisper.cpp send it."""
    assert options_after(client, endpoint, language=sent).language == language


@pytest.mark.parametrize("fields", [{"task": "translate"}, {"translate": "true"}])
def test_a_transcription_may_be_a_translation(client: TestClient, fields: dict[str, str]) -> None:
    """The answer says so."""
    assert options_after(client, TRANSCRIPTIONS, **fields).task == "translate"
    verbose = post(client, TRANSCRIPTIONS, response_format="verbose_json", **fields).json()
    assert (verbose["task"], verbose["language"]) == ("translate", "english")


def test_a_translation_is_streamed_too(client: TestClient) -> None:
    """Its deltas joined are its text."""
    answer = post(client, TRANSLATIONS, stream="true", language="fr")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    assert "".join(event.get("delta", "") for event in events) == events[-1]["text"]
    assert EARS.options is not None
    assert (EARS.options.task, EARS.options.language) == ("translate", "fr")


def test_gpt_transcribe_answers_the_languages() -> None:
    """As its clients expect, whichever engine transcribes; an empty list where none is known."""
    served = fake_served()
    models = served.catalogue.transcription
    more = {**models, "gpt-transcribe": replace(models["whisper-1"], id="gpt-transcribe")}
    with client_of(replace(served, catalogue=replace(served.catalogue, transcription=more))) as client:
        answer = post(client, TRANSCRIPTIONS, model="gpt-transcribe", language="fr")
        streamed = post(client, TRANSCRIPTIONS, model="gpt-transcribe", stream="true").text
    assert answer.json()["languages"] == [{"code": "fr"}]
    assert json.loads(streamed.strip().split("data: ")[-1])["languages"] == [{"code": "en"}]


@pytest.mark.parametrize("stream", [True, False])
def test_captioned_speech_has_every_word_with_its_time(client: TestClient, stream: bool) -> None:
    """As one object, or as one for each chunk, each on a line; the audio is that of the plain endpoint."""
    answer = post(client, CAPTIONED, stream=stream, response_format="pcm")
    objects = [json.loads(line) for line in answer.text.splitlines()]
    assert stream or len(objects) == 1
    words = [word for one in objects for word in one["timestamps"]]
    assert [word["word"] for word in words] == ["It", "was", "late."]
    assert all(word["start_time"] < word["end_time"] for word in words)
    assert {one["audio_format"] for one in objects} == {"audio/pcm"}
    import base64

    audio = b"".join(base64.b64decode(one["audio"]) for one in objects)
    assert audio == post(client, SPEECH, response_format="pcm").content


def test_captioned_speech_may_have_no_times(client: TestClient) -> None:
    """``return_timestamps`` false makes ``timestamps`` null."""
    answer = post(client, CAPTIONED, stream=False, return_timestamps=False)
    assert answer.json()["timestamps"] is None
