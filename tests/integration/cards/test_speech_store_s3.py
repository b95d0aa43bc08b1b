"""The store of speech in S3: a failure is no miss, and nothing is bought that cannot be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from sayso.cards.speech_store import S3SpeechStore, open_s3_speech_store
from sayso.errors import ServiceUnavailable
from sayso.settings import Settings
from support.aws.s3_server import Fault, S3Server, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "a" * 64


@pytest.fixture(scope="module")
def shared() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def s3(shared: S3Server) -> S3Server:
    shared.start_over("bucket")
    return shared


@pytest.fixture
def store(s3: S3Server) -> S3SpeechStore:
    return open_s3_speech_store("s3://bucket", s3.settings())


def test_what_one_worker_stored_another_finds(s3: S3Server, store: S3SpeechStore) -> None:
    assert store.get(KEY) is None
    store.put(KEY, b"mp3")
    assert open_s3_speech_store("s3://bucket/", s3.settings()).get(KEY) == b"mp3"
    assert open_s3_speech_store("s3://bucket/other", s3.settings()).get(KEY) is None


def test_failures_that_pass_are_tried_again(s3: S3Server, store: S3SpeechStore) -> None:
    s3.faults += [Fault(kind="refuse", method="PUT"), Fault(kind="lose", method="PUT")]
    store.put(KEY, b"mp3")
    s3.faults += [Fault(kind="refuse", method="GET")]
    assert store.get(KEY) == b"mp3"


def test_a_store_that_cannot_be_read_is_no_miss() -> None:
    settings = Settings(
        aws_endpoint_url="http://127.0.0.1:9", aws_access_key_id="key", aws_secret_access_key=SecretStr("hush-hush")
    )
    store = open_s3_speech_store("s3://bucket", settings)
    with pytest.raises(ServiceUnavailable) as reading:
        store.get(KEY)
    with pytest.raises(ServiceUnavailable) as writing:
        store.put(KEY, b"mp3")
    assert "hush" not in f"{reading.value} {writing.value}"


def test_a_bucket_that_is_missing_takes_nothing(s3: S3Server) -> None:
    store = open_s3_speech_store("s3://nowhere", s3.settings())
    with pytest.raises(ServiceUnavailable, match="cannot be stored"):
        store.put(KEY, b"mp3")
