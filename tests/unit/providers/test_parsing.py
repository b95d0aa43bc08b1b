"""The list of providers: what an entry says, what its preset adds, and how a wrong one is refused."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sayso.errors import InvalidInput
from sayso.providers.parsing import parse_providers, preset, presets

OWN = {"name": "office", "base_url": "http://10.0.0.5:8000/v1", "transcription": {"model": "small"}}


def parsed(*entries: Any) -> Any:
    return parse_providers(json.dumps(entries))


def test_the_name_of_a_preset_is_enough() -> None:
    (found,) = parsed("openai")
    assert found == preset("openai")
    assert (found.base_url, found.key_variables) == ("https://api.openai.com/v1", ("OPENAI_API_KEY",))
    assert [each.model for each in found.transcription.line("whisper-1")] == ["whisper-1", "gpt-transcribe"]
    assert found.shutdown_dates["tts-1"] == date(2027, 1, 6)


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_valid(name: str) -> None:
    """Those with a part or a model to name are, once it is named; each says where its facts are from."""
    named = {"transcription": {"model": "mine"}} if name == "azure" else {}
    (found,) = parsed({"name": name, "resource": "mine", **named})
    assert found.name == name
    assert presets()[name]["sources"]


def test_an_entry_may_differ_from_its_preset() -> None:
    (found,) = parsed({"name": "second", "preset": "openai", "key_variable": ["FIRST_KEY", "SECOND_KEY"]})
    assert (found.name, found.label) == ("second", "OpenAI")
    assert found.key_variables == ("FIRST_KEY", "SECOND_KEY")
    assert found.speech.named("tts-1") is not None


def test_a_preset_may_leave_a_part_to_the_user() -> None:
    """At Azure the resource is part of the address, and models go by the names of deployments."""
    (found,) = parsed({"name": "azure", "resource": "mine", "speech": {"model": "my-tts", "voices": ["alloy"]}})
    assert found.base_url == "https://mine.openai.azure.com/openai/v1"
    with pytest.raises(InvalidInput, match="needs resource"):
        parsed({"name": "azure", "speech": {"model": "my-tts", "voices": ["alloy"]}})


def test_a_service_of_ones_own_needs_no_key() -> None:
    (found,) = parsed(OWN)
    assert not found.needs_key
    serving = found.transcription.serving("whisper-1")
    assert serving is not None
    assert serving.model == "small"
    assert found.speech.serving("tts-1") is None


def test_the_line_of_a_model_ends_where_it_would_return() -> None:
    models = [{"model": "a", "successor": "b"}, {"model": "b", "successor": "a"}]
    (found,) = parsed(OWN | {"transcription": models})
    assert [each.model for each in found.transcription.line("a")] == ["a", "b"]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "a JSON list"),
        ("[]", "a JSON list"),
        ('["nowhere"]', "names no preset"),
        ("[17]", "name of a preset or an object"),
        ('["openai", "openai"]', "twice"),
        ('[{"preset": "openai"}]', "name"),
        ('[{"name": "Two Words", "preset": "openai"}]', "name"),
        ('[{"name": "whisper-base", "preset": "openai"}]', "an engine's"),
        ('[{"name": "kokoro", "preset": "openai"}]', "an engine's"),
        ('[{"name": "x", "base_url": "http://h/v1"}]', "no model"),
        ('[{"name": "x", "base_url": "http://u:secret@h/v1", "transcription": {"model": "m"}}]', "base_url"),
        ('[{"name": "azure", "resource": "evil/../x", "transcription": {"model": "m"}}]', "needs resource"),
        ('[{"name": "azure", "resource": "", "transcription": {"model": "m"}}]', "needs resource"),
        ('[{"name": "x", "base_url": "ftp://h", "speech": {"model": "m", "voices": ["v"]}}]', "base_url"),
        ('[{"name": "x", "base_url": "http://h/v1", "speech": {"model": "m"}}]', "voices"),
        ('[{"name": "x", "base_url": "http://h/v1", "transcription": {"modle": "m"}}]', "modle"),
        ('[{"name": "x", "base_url": "http://h/v1", "transcription": {"model": "m", "successor": "m"}}]', "successor"),
        ('[{"name": "x", "base_url": "http://h/v1", "transcription": {"model": "m", "successor": "n"}}]', "it lacks"),
        ('[{"name": "x", "base_url": "http://h/v1", "transcription": [{"model": "m"}, {"model": "m"}]}]', "twice"),
        ('[{"name": "x", "base_url": "http://h/v1", "key_variable": "A B", "transcription": {"model": "m"}}]', "key_v"),
        ('[{"name": "x", "base_url": "http://h:99999/v1", "transcription": {"model": "m"}}]', "host or the port"),
        ('[{"name": "x", "base_url": "http://h:port/v1", "transcription": {"model": "m"}}]', "host or the port"),
        ('[{"name": "x", "base_url": "http:///v1", "transcription": {"model": "m"}}]', "host or the port"),
        ('[{"name": "x", "base_url": "http://[::1/v1", "transcription": {"model": "m"}}]', "host or the port"),
        ('[{"name": "x", "base_url": "http://h\\u0000/v1", "transcription": {"model": "m"}}]', "host or the port"),
        ('[{"name": "x", "base_url": "http://h", "transcription": {"model": "m\\r\\nX: y"}}]', "control character"),
        ("\udcff", "not JSON"),
        (
            '[{"name": "x", "base_url":"http://h","speech":{"model":"m","voices":["v"],"voice_aliases": {"a":"w"}}}]',
            "w is none of its voices",
        ),
    ],
)
def test_a_wrong_list_is_refused(entries: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_providers(entries)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "sk-secret"},
        {"key_variable": "gsk_secret"},
        {"key_variable": ["OPENAI_API_KEY", "mZ3kQ9vR7tY1wX5nB8cD2fG4hJ6secret"]},
        {"base_url": "https://me:secret@h:99999/v1"},
    ],
)
def test_a_refusal_repeats_no_value(fields: dict[str, Any]) -> None:
    """A key that stands where it must not is not shown, nor taken for the name of a variable, which is shown."""
    with pytest.raises(InvalidInput) as caught:
        parsed({"name": "x", "preset": "openai", **fields})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "openai_key_2", "_K", "DEPARTMENT_42_TRANSCRIPTION_API_KEY_2"])
def test_the_names_of_variables_are_not_taken_for_keys(variable: str) -> None:
    assert parsed(OWN | {"key_variable": variable})[0].key_variables == (variable,)
