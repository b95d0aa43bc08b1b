"""The options of ``/v1/narrations`` are those of the spec: none is stated a second time."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from sayso.api.http.openapi import json_request
from sayso.api.schemas.narrations import NarrationBody, NarrationForm
from sayso.narration import NarrationSpec, offered_options
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

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
