"""Missing models are pulled when they are first needed: once, in the background, and on from where a pull ended."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from sayso.errors import Cancelled, ModelArriving, ModelMissing, SourceFailed
from sayso.models import ModelPulls, ModelStore
from support.models.toy import checksum, put, toy_file, toy_model
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.models.staging import DownloadStaging

WEIGHTS, CONFIG = b"weights" * 1000, b"{}"
TOY = toy_model(toy_file("model.bin", WEIGHTS), toy_file("config.json", CONFIG), places=["slow:toy"])
OTHER = toy_model(toy_file("other.bin", b"other"), name="other", places=["slow:other"])
CONTENT = {checksum(content): content for content in (WEIGHTS, CONFIG, b"other")}


class SlowSource:
    """Delivers what is wanted, piece by piece, when the test says so."""

    needs_network = True

    def __init__(self) -> None:
        self.go = threading.Event()
        self.fetched: list[str] = []
        self.received: list[str] = []
        self.error: SourceFailed | None = None
        self.holds_after = 0
        """After how many files it waits for ``go``."""

    def fetch(self, address: str, model_name: str, staging: DownloadStaging) -> None:  # noqa: ARG002
        self.fetched.append(model_name)
        if self.error is not None:
            raise self.error
        for number, file in enumerate(staging.missing):
            if number >= self.holds_after:
                while not self.go.wait(0.01):
                    staging.arriving(1)
            staging.receive(file, [CONTENT[file.sha256]])
            self.received.append(file.path)


class Parts:
    """Pulls with a slow source and a clock of the test's own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 0.0
        self.source = SlowSource()
        self.pulls = self.new()

    def new(self, *, offline: bool = False) -> ModelPulls:
        store = ModelStore(self.root, sources={"slow": lambda: self.source}, catalogue={"toy": TOY, "other": OTHER})
        return ModelPulls(store, offline=offline, clock=lambda: self.now)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path / "models")
    yield made
    made.source.go.set()
    made.pulls.close()


def test_who_needs_a_missing_model_hears_how_far_it_is(parts: Parts) -> None:
    """The first use begins the pull and does not wait; once the model is here, nothing is raised."""
    with pytest.raises(ModelArriving, match=r"Being pulled: toy \(0 of 0 MB\)") as arriving:
        parts.pulls.require(["toy"])
    assert 2 <= arriving.value.retry_after_seconds <= 60
    assert arriving.value.retryable
    assert "toy" in arriving.value.for_callers()
    parts.source.go.set()
    wait_until(lambda: parts.pulls.state(["toy"]) is None)
    parts.pulls.require(["toy"])
    assert (parts.root / "toy/model.bin").read_bytes() == WEIGHTS


def test_many_first_uses_pull_once(parts: Parts) -> None:
    """Also those that wait for it."""
    parts.source.go.set()
    with ThreadPoolExecutor(8) as pool:
        for waiting in [pool.submit(parts.pulls.obtain, ["toy", "other"]) for _ in range(8)]:
            waiting.result(WAIT_SECONDS)
    assert sorted(parts.source.fetched) == ["other", "toy"]


def test_what_is_here_is_not_pulled(parts: Parts) -> None:
    """And nothing begins before it is needed."""
    put(parts.root / "other", {"other.bin": b"other"})
    parts.pulls.require(["other"])
    state = parts.pulls.state(["toy", "other"])
    assert isinstance(state, ModelArriving)
    assert state.message == "Not here yet, and pulled at the first use: toy (0 MB)."
    assert parts.source.fetched == []


def test_a_pull_that_failed_is_named_and_tried_again_after_a_minute(parts: Parts) -> None:
    """Until then nothing is sent; the hint has the command for all that is missing."""
    parts.source.error = SourceFailed("The network is away.")
    with pytest.raises(ModelMissing, match="The network is away") as failed:
        parts.pulls.obtain(["toy"])
    assert not isinstance(failed.value, ModelArriving)
    assert "sayso models pull toy" in (failed.value.hint or "")
    parts.source.error = None
    parts.source.go.set()
    parts.now = 59.0
    with pytest.raises(ModelMissing, match="The network is away"):
        parts.pulls.obtain(["toy"])
    parts.now = 60.0
    parts.pulls.obtain(["toy"])
    assert parts.source.fetched == ["toy", "toy"]


def test_an_interrupted_pull_goes_on(parts: Parts) -> None:
    """What arrived before the process ended is not transferred again."""
    parts.source.holds_after = 1
    with pytest.raises(ModelArriving):
        parts.pulls.require(["toy"])
    wait_until(lambda: parts.source.received == ["model.bin"])
    parts.pulls.close()
    with pytest.raises(Cancelled):
        parts.pulls.obtain(["toy"])
    parts.source.go.set()
    parts.pulls = parts.new()
    parts.pulls.obtain(["toy"])
    assert parts.source.received == ["model.bin", "config.json"]


def test_offline_nothing_is_asked(parts: Parts) -> None:
    """The reason says so."""
    pulls = parts.new(offline=True)
    with pytest.raises(ModelMissing, match="the network is not to be used"):
        pulls.obtain(["toy"])
    assert parts.source.fetched == []


def test_a_hint_names_everything_that_is_missing(parts: Parts) -> None:
    """Not one model after the other."""
    store = ModelStore(parts.root, sources={}, catalogue={"toy": TOY, "other": OTHER})
    put(parts.root / "toy", {"model.bin": WEIGHTS})
    with pytest.raises(ModelMissing) as missing:
        store.paths("toy", "other")
    assert missing.value.hint == "Run: sayso models pull toy other"
