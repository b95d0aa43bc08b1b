"""``/v1/spoken``: what would be said, without an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sayso.api.schemas.spoken import MAXIMUM_TEXT_CHARACTERS
from sayso.testing import FakeSpeechEngine
from support.api.app_contexts import client_of, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

PATH = "/v1/spoken"
ENGINE = FakeSpeechEngine()


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(fake_served(speech=ENGINE)) as client:
        yield client


def ask(client: TestClient, text: str, **fields: Any) -> Any:
    return client.post(PATH, json={"text": text, **fields})


def test_markdown_and_a_lexicon_are_read(client: TestClient) -> None:
    """Marks are not said; a respelling and IPA are; the places are those of the text, in code points."""
    text = "# 🎉 The *SQL* of Grieg"
    [line] = ask(client, text, markdown=True, lexicon="SQL = sequel\nGrieg = /ɡɹiːɡ/").json()["lines"]
    assert line["spoken"] == "The sequel of Grieg"
    word = line["words"][1]
    assert (word["written"], text[word["start"] : word["end"]], word["ipa"]) == ("SQL", "SQL", None)
    assert line["words"][3]["ipa"] == "ɡɹiːɡ"


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({}, "text", "missing_required_parameter"),
        ({"text": ""}, "text", None),
        ({"text": "..."}, "text", None),
        ({"text": "a\0b"}, "text", None),
        ({"text": "It is [pause x] late."}, "text", None),
        ({"text": "a" * (MAXIMUM_TEXT_CHARACTERS + 1)}, "text", "string_above_max_length"),
        ({"text": "Late.", "lexicon": "Late"}, "lexicon", "invalid_lexicon"),
        ({"text": "Late.", "lexicon": "Late = /late"}, "lexicon", "invalid_lexicon"),
        ({"text": "Late.", "lexicon": "a = b\n" * 20_000}, "lexicon", "string_above_max_length"),
        ({"text": "Late.", "lexicon": ["Late = x"]}, "lexicon", None),
        ({"text": "Late.", "language": "no language"}, "language", None),
        ({"text": "Late.", "citations": "perhaps"}, "citations", None),
        ({"text": "Late.", "markdown": "yes"}, "markdown", None),
        ({"text": "Late.", "voice": "af_heart"}, "voice", "unknown_parameter"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_named(client: TestClient, fields: dict[str, Any], param: str, code: str | None) -> None:
    """In OpenAI's envelope, with the field."""
    answer = client.post(PATH, json=fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (param, code), error["message"]


def test_an_answer_that_would_be_too_large_is_refused(client: TestClient) -> None:
    """A long number has a word for each digit, each with many digits as what is written."""
    answer = ask(client, "9" * 40_000, lines=True)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (413, "text", "too_large")


def test_a_body_that_is_too_large_is_not_read(client: TestClient) -> None:
    """Whatever it holds."""
    assert client.post(PATH, json={"text": "a" * 4_000_000}).status_code == 413


def test_an_optional_field_that_is_null_is_as_if_it_were_not_sent(client: TestClient) -> None:
    """As for the other endpoints: many clients send all fields."""
    names = ("language", "markdown", "lines", "lexicon", "citations", "emoji")
    answer = ask(client, "It is 5 [1].", **dict.fromkeys(names))
    assert answer.json() == ask(client, "It is 5 [1].").json()


def test_no_engine_is_asked(client: TestClient) -> None:
    """Nothing is synthesised."""
    calls = ENGINE.calls
    assert ask(client, "It was late.").status_code == 200
    assert calls == ENGINE.calls


def test_it_is_described(client: TestClient) -> None:
    """The request and the answer are in the description of the API."""
    described = client.get("/openapi.json").json()["paths"][PATH]["post"]
    body = described["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"text", "language", "markdown", "lines", "lexicon", "citations", "emoji"}
    assert body["required"] == ["text"]
    assert body["properties"]["citations"]["enum"] == ["read", "drop", None]
    answer = described["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/SpokenAnswer"}
