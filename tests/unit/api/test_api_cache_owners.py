"""Whether one key's speech is found by another is a setting."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.api.auth.keys import Scope, new_key
from sayso.cache import DirectoryCache
from sayso.settings import Settings
from sayso.tts.cache import SpeechCache
from support.api.app_contexts import client_of, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

ANN, BOB = (new_key(name, [Scope.SPEECH]) for name in ("ann", "bob"))


@contextmanager
def serving(directory: Path, *, is_per_owner: bool) -> Iterator[tuple[TestClient, list[bool]]]:
    """A client of a server with two keys, and whether each look into its cache found something."""
    looks: list[bool] = []
    store = DirectoryCache(directory, maximum_bytes=10**9)
    cache = SpeechCache(store, on_look_up=looks.append, is_per_owner=is_per_owner)
    settings = Settings(synthesis_workers=2, api_keys=(ANN.entry, BOB.entry))
    with client_of(replace(fake_served(settings=settings), cache=cache)) as client:
        yield client, looks


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/audio/speech/captions"])
@pytest.mark.parametrize(("is_per_owner", "found"), [(False, [False, True, True]), (True, [False, True, False])])
def test_a_key_finds_anothers_speech_where_it_may(
    tmp_path: Path, path: str, is_per_owner: bool, found: list[bool]
) -> None:
    """What a key had spoken it finds again, and another key does unless the setting parts them."""
    with serving(tmp_path, is_per_owner=is_per_owner) as (client, looks):
        for made in (ANN, ANN, BOB):
            body = {"model": "fake", "voice": "fake_en", "input": "Hello."}
            answer = client.post(path, json=body, headers={"x-api-key": made.key})
            assert answer.status_code == 200, answer.text
            assert answer.content
    assert looks == found
