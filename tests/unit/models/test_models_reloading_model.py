"""A watched model against every order of publications, file replacements, faults, looks and requests."""

from __future__ import annotations

import gc
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from structlog.testing import capture_logs

from sayso.errors import ModelCorrupt, ModelMissing
from sayso.models import ModelDescription, WatchedModel

QUIET_SECONDS = 10.0
FILES = ("weights", "words")
MANIFEST = "manifest"


class Pair:
    """A model of two files, which must be of one version."""

    def __init__(self, parts: tuple[str, ...]) -> None:
        self.parts = parts
        self.is_retired = False


class PairOpener:
    """Opens both files; those of two versions, and a damaged one, are found out when the model is tried."""

    memory_factor = 1.0

    def is_set(self, directory: Path) -> bool:
        return (directory / MANIFEST).exists()

    def require_complete(self, directory: Path) -> None:
        self.open(directory)

    def open(self, directory: Path) -> Pair:
        try:
            return Pair(tuple((directory / name).read_text() for name in FILES))
        except FileNotFoundError as error:
            raise ModelMissing(f"It lacks {error.filename}.") from error

    def prepare(self, model: Pair, _previous: Pair) -> None:
        if len(set(model.parts)) != 1 or "damaged" in model.parts:
            raise ModelCorrupt("It is corrupt.")

    def retire(self, model: Pair) -> None:
        model.is_retired = True

    def describe(self, model: Pair) -> ModelDescription:
        return ModelDescription(name="pair", version="", fingerprint=model.parts[0])


class Reloading(RuleBasedStateMachine):
    """The model in memory is always a whole and sound one, and in the end that of the directory if that is sound."""

    @initialize()
    def begin(self) -> None:
        gc.freeze()  # a look collects garbage: let it look at what is made here only
        self.root = Path(tempfile.mkdtemp())
        self.link = self.root / "model"
        self.now = 0.0
        self.count = 0
        self.free_bytes = 2**40
        self.held: list[Any] = []
        self.publish(sound=True, manifest=True)
        self.watched = WatchedModel(
            "pair",
            self.link,
            PairOpener(),
            quiet_seconds=QUIET_SECONDS,
            clock=lambda: self.now,
            available_bytes=lambda: self.free_bytes,
        )
        self.watched.current()

    def teardown(self) -> None:
        if hasattr(self, "root"):
            self.settle()
            shutil.rmtree(self.root)
        gc.unfreeze()

    @rule(sound=strategies.booleans(), manifest=strategies.booleans())
    def publish(self, *, sound: bool, manifest: bool) -> None:
        """Another version, by a swap of the link."""
        self.count += 1
        directory = self.root / f"version-{self.count}"
        directory.mkdir()
        for name in FILES:
            (directory / name).write_text(str(self.count) if sound else "damaged")
        if manifest:
            (directory / MANIFEST).touch()
        beside = self.root / "beside"
        beside.symlink_to(directory)
        beside.rename(self.link)

    @rule(name=strategies.sampled_from(FILES), version=strategies.integers(1, 3))
    def replace_file(self, name: str, version: int) -> None:
        """One file of the directory that the link leads to."""
        beside = self.root / "file"
        beside.write_text(str(version))
        beside.rename(self.link.resolve() / name)

    @rule(name=strategies.sampled_from((*FILES, MANIFEST)))
    def remove_file(self, name: str) -> None:
        (self.link.resolve() / name).unlink(missing_ok=True)

    @rule(free_bytes=strategies.sampled_from([0, 2**40]))
    def have_memory(self, free_bytes: int) -> None:
        self.free_bytes = free_bytes

    @rule(seconds=strategies.sampled_from([0.0, 1.0, QUIET_SECONDS, 60.0]))
    def look(self, seconds: float) -> None:
        self.now += seconds
        with capture_logs():
            self.watched.look()

    @rule()
    def request(self) -> None:
        """One that keeps its model for long."""
        self.held.append(self.watched.current())

    @invariant()
    def what_serves_is_whole(self) -> None:
        model = self.watched.current()
        assert len(set(model.parts)) == 1
        assert "damaged" not in model.parts
        assert not model.is_retired

    def settle(self) -> None:
        """With memory and without changes, a sound directory is what serves; another one has a reason."""
        self.free_bytes = 2**40
        self.look(60.0)
        self.look(60.0)
        self.look(60.0)
        status = self.watched.status()
        try:
            found = PairOpener().open(self.link.resolve())
            PairOpener().prepare(found, found)
        except (ModelCorrupt, ModelMissing):
            assert status.problem is not None
        else:
            assert self.watched.current().parts == found.parts
            assert status.problem is None


TestReloading = Reloading.TestCase
TestReloading.settings = settings(max_examples=60, stateful_step_count=25)
