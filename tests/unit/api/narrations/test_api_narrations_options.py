"""The options of ``/v1/narrations`` are those of the spec: none is stated a second time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from sayso.api.http.openapi import json_request
from sayso.api.schemas.narrations import NarrationBody, NarrationForm
from sayso.narration import NarrationSpec, offered_options
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED
from support.narrations.client import URL

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from sayso.testing import InMemoryNarrationStore

OWN = ("text", "url", "callback_url")
"""The fields that are no options: what is narrated, and who is called."""


def schema(fields: Any) -> dict[str, Any]:
    content: dict[str, Any] = json_request(fields)["requestBody"]["content"]["application/json"]["schema"]
    properties: dict[str, Any] = content["properties"]
    return properties


@pytest.mark.parametrize("fields", [NarrationBody, NarrationForm])
def test_every_option_that_is_offered_is_a_field_and_no_other(fields: Any) -> None:
    """In the spec's order, between the text and the callback."""
    assert tuple(schema(fields)) == ("text", "url", *offered_options(), "callback_url")
    assert set(fields.model_fields) == {*OWN, *offered_options()}


@pytest.mark.parametrize("name", offered_options())
def test_an_option_has_the_description_and_the_default_of_the_spec(name: str) -> None:
    """OpenAPI shows what the spec says."""
    (field,) = [fact for fact in get_args(NarrationSpec.__annotations__[name]) if isinstance(fact, FieldInfo)]
    shown = schema(NarrationBody)[name]
    assert shown["description"] == field.description
    assert NarrationBody().options()[name] == getattr(NarrationSpec(), name)
    assert shown.get("default") == to_jsonable_python(getattr(NarrationSpec(), name))


def test_bounds_are_those_of_the_spec() -> None:
    """Of the speed, the formats and the styles."""
    shown = schema(NarrationBody)
    assert (shown["speed"]["minimum"], shown["speed"]["maximum"]) == (MINIMUM_SPEED, MAXIMUM_SPEED)
    assert shown["audio"]["items"] == {"enum": ["mp3", "wav", "flac", "opus", "aac", "m4a"], "type": "string"}
    assert shown["style"]["enum"] == ["netflix", "bbc", "kids", "flashcard", "karaoke"]


def test_a_lexicon_is_kept_with_the_narration(client: TestClient, store: InMemoryNarrationStore) -> None:
    """Its text is in the job and in the narration object, however it is sent; without one there is no such key."""
    lexicon = "# Names\nSQL = sequel\n"
    sent = [
        client.post(URL, json={"text": "SQL [1].", "lexicon": lexicon, "citations": "drop"}),
        client.post(URL, data={"lexicon": lexicon, "citations": "drop"}, files={"file": ("a.md", b"SQL [1].")}),
    ]
    assert [answer.status_code for answer in sent] == [202, 202], [answer.text for answer in sent]
    for answer in sent:
        assert client.get(f"{URL}/{answer.json()['id']}").json()["lexicon"] == lexicon
    for job in store.stories.jobs.values():
        message = json.loads(job.body)
        assert (message["version"], message["lexicon"], message["citations"]) == (2, lexicon, "drop")
    assert "lexicon" not in client.post(URL, json={"text": "SQL.", "lexicon": None}).json()


def test_a_wrong_lexicon_is_refused_with_its_line(client: TestClient) -> None:
    """Before anything is accepted."""
    for answer in (
        client.post(URL, json={"text": "SQL.", "lexicon": "SQL = sequel\nSQL /sequel/"}),
        client.post(URL, data={"lexicon": "SQL = sequel\nSQL /sequel/"}, files={"file": ("a.md", b"SQL.")}),
    ):
        error = answer.json()["error"]
        assert (answer.status_code, error["param"], error["code"]) == (400, "lexicon", "invalid_lexicon")
        assert "line 2" in error["message"]
