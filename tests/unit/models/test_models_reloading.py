"""A model whose directory changes while it serves: the new one takes its place, or the old one stays."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from sayso.errors import InvalidInput, ModelCorrupt, ModelMissing, ModelReplaced
from sayso.models import ModelDescription, ModelWatcher, WatchedModel
from sayso.models.folder import state_of
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUIET_SECONDS = 30.0
FILE = "weights.txt"
MANIFEST = "manifest"


class Model:
    """What a file says."""

    def __init__(self, says: str) -> None:
        self.says = says
        self.is_prepared = self.is_retired = False


class Opener:
    """Opens the file of a directory; what it says decides how that ends."""

    memory_factor = 2.0

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.during: Callable[[], None] = lambda: None

    def is_set(self, directory: Path) -> bool:
        return (directory / MANIFEST).exists()

    def require_complete(self, directory: Path) -> None:
        if not (directory / FILE).exists():
            raise ModelMissing(f"{directory} lacks {FILE}.")

    def open(self, directory: Path) -> Model:
        self.require_complete(directory)
        self.opened.append((directory / FILE).read_text())
        return Model(self.opened[-1])

    def prepare(self, model: Model, previous: Model) -> None:
        assert not previous.is_retired
        self.during()
        if model.says in ERRORS:
            raise ERRORS[model.says]
        model.is_prepared = True

    def retire(self, model: Model) -> None:
        model.is_retired = True

    def describe(self, model: Model) -> ModelDescription:
        return ModelDescription(name=FILE, version="", fingerprint=model.says)


ERRORS: dict[str, Exception] = {
    "corrupt": ModelCorrupt("It is corrupt."),
    "unusable": InvalidInput("It lacks a voice."),
    "stale": OSError(errno.ESTALE, "Stale file handle"),
    "large": MemoryError("too large"),
    "odd": RuntimeError("something odd"),
}


class Place:
    """A directory with a model, and its watched model."""

    def __init__(self, tmp_path: Path) -> None:
        self.link = tmp_path / "model"
        self.versions = tmp_path / "versions"
        self.now = 1000.0
        self.free_bytes = 2**40
        self.results: list[str] = []
        self.opener = Opener()
        self.watched = WatchedModel(
            "engine",
            self.link,
            self.opener,
            quiet_seconds=QUIET_SECONDS,
            on_reload=self.results.append,
            clock=lambda: self.now,
            available_bytes=lambda: self.free_bytes,
        )

    def publish(self, says: str, *, version: str, manifest: bool = True) -> None:
        """A version, to which the link is swapped, as model sync does it."""
        directory = self.versions / version
        directory.mkdir(parents=True)
        (directory / FILE).write_text(says)
        if manifest:
            (directory / MANIFEST).touch()
        beside = self.link.with_name("beside")
        beside.symlink_to(directory)
        beside.rename(self.link)

    def replace_file(self, says: str) -> None:
        """One file, by a rename."""
        beside = self.link / ".new"
        beside.write_text(says)
        beside.rename(self.link / FILE)

    def look(self, *, after: float = 0.0) -> None:
        self.now += after
        self.watched.look()

    @property
    def problem(self) -> str | None:
        return self.watched.status().problem


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def serving(place: Place) -> Place:
    """One whose first version, with a manifest, serves."""
    place.publish("first", version="1")
    assert place.watched.current().says == "first"
    return place


def test_it_is_opened_once_by_the_first_request(place: Place) -> None:
    with pytest.raises(ModelMissing, match="no directory"):
        place.watched.current()
    with pytest.raises(ModelMissing):
        place.watched.require_found()
    place.publish("first", version="1")
    place.watched.require_found()
    assert place.opener.opened == []
    assert place.watched.status().description is None
    assert place.watched.current() is place.watched.current()
    assert place.opener.opened == ["first"]


def test_nothing_is_opened_before_a_request(place: Place) -> None:
    place.publish("first", version="1")
    place.look()
    assert place.opener.opened == []


def test_a_swapped_set_takes_the_place_at_once(serving: Place) -> None:
    """The new model is ready before a request gets it, and the old one is left to its users."""
    old = serving.watched.current()
    serving.publish("second", version="2")
    serving.look()
    new = serving.watched.current()
    assert (new.says, new.is_prepared, old.is_retired) == ("second", True, True)
    status = serving.watched.status()
    assert (status.replacements, status.problem, serving.results) == (1, None, ["loaded"])
    assert status.description == ModelDescription(name=FILE, version="", fingerprint="second")


def test_an_unchanged_directory_is_left_alone(serving: Place) -> None:
    for _ in range(3):
        serving.look(after=QUIET_SECONDS)
    assert serving.opener.opened == ["first"]


def test_files_without_a_manifest_wait_until_they_are_quiet(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.publish("first", version="1", manifest=False)
    place.watched.current()
    place.replace_file("second")
    place.look()
    place.look(after=QUIET_SECONDS - 1)
    assert place.watched.current().says == "first"
    place.replace_file("third")
    place.look(after=1)
    place.look(after=QUIET_SECONDS - 1)
    assert place.watched.current().says == "first"
    place.look(after=1)
    assert place.watched.current().says == "third"
    assert place.opener.opened == ["first", "third"]


def test_a_directory_that_is_put_back_as_it_was_is_no_change(serving: Place) -> None:
    serving.publish("corrupt", version="2")
    serving.look()
    assert serving.problem is not None
    beside = serving.link.with_name("beside")
    beside.symlink_to(serving.versions / "1")
    beside.rename(serving.link)
    serving.look()
    assert serving.watched.status().problem is None
    assert serving.opener.opened == ["first", "corrupt"]


@pytest.mark.parametrize("says", ["corrupt", "unusable", "odd"])
def test_a_model_that_cannot_be_used_leaves_the_old_one(serving: Place, says: str) -> None:
    """It is logged and counted once, shown, and tried again only when the directory changes."""
    serving.publish(says, version="2")
    with capture_logs() as logs:
        for _ in range(3):
            serving.look(after=1000)
    assert serving.watched.current().says == "first"
    assert not serving.watched.current().is_retired
    assert serving.opener.opened == ["first", says]
    assert serving.results == ["rejected"]
    assert [entry["event"] for entry in logs].count("the new model is not used") == 1
    assert "not used" in (serving.problem or "")
    serving.publish("better", version="3")
    serving.look()
    assert (serving.watched.current().says, serving.problem) == ("better", None)


@pytest.mark.parametrize("says", ["stale", "large"])
def test_what_may_pass_is_tried_again(serving: Place, says: str) -> None:
    """A file handle that NFS calls stale, or memory that is short: after a minute."""
    serving.publish(says, version="2")
    serving.look()
    serving.look(after=59)
    assert serving.opener.opened == ["first", says]
    serving.look(after=1)
    assert serving.opener.opened == ["first", says, says]
    assert serving.results == ["rejected"]


def test_without_memory_for_both_the_old_one_stays(serving: Place) -> None:
    serving.publish("second", version="2")
    serving.free_bytes = 2**20
    serving.look()
    assert "MiB" in (serving.problem or "")
    assert serving.opener.opened == ["first"]
    serving.free_bytes = 2**40
    serving.look(after=60)
    assert serving.watched.current().says == "second"


def test_an_incomplete_directory_leaves_the_old_one(serving: Place) -> None:
    serving.publish("second", version="2")
    (serving.versions / "2" / FILE).unlink()
    serving.look()
    assert "lacks" in (serving.problem or "")
    (serving.versions / "2" / FILE).write_text("third")
    serving.look()
    assert serving.watched.current().says == "third"


def test_a_directory_that_is_gone_leaves_the_old_one(serving: Place) -> None:
    serving.link.unlink()
    serving.look()
    assert "cannot be read" in (serving.problem or "")
    assert serving.watched.current().says == "first"
    serving.publish("second", version="2")
    serving.look()
    assert serving.watched.current().says == "second"


def test_a_change_while_it_is_loaded_is_not_served(serving: Place) -> None:
    """What was loaded is dropped, and the next look loads what is there then."""
    serving.publish("second", version="2")
    serving.opener.during = lambda: serving.publish("third", version=f"3-{len(serving.opener.opened)}")
    serving.look()
    assert serving.watched.current().says == "first"
    serving.opener.during = lambda: None
    serving.look()
    assert serving.watched.current().says == "third"


def test_files_that_change_under_the_loader_are_looked_at_again(serving: Place) -> None:
    def replaced() -> None:
        raise ModelReplaced("It was replaced.")

    serving.publish("second", version="2")
    serving.opener.during = replaced
    serving.look()
    assert (serving.watched.current().says, serving.results) == ("first", [])
    serving.opener.during = lambda: None
    serving.look()
    assert serving.watched.current().says == "second"


def test_a_model_that_is_not_in_memory_is_opened_again(serving: Place) -> None:
    """Its files are gone: a request gets what is there now, and only the first that asks opens it."""
    stale = serving.watched.current()
    serving.publish("second", version="2")
    opened = serving.watched.reopened(stale)
    assert opened.says == "second"
    assert serving.watched.reopened(stale) is opened
    serving.look()
    assert serving.watched.current() is opened
    assert serving.opener.opened == ["first", "second"]


def test_a_replaced_model_leaves_the_memory_with_its_last_user(serving: Place) -> None:
    """Also one in a cycle of references."""
    old = serving.watched.current()
    old.myself = old  # type: ignore[attr-defined]
    gc.disable()
    try:
        serving.publish("second", version="2")
        serving.look()
        with capture_logs() as logs:
            serving.look()
            assert "a replaced model has left the memory" not in [entry["event"] for entry in logs]
            del old
            serving.look()
            assert "a replaced model has left the memory" in [entry["event"] for entry in logs]
    finally:
        gc.enable()


def test_a_watcher_replaces_it_and_ends(serving: Place) -> None:
    watcher = ModelWatcher([serving.watched], interval_seconds=0.01)
    watcher.start()
    serving.publish("second", version="2")
    wait_until(lambda: serving.watched.current().says == "second")
    watcher.close()
    assert "model-watcher" not in [thread.name for thread in threading.enumerate()]


def test_a_watcher_goes_on_after_an_error(serving: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def broken() -> None:
        looks.append(1)
        raise RuntimeError("a defect")

    monkeypatch.setattr(serving.watched, "look", broken)
    watcher = ModelWatcher([serving.watched], interval_seconds=0.01)
    with capture_logs():
        watcher.start()
        wait_until(lambda: len(looks) > 1)
        watcher.close()


def test_the_state_of_a_directory_sees_every_replacement(tmp_path: Path) -> None:
    """A rename over a file with the same size and time, a file in a folder, another link; no hidden file."""
    folder = tmp_path / "model"
    (folder / "voices").mkdir(parents=True)
    (folder / FILE).write_text("same")
    states = [state_of(folder)]
    (folder / ".download").write_text("half")
    assert state_of(folder) == states[0]
    facts = (folder / FILE).stat()
    (folder / ".download").write_text("size")
    os.utime(folder / ".download", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    (folder / ".download").rename(folder / FILE)
    states.append(state_of(folder))
    (folder / "voices/one.bin").touch()
    states.append(state_of(folder))
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "link").symlink_to(folder)
    assert state_of(tmp_path / "link") == states[-1]
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(tmp_path / "copy")
    states.append(state_of(tmp_path / "link"))
    assert None not in states
    assert len({hash(state) for state in states}) == len(states)


def test_what_is_no_directory_has_no_state(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "hanging").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/hanging").symlink_to(tmp_path / "nowhere")
    for name in ("file", "circle", "hanging", "nowhere", "folder"):
        assert state_of(tmp_path / name) is None


def test_a_file_handle_that_nfs_calls_stale_gives_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).touch()
    real = type(tmp_path).stat

    def stale(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == FILE:
            raise OSError(errno.ESTALE, "Stale file handle")
        return real(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(type(tmp_path), "stat", stale)
    assert state_of(tmp_path) is None
